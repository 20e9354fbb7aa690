package catalog

import (
	"fmt"
	"regexp"
	"strings"
)

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

// fieldKeys are what @fraiseql:field takes, in both of its forms.
var fieldKeys = keys[fieldNote]{
	{Key{
		Name: "name", Form: formOfName, Example: "name: headline",
		Meaning: "The field's name.",
		Default: "the column's in camel case: `created_at` is `createdAt`",
	}, into(func(f *fieldNote) *string { return &f.name }, entry.text)},
	{Key{
		Name: "type", Form: formOfType, Example: "type: ID!",
		Meaning: "The field's type: a scalar, an enum, a type of documents, or a list of one. `!` is never null.",
		Default: "what the column's type is in GraphQL, with `!` when the catalog proves that it holds no null",
	}, into(func(f *fieldNote) *string { return &f.typ }, entry.text)},
	{Key{
		Name: "description", Form: formOfText, Example: "description: As it is printed.",
		Meaning: "What the schema says of the field.",
		Default: "the text in front of the marker",
	}, into(func(f *fieldNote) *string { return &f.description }, entry.text)},
	{Key{
		Name: "deprecated", Form: formOfText, Example: "deprecated: use slug",
		Meaning: "Why the field should not be used any more, and what to use.",
		Default: "it is not deprecated",
	}, into(func(f *fieldNote) *string { return &f.deprecated }, entry.text)},
	{Key{
		Name: "requires", Form: formOfNames, Example: "requires: [editor, admin]",
		Meaning: "The role or scope that it takes to select the field, to filter or order by it, or to send it; of several, one is enough.",
		Default: "none",
	}, into(func(f *fieldNote) *[]string { return &f.requires }, entry.required)},
	{Key{
		Name: "collation", Form: formOfName, Example: "collation: de-x-icu",
		Meaning: "What the field, of type String, is sorted by.",
		Default: "the type's `collation`, otherwise the column's own",
	}, into(func(f *fieldNote) *string { return &f.collation }, entry.text)},
}

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
	err = fieldKeys.read(m, &f)
	return f, err
}

var nextKey = regexp.MustCompile(`[\s,]+(?:` + strings.Join(fieldKeys.names(), "|") + `)=`)

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
		name, after, ok := strings.Cut(rest, "=")
		if !ok || strings.ContainsAny(name, " \t\n") {
			return f, fmt.Errorf("line %d: %q is not key=value; the keys are %s", line, firstWord(rest), strings.Join(fieldKeys.names(), ", "))
		}
		known := fieldKeys.find(name)
		if known == nil {
			return f, unknownKey(line, name, fieldKeys.names())
		}
		if seen[name] {
			return f, fmt.Errorf("line %d: %s stands twice", line, name)
		}
		seen[name] = true
		// A text may hold spaces, so it reaches to the next key.
		value := after
		if at := nextKey.FindStringIndex(after); at != nil {
			value = after[:at[0]]
		}
		if known.Form != formOfText {
			if at := strings.IndexAny(value, " \t\r\n,"); at >= 0 {
				value = value[:at]
			}
		}
		rest = after[len(value):]
		if strings.TrimSpace(value) == "" {
			return f, fmt.Errorf("line %d: %s has no value", line, name)
		}
		if err := known.read(&f, textEntry(name, line, value)); err != nil {
			return f, err
		}
	}
}

func firstWord(text string) string {
	if at := strings.IndexAny(text, " \t\r\n"); at >= 0 {
		return text[:at]
	}
	return text
}
