package catalog

import (
	"cmp"
	"context"
	"regexp"
	"slices"

	"github.com/fraiseql/fraiseql-go/schema"
)

var collationWord = regexp.MustCompile(`collation[ \t]*[=:][ \t]*["']?([^\s"',}]+)`)

// Only those that fit the database's encoding can sort its texts.
const collationsSQL = `
SELECT c.collname::text, n.nspname::text
FROM pg_catalog.pg_collation AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.collnamespace
WHERE c.collname = ANY ($1::text[])
AND c.collencoding IN (-1, (SELECT encoding FROM pg_catalog.pg_database WHERE datname = current_database()))
ORDER BY n.nspname <> 'pg_catalog', n.nspname`

// readCollations looks up the collations that comments name, when there are any.
func (r *reader) readCollations(ctx context.Context, _ Options) error {
	r.f.Collations = map[string][]string{}
	var names []string
	add := func(comment string) {
		for _, found := range collationWord.FindAllStringSubmatch(comment, -1) {
			if _, name := splitName(found[1]); !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	for _, rel := range r.f.Relations {
		add(rel.Comment)
		for _, c := range rel.Columns {
			add(c.Comment)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return r.each(ctx, collationsSQL, []any{names}, func(scan func(...any) error) error {
		var name, in string
		err := scan(&name, &in)
		r.f.Collations[name] = append(r.f.Collations[name], in)
		return err
	})
}

// collation makes the collation that is declared for a field, or for all texts of its type, ready for SQL.
func (b *builder) collation(o *object, f *schema.Field, own, on string) string {
	name := cmp.Or(own, o.decl.Collation)
	if name == "" {
		return ""
	}
	if f.Type.Elem != nil || f.Type.Base().Name != "String" {
		if own != "" {
			b.report(o.fatal, on, "leave it out", "the collation %s sorts texts, and the field is %s", own, f.Type)
		}
		return ""
	}
	in, collation := splitName(name)
	schemas := b.f.Collations[collation]
	if in == "" {
		for _, s := range append([]string{"pg_catalog"}, b.f.Schemas...) {
			if in == "" && slices.Contains(schemas, s) {
				in = s
			}
		}
	}
	if !slices.Contains(schemas, in) {
		b.report(o.fatal, on, "name one of pg_collation, as in de-x-icu, or make it by CREATE COLLATION",
			"there is no collation %s for this database's encoding, so the database's own sorts the field", name)
		return ""
	}
	return quoteIdent(in) + "." + quoteIdent(collation)
}
