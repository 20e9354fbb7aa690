package schema

// Declarations are what a developer says about an API, in Go or in comments, before any of it
// was compared with the database.
type Declarations struct {
	Title       string
	Description string
	Types       []TypeDecl
	Scalars     []ScalarDecl
	Enums       []EnumDecl
	Inputs      []InputDecl
	Queries     []QueryDecl
	Mutations   []MutationDecl
	Batches     []BatchDecl
}

// TypeDecl declares an object type.
type TypeDecl struct {
	Name        string
	Description string
	Origin      string // where it is declared, for messages: "Go type blog.User", "comment on view public.v_user"

	Source   string // "v_user" or "app.v_user"; empty for a shape inside documents or made by Go
	Document string // the document's column; empty: "data" when the source has such a JSON column; "none": columns only
	Fields   []FieldDecl
	Closed   bool     // only Fields are exposed; otherwise the source's columns are too
	Expose   []string // when not empty: only these, by GraphQL or database name
	Filters  []string // when not empty: only these may be filtered
	Key      []string // by GraphQL or database name; empty: primary key, else id, else none
	// Collation sorts the type's texts, where their field has none of its own: de-x-icu or app.german. Empty: the database's.
	Collation string
	NotNull   []string // columns declared to hold no null

	Queries  *QueryNames // the queries made for the type; nil: none
	Requires []string    // see [Type]

	Kind     Kind   // Interface or Union; else it is an Object
	Label    string // of an Interface or Union: the column or document key that tells which of the types a value is
	Possible []PossibleDecl
	Except   []string // columns and document keys that are not the type's, though its source has them
	// PartOf names the interface or union whose rows, those of some labels, are the type's. Source is then that one's.
	PartOf string
}

// PossibleDecl declares a type that a value of an interface or a union can be. A type that is PartOf it, or inside the same
// document, is read from the same row; any other one from its own source.
type PossibleDecl struct {
	Label  string // the value of the label
	Type   string // the object's name
	By     []Pair // to the row of its own source; empty: by the columns that are named as its key
	Origin string
}

// QueryNames names the queries made for a type; a nil pointer takes the default name, and a
// pointer to an empty string leaves the query out.
type QueryNames struct {
	One  *string // default: the type's name, lowerCamelCase
	List *string // default: its English plural
	// Connection, Aggregate and Groups are by default the list's name, or what it would be, with the word behind it.
	Connection *string
	Aggregate  *string
	Groups     *string
}

// FieldDecl declares a field of an object type.
type FieldDecl struct {
	Name        string // GraphQL name; empty: from SQLName
	SQLName     string // column or document key; empty: from Name
	Type        string // as SDL writes it: "String!", "[Post!]!"; empty: the column's own
	Description string
	Deprecated  string
	Key         bool
	By          []Pair // a relation: the field's type is the related object, as a list when Many
	// Beside names the fields beside a list of related objects, which give figures over them, groups and pages: its Connection,
	// Aggregate and Groups. A nil pointer takes the list's name with the word behind it where the objects' type has such a
	// query, a pointer to an empty string leaves the field out.
	Beside   QueryNames
	Requires []string // see [Field]
	Origin   string
}

// Pair is a pair of column names that join two sources.
type Pair struct{ Local, Remote string }

// ScalarDecl declares a scalar in Go. Parse and Serialize are those of [Type].
type ScalarDecl struct {
	Name        string
	Description string
	SpecifiedBy string // the address of its specification; empty: none
	As          string // the scalar that its values are in the database
	Origin      string
	Parse       func(text string) (stored string, err error)
	Serialize   func(stored string) (text string, err error)
}

// EnumDecl declares an enum in Go, or gives GraphQL names to a PostgreSQL enum's labels.
type EnumDecl struct {
	Name        string
	Description string
	Values      []EnumValue
	Origin      string
}

// InputDecl declares an input object.
type InputDecl struct {
	Name        string
	Description string
	OneOf       bool
	Fields      []ArgDecl
	Origin      string
}

// ArgDecl declares an argument or an input field.
type ArgDecl struct {
	Name        string
	Type        string // as SDL writes it
	Default     string // a GraphQL literal; empty: none
	Description string
	Deprecated  string
	Requires    []string // of an input's field: see [Field]
}

// QueryDecl declares a field of the query type.
type QueryDecl struct {
	Name        string
	Description string
	Deprecated  string
	Origin      string
	Kind        RootKind
	Type        string // Resolve: the result as SDL writes it; otherwise the object's name
	Args        []ArgDecl
	Resolver    Resolver
	Requires    []string // see [Field]
}

// MutationDecl declares a field of the mutation type: a function of the database or, with a Resolver, one in Go.
type MutationDecl struct {
	Name        string
	Description string
	Deprecated  string
	Origin      string

	Resolver Resolver
	Type     string    // with a Resolver: the result as SDL writes it
	Args     []ArgDecl // with a Resolver

	Function string // its name, with the schema where it needs one
	Input    string // the name of the input type; empty: made of the function's arguments
	Success  string // what the function gives, or the object that is made of it, as SDL writes it; empty: what it gives
	Error    string // the name of the object that an error is; empty: the field's with Error behind it

	CommitOnError bool
	ContextParams []string // arguments of the function that the request's own context gives
	Requires      []string // see [Field]
}

// BatchDecl declares a Go field on an object type.
type BatchDecl struct {
	On          string // the object's name
	Name        string
	Type        string // as SDL writes it
	Description string
	Origin      string
	Needs       []string // GraphQL names of the parent's own fields that the function reads
	Requires    []string // see [Field]
	Batch       Batch    // Needs is filled in when the schema is built
}
