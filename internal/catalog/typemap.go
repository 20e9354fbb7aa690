package catalog

import (
	"slices"
	"strings"

	"github.com/fraiseql/fraiseql-go/schema"
)

// builtinNames are the types of pg_catalog that a scalar stands for.
func builtinNames() []string {
	return []string{
		"bool", "int2", "int4", "int8", "numeric", "float4", "float8", "text", "varchar", "bpchar", "name", "uuid", "date",
		"time", "timestamptz", "timestamp", "interval", "json", "jsonb", "bytea", "inet", "cidr", "macaddr", "macaddr8",
	}
}

// scalarsFor lists the scalars that a base type may be served as, the usual one first. A type
// that is served otherwise is left out on purpose where a filter of the scalar has no meaning
// for it: contains on a uuid, say.
func scalarsFor(t *Type) []string {
	if t == nil || t.Kind != 'b' || t.Elem != 0 {
		return nil
	}
	switch t.Name {
	case "citext":
		return []string{"String", "ID"}
	case "ltree":
		return []string{"LTreePath"}
	}
	if t.Schema != "pg_catalog" {
		return nil
	}
	switch t.Name {
	case "bool":
		return []string{"Boolean"}
	case "int2", "int4":
		return []string{"Int", "BigInt", "ID"}
	case "int8":
		return []string{"BigInt", "ID"}
	case "numeric":
		return []string{"Decimal"}
	case "float4", "float8":
		return []string{"Float"}
	case "text", "varchar", "bpchar", "name":
		return []string{"String", "ID"}
	case "uuid":
		return []string{"UUID", "ID"}
	case "date":
		return []string{"Date"}
	case "time":
		return []string{"Time"}
	case "timestamptz":
		return []string{"DateTime"}
	case "timestamp":
		return []string{"LocalDateTime"}
	case "interval":
		return []string{"Duration"}
	case "json", "jsonb":
		return []string{"JSON"}
	case "bytea":
		return []string{"Bytes"}
	case "inet":
		return []string{"IpAddress"}
	case "cidr":
		return []string{"CIDR"}
	case "macaddr", "macaddr8":
		return []string{"MacAddress"}
	}
	return nil
}

func isJSON(t *Type) bool { return slices.Contains(scalarsFor(t), "JSON") }

func isSearch(t *Type) bool { return t != nil && t.Schema == "pg_catalog" && t.Name == "tsvector" }

func isText(t *Type) bool { return slices.Contains(scalarsFor(t), "String") }

// usual gives the use of a type that a column is served as when nobody says otherwise, or the
// reason why there is none.
func (b *builder) usual(oid uint32) (*schema.Ref, string) {
	t := b.f.base(oid)
	switch {
	case t == nil:
		return nil, "its type is not known"
	case t.Elem != 0:
		elem, why := b.usual(t.Elem)
		if elem == nil {
			return nil, why
		}
		return schema.ListOf(elem), ""
	case t.Kind == 'e':
		enum, why := b.enumOf(t)
		if enum == nil {
			return nil, why
		}
		return schema.Of(enum), ""
	case t.Kind == 'c':
		object, why := b.compositeOf(t)
		if object == nil {
			return nil, why
		}
		return schema.Of(object), ""
	case t.Kind == 'r' && t.Schema == "pg_catalog":
		if of := b.rangeOf(t.Name); of != nil {
			return schema.Of(of), ""
		}
	}
	if names := scalarsFor(t); len(names) > 0 {
		return schema.Of(b.scalars[names[0]]), ""
	}
	return nil, "no GraphQL type stands for PostgreSQL's " + b.f.sqlName(t)
}

// fits tells whether a column of a type may be declared so, and otherwise what fits.
func (b *builder) fits(oid uint32, w *written, t *schema.Type) (ok bool, offer string) {
	base := b.f.base(oid)
	switch {
	case base == nil:
		return false, ""
	case isJSON(base):
		if w.elem != nil {
			return true, ""
		}
		return t.Name == "JSON" || t.Composite(), "JSON, a list, or a type without a source for an object"
	case base.Elem != 0:
		if w.elem == nil {
			_, offer = b.fits(base.Elem, &written{name: w.name}, t)
			return false, bracket(offer)
		}
		ok, offer = b.fits(base.Elem, w.elem, t)
		return ok, bracket(offer)
	case base.Kind == 'e':
		offer = pascal(base.Name)
		return w.elem == nil && t.Kind == schema.Enum && (b.enumByOID[base.OID] == t || sameLabels(t, base)), offer
	case base.Kind == 'c':
		offer = pascal(base.Name)
		return w.elem == nil && t.Kind == schema.Object && b.fitsComposite(base, t), offer
	}
	if base.Kind == 'r' {
		for _, row := range rangeTypes() {
			if base.Schema == "pg_catalog" && base.Name == row[1] {
				return w.elem == nil && t.Range == base.Name, row[0]
			}
		}
	}
	names := scalarsFor(base)
	if len(names) == 0 {
		return false, ""
	}
	offer = names[0]
	if len(names) > 1 {
		offer = strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
	}
	if w.elem != nil {
		return false, offer
	}
	if t.Kind == schema.Enum {
		return isText(base), offer
	}
	return slices.Contains(names, t.Underlying().Name), offer
}

// fitsComposite compares a declared shape with a composite type's attributes.
func (b *builder) fitsComposite(composite *Type, t *schema.Type) bool {
	if made := b.composites[composite.OID]; made == t {
		return true
	}
	o := b.objects[t.Name]
	if o == nil || o.decl.Source != "" {
		return false
	}
	for _, fd := range o.decl.Fields {
		sql := sqlNameOf(fd)
		i := slices.IndexFunc(composite.Attributes, func(a Attribute) bool { return a.Name == sql })
		if i < 0 {
			return false
		}
		w, err := parseType(fd.Type)
		if err != nil {
			return false
		}
		inner := b.lookup(w.base())
		if inner == nil {
			return false
		}
		if ok, _ := b.fits(composite.Attributes[i].Type, w, inner); !ok {
			return false
		}
	}
	return true
}

// sqlNameOf is the database's name for a declared field.
func sqlNameOf(fd schema.FieldDecl) string {
	if fd.SQLName != "" {
		return fd.SQLName
	}
	return snake(fd.Name)
}

func bracket(offer string) string {
	if offer == "" {
		return ""
	}
	return "a list of " + offer
}

func sameLabels(enum *schema.Type, t *Type) bool {
	if len(enum.Values) != len(t.Labels) {
		return false
	}
	for _, v := range enum.Values {
		if !slices.Contains(t.Labels, v.Label) {
			return false
		}
	}
	return true
}

// column freezes a column for statements.
func (b *builder) column(c *Column) *schema.Column {
	t := b.f.base(c.Type)
	out := &schema.Column{Name: c.Name, OID: c.Type, NotNull: c.Null == NotNull}
	if t != nil {
		out.Type, out.OID, out.Array = b.f.sqlName(t), t.OID, t.Elem != 0
		out.Ordered = t.Ordered
		out.Cast = t.Kind == 'e' && t.OID != c.Type
		if elem := b.f.base(t.Elem); elem != nil {
			out.Ordered = elem.Ordered
		}
	}
	return out
}
