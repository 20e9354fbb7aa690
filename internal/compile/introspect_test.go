package compile

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/schema"
)

// mirrorSDL has each kind of type; schemas of this project have no interfaces or unions yet.
const mirrorSDL = `
"What it is."
schema { query: Root mutation: Change }
type Root { node(id: ID!, old: Int @deprecated(reason: "Too old."), by: By = {at: [A, B], name: "a\"b", n: 1.5, on: true, none: null}): Node any: [Any!]! }
type Change { touch: Root }
"Has an id."
interface Node { "The id." id: ID! }
interface Named implements Node { id: ID! name: String @deprecated }
type Cat implements Node & Named { id: ID! name: String lives: [[Int!]]! }
type Dog implements Node { id: ID! }
union Any = Cat | Dog
enum At { "First." A B @deprecated(reason: "") }
input By { at: [At!] name: String = "x" n: Float on: Boolean none: Int old: Int = 3 @deprecated }
input One @oneOf { a: Int b: Int }
scalar Any2 @specifiedBy(url: "https://example.com/any")
directive @mark(text: String = "t", old: Int @deprecated) repeatable on FIELD | QUERY
`

// reflected answers the only field of a query by introspection of the schema.
func reflected(t *testing.T, s *ast.Schema, text string) string {
	t.Helper()
	doc, err := parser.ParseQuery(&ast.Source{Input: text})
	if err != nil {
		t.Fatal(err)
	}
	if faults := validator.ValidateWithRules(s, doc, nil); len(faults) > 0 {
		t.Fatal(faults)
	}
	b := &builder{}
	fields, err := b.collect(nil, doc.Operations[0].SelectionSet)
	if err != nil {
		t.Fatal(err)
	}
	return string(introspection(s, fields[0], []byte("…"))[len("…"):])
}

func TestIntrospection(t *testing.T) {
	t.Parallel()
	s, err := validator.LoadSchema(validator.Prelude, &ast.Source{Input: mirrorSDL})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ query, want string }{
		"schema": {
			`{ __schema { __typename description q: queryType { name } mutationType { name } subscriptionType { name } } }`,
			`{"__typename":"__Schema","description":"What it is.","q":{"name":"Root"},"mutationType":{"name":"Change"},"subscriptionType":null}`,
		},
		"no such type": {`{ __type(name: "Nothing") { name } }`, `null`},
		"object": {
			`{ __type(name: "Cat") { __typename kind name description interfaces { name } possibleTypes { name } enumValues { name } inputFields { name } ofType { name } isOneOf specifiedByURL } }`,
			`{"__typename":"__Type","kind":"OBJECT","name":"Cat","description":null,"interfaces":[{"name":"Node"},{"name":"Named"}],"possibleTypes":null,"enumValues":null,"inputFields":null,"ofType":null,"isOneOf":null,"specifiedByURL":null}`,
		},
		"fields": {
			`{ __type(name: "Named") { fields { name } all: fields(includeDeprecated: true) { __typename name description isDeprecated deprecationReason args { name } } } }`,
			`{"fields":[{"name":"id"}],"all":[{"__typename":"__Field","name":"id","description":null,"isDeprecated":false,"deprecationReason":null,"args":[]},{"__typename":"__Field","name":"name","description":null,"isDeprecated":true,"deprecationReason":"No longer supported","args":[]}]}`,
		},
		"the root lists no introspection": {`{ __type(name: "Root") { fields { name } } }`, `{"fields":[{"name":"node"},{"name":"any"}]}`},
		"wrapped types": {
			`{ __type(name: "Cat") { fields { name type { kind name fields { name } ofType { kind ofType { kind ofType { kind ofType { kind name ofType { kind } } } } } } } } }`,
			`{"fields":[{"name":"id","type":{"kind":"NON_NULL","name":null,"fields":null,"ofType":{"kind":"SCALAR","ofType":null}}},` +
				`{"name":"name","type":{"kind":"SCALAR","name":"String","fields":null,"ofType":null}},` +
				`{"name":"lives","type":{"kind":"NON_NULL","name":null,"fields":null,"ofType":{"kind":"LIST","ofType":{"kind":"LIST","ofType":{"kind":"NON_NULL","ofType":{"kind":"SCALAR","name":"Int","ofType":null}}}}}}]}`,
		},
		"arguments": {
			`{ __type(name: "Root") { fields { args { name } all: args(includeDeprecated: true) { __typename name defaultValue isDeprecated deprecationReason type { kind } } } } }`,
			`{"fields":[{"args":[{"name":"id"},{"name":"by"}],"all":[{"__typename":"__InputValue","name":"id","defaultValue":null,"isDeprecated":false,"deprecationReason":null,"type":{"kind":"NON_NULL"}},` +
				`{"__typename":"__InputValue","name":"old","defaultValue":null,"isDeprecated":true,"deprecationReason":"Too old.","type":{"kind":"SCALAR"}},` +
				`{"__typename":"__InputValue","name":"by","defaultValue":"{at: [A, B], name: \"a\\\"b\", n: 1.5, on: true, none: null}","isDeprecated":false,"deprecationReason":null,"type":{"kind":"INPUT_OBJECT"}}]},{"args":[],"all":[]}]}`,
		},
		"interface": {
			`{ __type(name: "Node") { kind description interfaces { name } possibleTypes { name } fields { description } } }`,
			`{"kind":"INTERFACE","description":"Has an id.","interfaces":[],"possibleTypes":[{"name":"Cat"},{"name":"Dog"}],"fields":[{"description":"The id."}]}`,
		},
		"an interface of an interface": {`{ __type(name: "Named") { interfaces { name } possibleTypes { name } } }`, `{"interfaces":[{"name":"Node"}],"possibleTypes":[{"name":"Cat"}]}`},
		"union": {
			`{ __type(name: "Any") { kind fields { name } interfaces { name } possibleTypes { name } } }`,
			`{"kind":"UNION","fields":null,"interfaces":null,"possibleTypes":[{"name":"Cat"},{"name":"Dog"}]}`,
		},
		"enum": {
			`{ __type(name: "At") { kind enumValues { name } all: enumValues(includeDeprecated: true) { __typename name description isDeprecated deprecationReason } } }`,
			`{"kind":"ENUM","enumValues":[{"name":"A"}],"all":[{"__typename":"__EnumValue","name":"A","description":"First.","isDeprecated":false,"deprecationReason":null},{"__typename":"__EnumValue","name":"B","description":null,"isDeprecated":true,"deprecationReason":""}]}`,
		},
		"input": {
			`{ __type(name: "By") { kind isOneOf inputFields { name defaultValue } all: inputFields(includeDeprecated: true) { name defaultValue isDeprecated } } }`,
			`{"kind":"INPUT_OBJECT","isOneOf":false,"inputFields":[{"name":"at","defaultValue":null},{"name":"name","defaultValue":"\"x\""},{"name":"n","defaultValue":null},{"name":"on","defaultValue":null},{"name":"none","defaultValue":null}],` +
				`"all":[{"name":"at","defaultValue":null,"isDeprecated":false},{"name":"name","defaultValue":"\"x\"","isDeprecated":false},{"name":"n","defaultValue":null,"isDeprecated":false},{"name":"on","defaultValue":null,"isDeprecated":false},{"name":"none","defaultValue":null,"isDeprecated":false},{"name":"old","defaultValue":"3","isDeprecated":true}]}`,
		},
		"one of":         {`{ __type(name: "One") { isOneOf } }`, `{"isOneOf":true}`},
		"scalar":         {`{ __type(name: "Any2") { kind specifiedByURL fields { name } } }`, `{"kind":"SCALAR","specifiedByURL":"https://example.com/any","fields":null}`},
		"a plain scalar": {`{ __type(name: "Int") { specifiedByURL isOneOf } }`, `{"specifiedByURL":null,"isOneOf":null}`},
		"merged and by fragment": {
			`{ __type(name: "At") { enumValues { name } ...F ... @include(if: false) { kind } } } fragment F on __Type { enumValues { description } }`,
			`{"enumValues":[{"name":"A","description":"First."}]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := reflected(t, s, c.query); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
	t.Run("directives", func(t *testing.T) {
		t.Parallel()
		got := reflected(t, s, `{ __schema { directives { __typename name description isRepeatable locations args { name } all: args(includeDeprecated: true) { name defaultValue } } } }`)
		want := `{"__typename":"__Directive","name":"mark","description":null,"isRepeatable":true,"locations":["FIELD","QUERY"],"args":[{"name":"text"}],"all":[{"name":"text","defaultValue":"\"t\""},{"name":"old","defaultValue":null}]}`
		if !strings.Contains(got, want) {
			t.Errorf("got %s\nwant a part %s", got, want)
		}
	})
}

// TestIntrospectionWhole compares the answer to the query that clients send to learn a schema
// with testdata/introspection.json.
func TestIntrospectionWhole(t *testing.T) {
	t.Parallel()
	scalars := schema.Scalars(false)
	text, whole := schema.Of(scalars["String"]), schema.Of(scalars["Int"])
	color := &schema.Type{Kind: schema.Enum, Name: "Color", Values: []schema.EnumValue{{Name: "RED"}, {Name: "BLUE", Deprecated: "Out of stock."}}}
	pick := &schema.Type{Kind: schema.Input, Name: "Pick", OneOf: true, Fields: []*schema.Field{{Name: "id", Type: schema.Of(scalars["ID"])}, {Name: "color", Type: schema.Of(color)}}}
	query := &schema.Type{Kind: schema.Object, Name: "Query", Fields: []*schema.Field{{
		Name: "cars", Description: "All \"cars\".", Type: schema.NonNull(schema.ListOf(schema.NonNull(text))),
		Args: []*schema.Field{{Name: "pick", Type: schema.Of(pick)}, {Name: "limit", Type: whole, Default: "10"}, {Name: "at", Type: schema.Of(scalars["UUID"]), Deprecated: "Use pick."}},
		Root: &schema.Root{Kind: schema.Resolve},
	}}}
	s, err := schema.New("cars", "Cars.", query, nil)
	if err != nil {
		t.Fatal(err)
	}
	docs, err := gqlop.New(s, gqlop.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	op, err := docs.Read(&gqlop.Request{Query: wholeQuery})
	if err != nil {
		t.Fatal(err)
	}
	b := &builder{op: op}
	fields, err := b.collect(nil, op.Def.SelectionSet)
	if err != nil {
		t.Fatal(err)
	}
	answer := introspection(op.Schema, fields[0], nil)
	if again := introspection(op.Schema, fields[0], nil); !bytes.Equal(answer, again) {
		t.Error("the order of the answer changes")
	}
	var got bytes.Buffer
	if err := json.Indent(&got, answer, "", " "); err != nil {
		t.Fatal(err)
	}
	for _, absent := range []string{"defer", "DIRECTIVE_DEFINITION"} {
		if strings.Contains(got.String(), absent) {
			t.Errorf("it offers %s, which is not in the specification of September 2025", absent)
		}
	}
	golden := filepath.Join("testdata", "introspection.json")
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytes.TrimSpace(want), got.Bytes()) {
		t.Errorf("differs from %s; when that is meant, put this there:\n%s", golden, got.String())
	}
}

const wholeQuery = `query IntrospectionQuery { __schema { description queryType { name kind } mutationType { name kind } subscriptionType { name kind }
  types { ...FullType } directives { name description isRepeatable locations args(includeDeprecated: true) { ...InputValue } } } }
fragment FullType on __Type { kind name description specifiedByURL isOneOf
  fields(includeDeprecated: true) { name description args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason }
  inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef }
  enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } }
fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }`
