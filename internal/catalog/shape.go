package catalog

import "strings"

// readShape reads a shape whose objects are all alike.
func readShape(k entry) ([]fieldNote, error) {
	fields, err := readFields(k)
	for _, f := range fields {
		if strings.HasPrefix(f.name, "on ") {
			return nil, k.fault("has %q: the kinds of a row are told by @fraiseql:interface or @fraiseql:union, and `on` is for objects inside a document", f.name)
		}
	}
	return fields, err
}

func readFields(k entry) ([]fieldNote, error) {
	m, err := k.mapping("an object such as {id: ID!, name: String}")
	if err != nil {
		return nil, err
	}
	var fields []fieldNote
	err = m.each(nil, func(k entry) (err error) {
		f := fieldNote{name: k.name}
		switch k.form() {
		case formMapping:
			if strings.HasPrefix(k.name, "on ") {
				f.fields, err = readKinds(k)
				break
			}
			err = f.nest(k)
		case formList:
			var inner entry
			if inner, err = k.single(); err != nil {
				return err
			}
			if inner.form() == formMapping {
				f.list = true
				err = f.nest(inner)
				break
			}
			var elem string
			elem, err = inner.text()
			f.typ = "[" + elem + "]"
		default:
			f.typ, err = k.text()
		}
		fields = append(fields, f)
		return err
	})
	if err == nil && len(fields) == 0 {
		err = k.fault("is empty: name at least one field and its type")
	}
	return fields, err
}

// nest reads the shape of an object in a document.
func (f *fieldNote) nest(k entry) error {
	fields, err := readFields(k)
	for _, inner := range fields {
		key, is := strings.CutPrefix(inner.name, "on ")
		switch {
		case !is:
			f.fields = append(f.fields, inner)
		case f.on != "":
			return k.fault("has `on` twice: one key tells the kind of an object")
		default:
			f.on, f.kinds = strings.TrimSpace(key), inner.fields
		}
	}
	return err
}

// readKinds reads `on kind: {text: {body: String!}, line: {}}`.
func readKinds(k entry) ([]fieldNote, error) {
	const example = "the kinds and their own fields such as {text: {body: String!}, line: {}}"
	m, err := k.mapping(example)
	if err != nil {
		return nil, err
	}
	var kinds []fieldNote
	err = m.each(nil, func(k entry) (err error) {
		kind := fieldNote{name: k.name}
		fields, err := k.mapping(example)
		if err == nil && len(fields.pairs) > 0 {
			kind.fields, err = readShape(k)
		}
		kinds = append(kinds, kind)
		return err
	})
	if err == nil && len(kinds) == 0 {
		err = k.fault("is empty: name the kinds and their own fields")
	}
	return kinds, err
}
