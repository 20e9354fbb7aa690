package catalog

// functionNote is what @fraiseql:mutation says.
type functionNote struct {
	name, description, deprecated string
	input, success, err           string
	context                       [][2]string // arguments of the function, and the names that they are asked for by; empty: the argument's
	commit                        bool
	requires                      []string
}

func readFunctionNote(a annotation) (functionNote, error) {
	var n functionNote
	m, err := parseMapping(a)
	if err != nil {
		return n, err
	}
	err = m.each([]string{
		"name", "description", "deprecated", "input_type", "success_type", "error_type", "context_params", "commit_on_error", "requires",
	}, func(k entry) (err error) {
		switch k.name {
		case "name":
			n.name, err = k.text()
		case "description":
			n.description, err = k.text()
		case "deprecated":
			n.deprecated, err = k.text()
		case "input_type":
			n.input, err = k.text()
		case "success_type":
			n.success, err = k.text()
		case "error_type":
			n.err, err = k.text()
		case "context_params":
			n.context, err = readContext(k)
		case "commit_on_error":
			n.commit, err = k.boolean()
		case "requires":
			n.requires, err = k.required()
		}
		return err
	})
	return n, err
}

// readContext reads `[auth_tenant_id]` or `{auth_tenant_id: app.tenant_id}`.
func readContext(k entry) ([][2]string, error) {
	var all [][2]string
	if k.form() != formMapping {
		names, err := k.names()
		for _, name := range names {
			all = append(all, [2]string{name})
		}
		return all, err
	}
	m, err := k.mapping("a list of arguments, or an object such as {auth_tenant_id: app.tenant_id}")
	if err != nil {
		return nil, err
	}
	err = m.each(nil, func(k entry) error {
		from, err := k.text()
		all = append(all, [2]string{k.name, from})
		return err
	})
	return all, err
}
