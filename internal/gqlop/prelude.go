package gqlop

// prelude declares what every schema has without saying so: the built-in scalars, the
// directives that this server follows, and the types of introspection. It stands in for
// gqlparser's, which also declares @defer and locations that this edition does not know.
// Source: GraphQL specification, September 2025, sections 3.5, 3.13 and 4.2.
const prelude = `
"A whole number of 32 bits with a sign."
scalar Int
"A number of double precision (IEEE 754)."
scalar Float
"Text in UTF-8."
scalar String
"true or false."
scalar Boolean
"An identifier. It is written as a string and read from a string or a whole number."
scalar ID

"Leaves the field or fragment out when the argument is true."
directive @skip("true leaves it out." if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
"Keeps the field or fragment only when the argument is true."
directive @include("false leaves it out." if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
"Says that a part of the schema should no longer be used."
directive @deprecated(
  "Why, and what to use in its place, in Markdown."
  reason: String! = "No longer supported"
) on FIELD_DEFINITION | ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION | ENUM_VALUE
"Names the document that specifies a custom scalar."
directive @specifiedBy("The document's address." url: String!) on SCALAR
"Asks for exactly one field of the input object, with a value other than null."
directive @oneOf on INPUT_OBJECT

"What a server can do: its types, its directives and its entry points."
type __Schema {
  description: String
  "All types."
  types: [__Type!]!
  "Where queries start."
  queryType: __Type!
  "Where mutations start; null when there are none."
  mutationType: __Type
  "Where subscriptions start; null when there are none."
  subscriptionType: __Type
  "All directives."
  directives: [__Directive!]!
}

"A named type, or a list or non-null type around another one. Which fields hold a value depends on kind."
type __Type {
  kind: __TypeKind!
  "Null for LIST and NON_NULL."
  name: String
  description: String
  "Of a SCALAR: the address of its specification."
  specifiedByURL: String
  "Of an OBJECT or INTERFACE."
  fields(includeDeprecated: Boolean! = false): [__Field!]
  "Of an OBJECT or INTERFACE."
  interfaces: [__Type!]
  "Of an INTERFACE or UNION."
  possibleTypes: [__Type!]
  "Of an ENUM."
  enumValues(includeDeprecated: Boolean! = false): [__EnumValue!]
  "Of an INPUT_OBJECT."
  inputFields(includeDeprecated: Boolean! = false): [__InputValue!]
  "Of a LIST or NON_NULL: the type inside."
  ofType: __Type
  "Of an INPUT_OBJECT: whether exactly one of its fields must be sent."
  isOneOf: Boolean
}

"The kinds of types."
enum __TypeKind {
  "A single value."
  SCALAR
  "A set of named fields."
  OBJECT
  "Fields that several objects share."
  INTERFACE
  "One of several objects."
  UNION
  "One of several names."
  ENUM
  "A set of named values to send."
  INPUT_OBJECT
  "Several values of another type."
  LIST
  "Another type without null."
  NON_NULL
}

"A field of an object or interface."
type __Field {
  name: String!
  description: String
  args(includeDeprecated: Boolean! = false): [__InputValue!]!
  type: __Type!
  isDeprecated: Boolean!
  deprecationReason: String
}

"An argument, or a field of an input object."
type __InputValue {
  name: String!
  description: String
  type: __Type!
  "The default as GraphQL writes it; null when there is none."
  defaultValue: String
  isDeprecated: Boolean!
  deprecationReason: String
}

"A value of an enum."
type __EnumValue {
  name: String!
  description: String
  isDeprecated: Boolean!
  deprecationReason: String
}

"A directive and the places where it may stand."
type __Directive {
  name: String!
  description: String
  isRepeatable: Boolean!
  locations: [__DirectiveLocation!]!
  args(includeDeprecated: Boolean! = false): [__InputValue!]!
}

"A place where a directive may stand."
enum __DirectiveLocation {
  "On a query."
  QUERY
  "On a mutation."
  MUTATION
  "On a subscription."
  SUBSCRIPTION
  "On a field of a selection."
  FIELD
  "On the definition of a fragment."
  FRAGMENT_DEFINITION
  "On the spread of a fragment."
  FRAGMENT_SPREAD
  "On an inline fragment."
  INLINE_FRAGMENT
  "On the definition of a variable."
  VARIABLE_DEFINITION
  "On the schema."
  SCHEMA
  "On a scalar."
  SCALAR
  "On an object."
  OBJECT
  "On the definition of a field."
  FIELD_DEFINITION
  "On the definition of an argument."
  ARGUMENT_DEFINITION
  "On an interface."
  INTERFACE
  "On a union."
  UNION
  "On an enum."
  ENUM
  "On a value of an enum."
  ENUM_VALUE
  "On an input object."
  INPUT_OBJECT
  "On a field of an input object."
  INPUT_FIELD_DEFINITION
}
`
