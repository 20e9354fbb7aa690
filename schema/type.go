package schema

// Kind is the kind of a type. Source: GraphQL specification, section 4.5, "__TypeKind".
type Kind uint8

// The kinds of types.
const (
	Scalar Kind = iota + 1
	Object
	Enum
	Input
	Interface
	Union
)

// Type is a named type of the schema.
type Type struct {
	Kind        Kind
	Name        string
	Description string

	// Fields, in order, are what can be selected of an Object or an Interface, what can be sent of an Input, and of a Union,
	// all of them hidden, what its rows can be filtered and ordered by.
	Fields []*Field
	Values []EnumValue // of an Enum, in order

	SpecifiedBy string // of a Scalar: the address of its specification, or empty
	As          *Type  // of a Scalar declared in Go: the one that its values are in the database; nil for others
	// Parse, of a Scalar declared in Go, turns what a client sent into what the database holds, both as texts. The error says
	// what is accepted. nil: clients send what the database holds.
	Parse func(text string) (stored string, err error)
	// Serialize, of a Scalar declared in Go, turns what the database holds into what clients get, a string. nil: they get it
	// as it is.
	Serialize func(stored string) (text string, err error)
	// Numbers says of BigInt and Decimal that they are written as JSON numbers instead of strings.
	Numbers bool
	SQL     string // of a Scalar of an extension: its SQL type with the schema, as installed; empty: not installed
	Range   string // of an Object that stands for a range: the SQL type; its fields are the range's parts
	OneOf   bool   // of an Input: exactly one field must be sent
	// Chooses says of an Enum that its values name parts of a statement, so that a variable of it chooses the plan.
	Chooses bool

	Source *Source  // of a type whose rows come from the database; nil for values inside other values
	Key    []*Field // the fields that identify a row; empty when there are none
	Filter *Type    // of a type with a source: the input of where; nil when nothing can be filtered
	Order  *Type    // of a type with a source: the input of orderBy; nil when nothing can be ordered
	// Figures is, of a type to whose rows a list leads, the object of what is known of many of them: count, sum and so on.
	Figures *Type

	Interfaces []*Type     // of an Object: those that it implements
	Possible   []*Possible // of an Interface or a Union: the objects that a value of it can be
	Label      *Field      // of an Interface or a Union: what tells which of them a value is

	// Requires are roles and scopes, one of which a principal must have to read anything of the type, or to filter, order or
	// count by it. Empty: none is needed.
	Requires []string

	fields map[string]*Field
	values map[string]int
}

// Underlying is the type whose forms and operators a type's values have: of a Scalar declared in Go the one that it is in the
// database, of any other type itself.
func (t *Type) Underlying() *Type {
	if t.As != nil {
		return t.As
	}
	return t
}

// Field finds a field by its GraphQL name, or nil.
func (t *Type) Field(name string) *Field { return t.fields[name] }

// Value finds an enum value by its GraphQL name.
func (t *Type) Value(name string) (EnumValue, bool) {
	i, ok := t.values[name]
	if !ok {
		return EnumValue{}, false
	}
	return t.Values[i], true
}

// EnumValue is one value of an enum.
type EnumValue struct {
	Name        string
	Label       string // what PostgreSQL or Go calls it; mostly the same as Name
	Description string
	Deprecated  string // the reason; empty when not deprecated
}

// Field is what can be selected on an object, or sent in an input or as an argument.
type Field struct {
	Name        string
	Description string
	Deprecated  string // the reason; empty when not deprecated
	Type        *Ref
	Default     string   // of an input field or argument: a GraphQL literal; empty when there is none
	Args        []*Field // of an output field, in order

	// Where an output field's value comes from: exactly one of these is set.
	Column   *Column   // a native column of the parent's source
	Key      string    // a key of the parent's JSON document, or of the JSON object that the parent is; of an input, the database's name
	Relation *Relation // rows of another source, by key columns
	Batch    *Batch    // a Go function over all parents at once
	Root     *Root     // a field of the query type
	Measure  *Measure  // a value over many rows of a source
	Part     Part      // a part of a connection
	Outcome  Outcome   // a part of what a mutation gives; a Key beside it is one of the metadata, or of the same object made by Go
	Global   bool      // the global id: made of the type's name and its key

	// Requires are roles and scopes, one of which a principal must have to select the field, to filter or order by it, or to
	// have figures over it; of an input, to send it. Empty: none is needed.
	Requires []string

	NoFilter bool // left out of the type's filters
	NoOrder  bool // left out of the type's orders

	// Hidden says that clients are not told of the field. An input takes it all the same; of an
	// object only filters know it.
	Hidden bool
	Alias  string // of a Hidden field of an input: the field that it is another spelling of

	Collation string // what texts are sorted by, ready for SQL; empty: the database's own
	Tree      *Tree  // of a field that names a row which has a path; nil for others
}

// Arg finds an argument by name, or nil.
func (f *Field) Arg(name string) *Field {
	for _, a := range f.Args {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// Ref is a use of a type: a named type, or a list of another use, each nullable or not.
type Ref struct {
	Named   *Type
	Elem    *Ref // of a list; then Named is nil
	NonNull bool
}

// Of is a nullable use of a named type.
func Of(t *Type) *Ref { return &Ref{Named: t} }

// ListOf is a nullable list.
func ListOf(elem *Ref) *Ref { return &Ref{Elem: elem} }

// NonNull is the same use, without null.
func NonNull(r *Ref) *Ref { return &Ref{Named: r.Named, Elem: r.Elem, NonNull: true} }

// Base is the named type at the bottom.
func (r *Ref) Base() *Type {
	for r.Elem != nil {
		r = r.Elem
	}
	return r.Named
}

// String writes the use as SDL does: [Post!]!
func (r *Ref) String() string {
	s := ""
	if r.Elem != nil {
		s = "[" + r.Elem.String() + "]"
	} else {
		s = r.Named.Name
	}
	if r.NonNull {
		s += "!"
	}
	return s
}
