package schema

// Call is the database function behind a field of the mutation type.
type Call struct {
	Schema string
	Name   string
	Args   []CallArg // in the function's order
	Gives  Gives

	// JSON says that a Response or Entities come as JSON objects, and not as rows.
	JSON bool
	// Columns are what a row of the function has, by their database names; of a Response.
	Columns []string
	Many    bool // Entities, Objects or Values: a list of them

	// Entity is the type whose rows are read again by their key once the function has run: all that Entities give, and what
	// is about a Response. nil: there is none.
	Entity *Type
	Keys   []string // of Entities: where the key stands in what the function gives, in the order of the type's Key

	CommitOnError bool // a Response that is an Error is committed all the same
}

// Gives says what a function gives.
type Gives uint8

// What a function can give.
const (
	Response Gives = iota + 1 // a status with what belongs to it: the 8 or the 13 columns
	Entities                  // rows of a type that has a source
	Objects                   // values of a composite type, or JSON
	Values                    // scalars and enums
	Nothing
)

// CallArg is an argument of a function.
type CallArg struct {
	Name     string   // in the database; empty: it is only known by its place
	Type     string   // ready for SQL
	Context  []string // the names under which the request's settings and claims are asked for the value; nil: the client sends it
	Field    string   // what the client sends it as, an argument of the field, or with Inside a part of the argument input
	Inside   bool
	Document bool // it takes a JSON document in the database's names
	Optional bool // the function has a default for it
}

// Outcome is a place in the answer of a mutation whose function gives a [Response].
type Outcome uint8

// The places of such an answer.
const (
	OutcomeStatus   Outcome = iota + 1
	OutcomeMessage          // what the function tells people
	OutcomeID               // of the entity
	OutcomeUpdated          // the names of the fields that changed
	OutcomeCode             // of an Error: what HTTP would call it
	OutcomeErrors           // of an Error: one by one
	OutcomeCascade          // what else changed
	OutcomeEntity           // the entity
	OutcomeMetadata         // a key of the metadata, by the field's Key
)

// The labels by which a mutation's answer is one of the two objects of its union.
const (
	SuccessLabel = "success"
	ErrorLabel   = "error"
)
