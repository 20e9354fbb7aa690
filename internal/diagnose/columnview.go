package diagnose

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fraiseql/fraiseql-go/internal/catalog"
	"github.com/fraiseql/fraiseql-go/schema"
)

// columnView is a view as it were with a column for each key of the document that it makes.
type columnView struct {
	query  string         // the view's own SELECT
	sql    []string       // the statements that make it so
	schema *schema.Schema // what would be served then
	rest   bool           // nested objects stay in the document
}

// columnView writes the view of a type's rows with a column for each field that is a key of its document now. The API
// stays as it is, but for the order of its fields: that is checked by building it. When it cannot be done, why says the reason.
func (d *doctor) columnView(ctx context.Context, t *schema.Type, rel *catalog.Relation) (v *columnView, why string, err error) {
	var text string
	var options []string
	err = d.tx.QueryRow(ctx, `SELECT pg_catalog.pg_get_viewdef(oid), coalesce(reloptions, '{}') FROM pg_catalog.pg_class WHERE oid = $1`, rel.OID).Scan(&text, &options)
	if err != nil {
		return nil, "", err
	}
	text = strings.TrimSuffix(strings.TrimSpace(text), ";")
	q, err := readSelect(text)
	if err != nil {
		return nil, "the view's definition cannot be taken apart: " + err.Error(), nil
	}
	at := slices.IndexFunc(rel.Columns, func(c *catalog.Column) bool { return c.Name == t.Source.Document })
	if at < 0 || len(q.targets) != len(rel.Columns) {
		return nil, "the view's definition cannot be taken apart: its columns are not those that were expected", nil
	}
	pairs, err := readObject(q.targets[at])
	if err != nil {
		return nil, "the document is not made by the view itself: " + err.Error(), nil
	}
	values := map[string]string{}
	for _, p := range pairs {
		values[p.key] = p.value // of a key that stands twice, the last value is the one that is read
	}
	var all, flat []*schema.Field
	for _, f := range t.Fields {
		switch {
		case f.Column != nil || f.Key == "":
		case values[f.Key] == "":
			return nil, "the view does not make the key " + f.Key, nil
		case f.Type.Base().Kind == schema.Object && f.Type.Base().Range == "":
			all = append(all, f)
		default:
			all, flat = append(all, f), append(flat, f)
		}
	}
	for _, try := range []struct {
		fields  []*schema.Field
		comment string
	}{
		{all, ""},
		{all, shapeComment(rel.Comment, t)},
		{flat, ""},
	} {
		if len(try.fields) == 0 {
			continue
		}
		v := &columnView{query: q.with(columns(try.fields, values)), rest: len(try.fields) < len(all)}
		if v.schema, why, err = d.asIf(ctx, rel, v.query, try.comment); err != nil {
			return nil, "", err
		}
		if v.schema == nil {
			continue
		}
		with := ""
		if len(options) > 0 {
			with = " WITH (" + strings.Join(options, ", ") + ")"
		}
		v.sql = []string{"CREATE OR REPLACE VIEW " + qualified(rel.Schema, rel.Name) + with + " AS\n" + v.query + ";"}
		if try.comment != "" {
			v.sql = append(v.sql, "COMMENT ON VIEW "+qualified(rel.Schema, rel.Name)+" IS "+literal(try.comment)+";")
		}
		return v, "", nil
	}
	return nil, why, nil
}

func columns(fields []*schema.Field, values map[string]string) []string {
	all := make([]string, 0, len(fields))
	for _, f := range fields {
		all = append(all, values[f.Key]+" AS "+ident(f.Key))
	}
	return all
}

// asIf builds the schema that there would be if a view were another query under another comment. It is nil, and why says
// the reason, when clients would see a difference.
func (d *doctor) asIf(ctx context.Context, rel *catalog.Relation, query, comment string) (s *schema.Schema, why string, err error) {
	var described *pgconn.StatementDescription
	err = d.within(ctx, func(conn *pgx.Conn) error {
		var err error
		described, err = conn.PgConn().Prepare(ctx, "", query, nil)
		return err
	})
	var refused *pgconn.PgError
	switch {
	case errors.As(err, &refused):
		return nil, fmt.Sprintf("the role may not ask for it: %s (SQLSTATE %s)", refused.Message, refused.Code), nil
	case err != nil:
		return nil, "", err
	}
	changed := *rel
	changed.Columns = slices.Clone(rel.Columns)
	if comment != "" {
		changed.Comment = comment
	}
	for _, c := range described.Fields[len(rel.Columns):] {
		if slices.ContainsFunc(changed.Columns, func(known *catalog.Column) bool { return known.Name == c.Name }) {
			return nil, "a column " + c.Name + " is there already", nil
		}
		added := &catalog.Column{Name: c.Name, Type: c.DataTypeOID, Readable: true}
		for _, k := range slices.Concat(slices.Collect(maps.Values(rel.Document))...) {
			if k.Key == c.Name {
				added.Null = k.Null
			}
		}
		changed.Columns = append(changed.Columns, added)
	}
	facts := *d.facts
	facts.Relations = slices.Clone(d.facts.Relations)
	facts.Relations[slices.Index(facts.Relations, rel)] = &changed
	s, _, err = catalog.Build(&facts, schema.Declarations{}, d.o.Build)
	if err != nil {
		return nil, err.Error(), nil
	}
	if was, is := unordered(d.schema.SDL()), unordered(s.SDL()); was != is {
		return nil, "clients would see another schema: " + difference(was, is), nil
	}
	return s, "", nil
}

// unordered makes two schemas alike that differ in nothing but the order of fields.
func unordered(sdl string) string {
	blocks := strings.Split(sdl, "\n\n")
	for i, b := range blocks {
		lines := strings.Split(b, "\n")
		if len(lines) > 2 {
			slices.Sort(lines[1 : len(lines)-1]) // between the name and the brace
		}
		blocks[i] = strings.Join(lines, "\n")
	}
	return strings.Join(blocks, "\n\n")
}

// difference shows the first line that differs.
func difference(was, is string) string {
	a, b := strings.Split(was, "\n"), strings.Split(is, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("%q instead of %q", strings.TrimSpace(b[i]), strings.TrimSpace(a[i]))
		}
	}
	return "some types more or less"
}

var annotated = regexp.MustCompile(`@fraiseql:type`)

// shapeComment adds to a relation's comment the shape of its nested objects, which columns of JSON do not tell.
func shapeComment(comment string, t *schema.Type) string {
	if !annotated.MatchString(comment) {
		comment = strings.TrimSpace(comment + "\n@fraiseql:type")
	}
	var b strings.Builder
	b.WriteString(strings.TrimRight(comment, " \n\t"))
	b.WriteString("\nfields:\n")
	var notNull []string
	for _, f := range t.Fields {
		name := f.Key
		if f.Column != nil {
			name = f.Column.Name
		}
		if name == "" || f.Hidden {
			continue
		}
		b.WriteString("  " + yamlText(name) + ": " + shapeOf(f) + "\n")
		if f.Type.Base().Kind == schema.Object && f.Type.Base().Range == "" && f.Type.NonNull {
			notNull = append(notNull, yamlText(name))
		}
	}
	if len(notNull) > 0 {
		b.WriteString("not_null: [" + strings.Join(notNull, ", ") + "]\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

// shapeOf writes a field's type as an annotation does.
func shapeOf(f *schema.Field) string {
	base := f.Type.Base()
	if base.Kind != schema.Object || base.Range != "" {
		return yamlText(f.Type.String())
	}
	inner := make([]string, 0, len(base.Fields))
	for _, below := range base.Fields {
		inner = append(inner, yamlText(below.Key)+": "+shapeOf(below))
	}
	text := "{" + strings.Join(inner, ", ") + "}"
	if f.Type.Elem != nil {
		text = "[" + text + "]"
	}
	return text
}

var yamlPlain = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*!?$`)

func yamlText(text string) string {
	switch strings.ToLower(text) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return `"` + text + `"`
	}
	if yamlPlain.MatchString(text) {
		return text
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}
