package catalog

import (
	"slices"
	"strings"
)

// Facts is what pg_catalog says about the relations of some schemas, as the role that asked
// may see them.
type Facts struct {
	Schemas   []string         // in the order in which an unqualified name is looked for
	Missing   []string         // schemas that were asked for and do not exist
	Relations []*Relation      // by schema in the order of Schemas, then by name
	Types     map[uint32]*Type // by OID: all that the columns use, and what those are made of
	Functions []*Function      // those with an annotation, and those that declarations in Go name

	Constraints []Constraint // of tables and domains outside the system's own schemas

	Collations map[string][]string // of the names that comments ask for: the schemas that have one, pg_catalog first
}

// Relation is a table, view, materialized view or foreign table.
type Relation struct {
	OID         uint32
	Schema      string
	Name        string
	Kind        byte // as pg_class.relkind: r p v m f
	Inner       bool // known only because a view reads it; never served
	Usage       bool // the role may use the relation's schema
	Readable    bool // the role may select every column
	Comment     string
	Columns     []*Column
	PrimaryKey  []string // in the key's order
	ForeignKeys []ForeignKey

	// Document is the shape of a document that the view's rule makes in a way that can be read
	// off: by column, the keys and types of a jsonb_build_object.
	Document map[string][]DocumentKey
}

// Column is a column of a relation.
type Column struct {
	Name     string
	Type     uint32 // the OID of its type
	Null     Nullness
	Readable bool
	Comment  string
	Origin   Origin // for a view's column that is plainly a table's; zero: not known
}

// Origin is the column of a table that a view's column shows unchanged.
type Origin struct {
	Table  uint32
	Column string
}

// Nullness says what the catalog proves about null in a column.
type Nullness uint8

// What can be proven. Unknown is the zero value: nothing is.
const (
	Unknown Nullness = iota
	NotNull
	Nullable
)

// DocumentKey is a key of a document that a view makes.
type DocumentKey struct {
	Key  string
	Type uint32 // the value's type; 0: it cannot be known
	Null Nullness
	Keys []DocumentKey // of a nested object
	List bool          // Keys are those of each element of a list
}

// ForeignKey is a foreign key between two relations that are in the facts.
type ForeignKey struct {
	Columns       []string
	Table         uint32
	RemoteColumns []string
}

// Type is a data type.
type Type struct {
	OID        uint32
	Schema     string
	Name       string
	Kind       byte   // as pg_type.typtype: b c d e r m p
	Elem       uint32 // of a true array: the type of its elements
	Base       uint32 // of a domain: what it is made of, perhaps another domain
	NotNull    bool   // of a domain
	Ordered    bool   // has a default btree order
	Labels     []string
	Attributes []Attribute
	Comment    string
}

// Attribute is an attribute of a composite type.
type Attribute struct {
	Name    string
	Type    uint32
	Comment string
}

// Constraint is a constraint of a table or a domain, or a unique index.
type Constraint struct {
	Schema  string
	Table   string // or the domain
	Name    string
	Columns []string
	Text    string // its comment
}

// Function is a function that is annotated or declared.
type Function struct {
	Schema  string
	Name    string
	Comment string
	Kind    byte        // as pg_proc.prokind: f p a w
	Args    []Argument  // those that a call passes
	Returns uint32      // the OID of its type
	Set     bool        // it gives any number of rows
	Table   []Attribute // the columns of a function that RETURNS TABLE or has OUT arguments
	Usage   bool        // the role may use the function's schema
	Allowed bool        // the role may call it
}

// Argument is an argument of a function.
type Argument struct {
	Name     string // empty: it has none
	Type     uint32
	Optional bool // it has a default
	Variadic bool
}

// function finds functions by a name as declared: fn_create_user, app.fn_create_user. The second result lists the schemas that
// were searched.
func (f *Facts) function(name string) (found []*Function, searched []string) {
	searched = f.Schemas
	sch, fn := splitName(name)
	if sch != "" {
		searched = []string{sch}
	}
	for _, s := range searched {
		for _, candidate := range f.Functions {
			if candidate.Schema == s && candidate.Name == fn {
				found = append(found, candidate)
			}
		}
		if len(found) > 0 {
			break
		}
	}
	return found, searched
}

// relation finds a served relation by its name as declared: v_user, app.v_user or "My View".
// The second result lists the schemas that were searched.
func (f *Facts) relation(name string) (*Relation, []string) {
	searched := f.Schemas
	sch, rel := splitName(name)
	if sch != "" {
		searched = []string{sch}
	}
	for _, s := range searched {
		for _, r := range f.Relations {
			if r.Schema == s && r.Name == rel && !r.Inner {
				return r, searched
			}
		}
	}
	return nil, searched
}

// splitName takes a name as SQL writes it apart; the schema is empty when there is none.
func splitName(name string) (sch, rel string) {
	parts := make([]string, 1, 2)
	quoted := false
	for i := 0; i < len(name); i++ {
		last := len(parts) - 1
		switch ch := name[i]; {
		case ch == '"' && quoted && i+1 < len(name) && name[i+1] == '"':
			parts[last] += `"`
			i++
		case ch == '"':
			quoted = !quoted
		case ch == '.' && !quoted && last == 0:
			parts = append(parts, "")
		default:
			parts[last] += name[i : i+1] // a byte, perhaps of a letter that has several
		}
	}
	if len(parts) == 1 {
		return "", parts[0]
	}
	return parts[0], parts[1]
}

// base resolves domains; nil for a type that is not in the facts.
func (f *Facts) base(oid uint32) *Type {
	t := f.Types[oid]
	for depth := 0; t != nil && t.Kind == 'd' && depth < 32; depth++ {
		t = f.Types[t.Base]
	}
	return t
}

// sqlName writes a type for SQL, without modifiers.
func (f *Facts) sqlName(t *Type) string {
	if t == nil {
		return ""
	}
	if t.Elem != 0 {
		if elem := f.Types[t.Elem]; elem != nil {
			return f.sqlName(elem) + "[]"
		}
	}
	if t.Schema != "pg_catalog" {
		return quoteIdent(t.Schema) + "." + quoteIdent(t.Name)
	}
	// Unquoted, these two mean a length of one.
	if t.Name == "char" || t.Name == "bit" || !plainName(t.Name) {
		return quoteIdent(t.Name)
	}
	return t.Name
}

func plainName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_'
	})
}

func quoteIdent(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// column finds a column, or nil.
func (r *Relation) column(name string) *Column {
	i := slices.IndexFunc(r.Columns, func(c *Column) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return r.Columns[i]
}

// String names the relation as people do: view public.v_user.
func (r *Relation) String() string { return r.kind() + " " + r.qualified() }

func (r *Relation) qualified() string { return r.Schema + "." + r.Name }

func (r *Relation) kind() string {
	switch r.Kind {
	case 'v':
		return "view"
	case 'm':
		return "materialized view"
	case 'f':
		return "foreign table"
	}
	return "table"
}

// sql writes the relation's name for a statement that a cure shows.
func (r *Relation) sql() string { return ident(r.Schema) + "." + ident(r.Name) }

// ident quotes a name only where it must be.
func ident(name string) string {
	if plainName(name) && (name[0] < '0' || name[0] > '9') {
		return name
	}
	return quoteIdent(name)
}
