package catalog

// functionNote is what @fraiseql:mutation says.
type functionNote struct {
	name, description, deprecated string
	input, success, err           string
	context                       [][2]string // arguments of the function, and the names that they are asked for by; empty: the argument's
	commit                        bool
	requires                      []string
}

// functionKeys are what @fraiseql:mutation takes.
var functionKeys = keys[functionNote]{
	{Key{
		Name: "name", Form: formOfName, Example: "name: publish",
		Meaning: "The mutation's name.",
		Default: "the function's without `fn_`, in camel case: `fn_publish_post` is `publishPost`",
	}, into(func(n *functionNote) *string { return &n.name }, entry.text)},
	{Key{
		Name: "description", Form: formOfText, Example: "description: Shows a post to everybody.",
		Meaning: "What the schema says of the mutation.",
		Default: "the text in front of the marker",
	}, into(func(n *functionNote) *string { return &n.description }, entry.text)},
	{Key{
		Name: "deprecated", Form: formOfText, Example: "deprecated: use setStatus",
		Meaning: "Why the mutation should not be used any more, and what to use.",
		Default: "it is not deprecated",
	}, into(func(n *functionNote) *string { return &n.deprecated }, entry.text)},
	{Key{
		Name: "input_type", Form: formOfName, Example: "input_type: type_post_input",
		Meaning: "The composite type that describes the jsonb which the function takes.",
		Default: "the input of a jsonb is `JSON`",
	}, into(func(n *functionNote) *string { return &n.input }, entry.text)},
	{Key{
		Name: "success_type", Form: formOfName, Example: "success_type: Post",
		Meaning: "The type whose row a success has changed, or which the function returns.",
		Default: "what the function returns",
	}, into(func(n *functionNote) *string { return &n.success }, entry.text)},
	{Key{
		Name: "error_type", Form: formOfName, Example: "error_type: PostError",
		Meaning: "The name of the error's type, which several mutations may share. Of a function that returns jsonb it says that this is an answer with a status.",
		Default: "the mutation's name with `Error` behind it",
	}, into(func(n *functionNote) *string { return &n.err }, entry.text)},
	{Key{
		Name: "context_params", Form: "name, list of names, or mapping", Example: "context_params: {auth_tenant_id: org}",
		Meaning: "Arguments that the request's settings and claims give and that no client can choose, each under its own name or under that of the mapping.",
		Default: "clients send all arguments",
	}, into(func(n *functionNote) *[][2]string { return &n.context }, readContext)},
	{Key{
		Name: "commit_on_error", Form: formOfBoolean, Example: "commit_on_error: true",
		Meaning: "What the function did stays although it tells an error.",
		Default: "`false`: an error undoes it",
	}, into(func(n *functionNote) *bool { return &n.commit }, entry.boolean)},
	{Key{
		Name: "requires", Form: formOfNames, Example: "requires: editor",
		Meaning: "The role or scope that it takes to call the mutation; of several, one is enough.",
		Default: "none",
	}, into(func(n *functionNote) *[]string { return &n.requires }, entry.required)},
}

func readFunctionNote(a annotation) (functionNote, error) {
	var n functionNote
	m, err := parseMapping(a)
	if err != nil {
		return n, err
	}
	err = functionKeys.read(m, &n)
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
