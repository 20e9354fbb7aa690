package catalog

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/fraiseql/fraiseql-go/schema"
)

// annotation is a comment taken apart.
type annotation struct {
	text string // before the marker: the description of an object without one
	kind string // type, field, mutation, …; empty when there is no marker
	body string // after the marker
	line int    // the comment's line on which body begins, from 1
}

var marker = regexp.MustCompile(`@fraiseql:([A-Za-z_]*)`)

func readComment(comment string) annotation {
	at := marker.FindStringSubmatchIndex(comment)
	if at == nil {
		return annotation{text: strings.TrimSpace(comment)}
	}
	return annotation{
		text: strings.TrimSpace(comment[:at[0]]),
		kind: cmp.Or(comment[at[2]:at[3]], "…"), // a marker without a word is one that nobody knows
		body: comment[at[1]:],
		line: 1 + strings.Count(comment[:at[1]], "\n"),
	}
}

// typeNote is what @fraiseql:type says.
type typeNote struct {
	name, description string
	expose, filters   []string
	document          string
	fields            []fieldNote
	key, notNull      []string
	relations         []relationNote
	one, list         *string
	connection        *string
	aggregate, groups *string
	requires          []string
	collation         string

	kind       schema.Kind // of the type: an object, an interface or a union
	typeColumn string
	types      []possibleNote
}

// fieldNote is a key of a document's shape, or what @fraiseql:field says of a column.
type fieldNote struct {
	name, typ, description string
	deprecated             string
	requires               []string
	collation              string
	fields                 []fieldNote // of a nested shape
	list                   bool        // the nested shape stands in a list
	on                     string      // of a nested shape: the key that tells which of kinds an object is; empty: all are alike
	kinds                  []fieldNote // by the key's value, each with the fields that are its own
}

type relationNote struct {
	name, to string
	by       [][2]string
	many     bool
	beside   schema.QueryNames
	requires []string
}

func readTypeNote(a annotation) (*typeNote, error) {
	m, err := parseMapping(a)
	if err != nil {
		return nil, err
	}
	n := &typeNote{kind: typeKinds[a.kind]}
	known := []string{
		"name", "description", "expose_fields", "filters", "document", "fields", "key", "not_null", "relations", "queries", "requires", "collation",
	}
	if n.kind != schema.Object {
		known = append(known, "type_column", "types")
	}
	err = m.each(known, func(k entry) (err error) {
		switch k.name {
		case "type_column":
			n.typeColumn, err = k.text()
		case "types":
			n.types, err = readPossible(k)
		case "name":
			n.name, err = k.text()
		case "description":
			n.description, err = k.text()
		case "expose_fields":
			n.expose, err = k.names()
		case "filters":
			n.filters, err = k.names()
		case "document":
			n.document, err = k.text()
		case "fields":
			n.fields, err = readShape(k)
		case "key":
			n.key, err = k.names()
		case "not_null":
			n.notNull, err = k.names()
		case "relations":
			n.relations, err = readRelations(k)
		case "queries":
			err = readQueries(k, n)
		case "requires":
			n.requires, err = k.required()
		case "collation":
			n.collation, err = k.text()
		}
		return err
	})
	return n, err
}

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

func readRelations(k entry) ([]relationNote, error) {
	m, err := k.mapping("an object such as {author: {to: User, by: {author_id: id}}}")
	if err != nil {
		return nil, err
	}
	var relations []relationNote
	err = m.each(nil, func(k entry) error {
		r := relationNote{name: k.name}
		m, err := k.mapping("an object such as {to: User, by: {author_id: id}}")
		if err != nil {
			return err
		}
		err = m.each([]string{"to", "by", "many", "connection", "aggregate", "groups", "requires"}, func(k entry) (err error) {
			switch k.name {
			case "to":
				r.to, err = k.text()
			case "by":
				r.by, err = readBy(k)
			case "many":
				r.many, err = k.boolean()
			case "requires":
				r.requires, err = k.required()
			case "connection":
				r.beside.Connection, err = k.beside(r.name + "Connection")
			case "aggregate":
				r.beside.Aggregate, err = k.beside(r.name + "Aggregate")
			case "groups":
				r.beside.Groups, err = k.beside(r.name + "Groups")
			}
			return err
		})
		if err == nil && r.to == "" {
			err = k.fault("has no `to`: name the type that it leads to")
		}
		relations = append(relations, r)
		return err
	})
	return relations, err
}

func readBy(k entry) (pairs [][2]string, err error) {
	by, err := k.mapping("local and remote columns such as {author_id: id}")
	if err != nil {
		return nil, err
	}
	err = by.each(nil, func(k entry) error {
		remote, err := k.text()
		pairs = append(pairs, [2]string{k.name, remote})
		return err
	})
	return pairs, err
}

func readQueries(k entry, n *typeNote) error {
	if k.form() == formFalse {
		none := ""
		n.one, n.list, n.connection, n.aggregate, n.groups = &none, &none, &none, &none, &none
		return nil
	}
	m, err := k.mapping("an object such as {one: user, list: users}, or false")
	if err != nil {
		return err
	}
	return m.each([]string{"one", "list", "connection", "aggregate", "groups"}, func(k entry) error {
		name, err := k.query()
		switch k.name {
		case "one":
			n.one = name
		case "list":
			n.list = name
		case "connection":
			n.connection = name
		case "aggregate":
			n.aggregate = name
		case "groups":
			n.groups = name
		}
		return err
	})
}

// query reads a query's name: nil is the default, the empty one leaves the query out.
func (k entry) query() (*string, error) {
	name := ""
	switch k.form() {
	case formFalse:
	case formTrue:
		return nil, nil
	default:
		var err error
		if name, err = k.text(); err == nil && name == "" {
			err = k.fault("is empty: write a name, or false to leave it out")
		}
		return &name, err
	}
	return &name, nil
}

// beside reads the name of a field beside a list of related rows: true is the usual name, false leaves the field out.
func (k entry) beside(usual string) (*string, error) {
	name, err := k.query()
	if name == nil && err == nil {
		usual = camel(usual)
		name = &usual
	}
	return name, err
}

var fieldKeys = []string{"name", "type", "description", "deprecated", "requires", "collation"}

var lineForm = regexp.MustCompile(`^[ \t]*[A-Za-z_]+=`)

// readFieldNote reads both forms: `type=Email! description=Where we write to` and YAML.
func readFieldNote(a annotation) (fieldNote, error) {
	if lineForm.MatchString(a.body) {
		return readFieldLine(a)
	}
	var f fieldNote
	m, err := parseMapping(a)
	if err != nil {
		return f, err
	}
	err = m.each(fieldKeys, func(k entry) (err error) {
		switch k.name {
		case "name":
			f.name, err = k.text()
		case "type":
			f.typ, err = k.text()
		case "description":
			f.description, err = k.text()
		case "deprecated":
			f.deprecated, err = k.text()
		case "requires":
			f.requires, err = k.required()
		case "collation":
			f.collation, err = k.text()
		}
		return err
	})
	return f, err
}

var nextKey = regexp.MustCompile(`[\s,]+(?:` + strings.Join(fieldKeys, "|") + `)=`)

func readFieldLine(a annotation) (fieldNote, error) {
	var f fieldNote
	rest := a.body
	seen := map[string]bool{}
	for {
		rest = strings.TrimLeft(rest, " \t\r\n,")
		if rest == "" {
			return f, nil
		}
		line := a.line + strings.Count(a.body[:len(a.body)-len(rest)], "\n")
		key, after, ok := strings.Cut(rest, "=")
		if !ok || strings.ContainsAny(key, " \t\n") {
			return f, fmt.Errorf("line %d: %q is not key=value; the keys are %s", line, firstWord(rest), strings.Join(fieldKeys, ", "))
		}
		if !slices.Contains(fieldKeys, key) {
			return f, unknownKey(line, key, fieldKeys)
		}
		if seen[key] {
			return f, fmt.Errorf("line %d: %s stands twice", line, key)
		}
		seen[key] = true
		// A text may hold spaces, so it reaches to the next key.
		value := after
		if at := nextKey.FindStringIndex(after); at != nil {
			value = after[:at[0]]
		}
		if key != "description" && key != "deprecated" {
			if at := strings.IndexAny(value, " \t\r\n,"); at >= 0 {
				value = value[:at]
			}
		}
		rest = after[len(value):]
		value = strings.TrimSpace(value)
		if value == "" {
			return f, fmt.Errorf("line %d: %s has no value", line, key)
		}
		switch key {
		case "name":
			f.name = value
		case "type":
			f.typ = value
		case "description":
			f.description = value
		case "deprecated":
			f.deprecated = value
		case "requires":
			f.requires = []string{value}
		case "collation":
			f.collation = value
		}
	}
}

func firstWord(text string) string {
	if at := strings.IndexAny(text, " \t\r\n"); at >= 0 {
		return text[:at]
	}
	return text
}

func unknownKey(line int, key string, known []string) error {
	hint := ""
	if near := nearest(key, known); near != "" {
		hint = "did you mean " + near + "? "
	}
	return fmt.Errorf("line %d: unknown key %q: %sthe keys are %s", line, key, hint, strings.Join(known, ", "))
}
