package e2e_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

type pick struct {
	fraiseql.OneOf
	ID    *fraiseql.ID
	Name  *string
	Range *pickRange
	Many  *[]pick
}

type pickRange struct {
	From int `default:"1"`
	To   *int
}

type pickArgs struct {
	By    *pick
	Count int                    `default:"7"`
	Note  fraiseql.Optional[int] // tells absent from null
	Grid  *[][]int
	ID    *fraiseql.ID
	Ratio *float64
}

const shades = `
CREATE TYPE shade AS ENUM ('light', 'dark');
CREATE TABLE tb_swatch (id int PRIMARY KEY, name text NOT NULL, age int NOT NULL, shade shade NOT NULL, tags text[] NOT NULL, on_sale bool NOT NULL, parent_id int);
INSERT INTO tb_swatch VALUES (1, 'a', 5, 'light', '{x}', true, NULL), (2, 'b', 10, 'dark', '{x,y}', false, 1);
COMMENT ON TABLE tb_swatch IS '@fraiseql:type
name: Swatch
relations: {parent: {to: Swatch, by: {parent_id: id}}}';`

// coercion serves a query that writes down what its resolver was given.
func coercion(t *testing.T, o fraiseql.Options) *site {
	t.Helper()
	o.Queries = []fraiseql.Query{fraiseql.Resolve("take", func(_ context.Context, a pickArgs) (string, error) {
		text, err := json.Marshal(a)
		return string(text), err
	})}
	return serve(t, o, shades)
}

// TestCoercion sends values that fit, and looks at what arrives.
// Source: GraphQL specification, September 2025, sections 3.5 to 3.12, "Input Coercion", and 6.1.2.
func TestCoercion(t *testing.T) {
	t.Parallel()
	s := coercion(t, fraiseql.Options{})
	type vars = map[string]any
	for name, c := range map[string]struct {
		query     string
		variables vars
		want      string // part of what the resolver got
	}{
		"nothing sent":                {`query($b: pick, $n: Int) {take(by: $b, note: $n)}`, nil, `{"By":null,"Count":7,"Note":{"Set":false,"Null":false,"Value":0},`},
		"null sent":                   {`query($b: pick, $n: Int) {take(by: $b, note: $n)}`, vars{"b": nil, "n": nil}, `{"By":null,"Count":7,"Note":{"Set":true,"Null":true,"Value":0},`},
		"a variable's default":        {`query($n: Int = 3) {take(note: $n)}`, nil, `"Note":{"Set":true,"Null":false,"Value":3}`},
		"null beats the default":      {`query($n: Int = 3) {take(note: $n)}`, vars{"n": nil}, `"Note":{"Set":true,"Null":true,"Value":0}`},
		"an argument's default":       {`query($c: Int) {take(count: $c)}`, nil, `"Count":7`},
		"a nullable one with default": {`query($c: Int = 2) {take(count: $c)}`, nil, `"Count":2`},
		"a default inside an input":   {`query($b: pick) {take(by: $b)}`, vars{"b": vars{"range": vars{"to": 9}}}, `"Range":{"From":1,"To":9}`},
		"one of":                      {`query($b: pick) {take(by: $b)}`, vars{"b": vars{"name": "x"}}, `"By":{"ID":null,"Name":"x","Range":null,"Many":null}`},
		"one of, as a literal":        {`query($n: String!) {take(by: {name: $n})}`, vars{"n": "x"}, `"Name":"x"`},
		"one of inside one of":        {`query($b: pick) {take(by: $b)}`, vars{"b": vars{"many": []any{vars{"id": 1}, vars{"name": "y"}}}}, `"Many":[{"ID":"1","Name":null,"Range":null,"Many":null},{"ID":null,"Name":"y","Range":null,"Many":null}]`},
		"a list of one input":         {`query($b: pick) {take(by: $b)}`, vars{"b": vars{"many": vars{"id": "1"}}}, `"Many":[{"ID":"1",`},
		"a list of one":               {`query($g: [[Int!]!]) {take(grid: $g)}`, vars{"g": 4}, `"Grid":[[4]]`},
		"a list of lists of one":      {`query($g: [[Int!]!]) {take(grid: $g)}`, vars{"g": []any{1, []any{2, 3}, 4}}, `"Grid":[[1],[2,3],[4]]`},
		"an ID of digits":             {`query($i: ID) {take(id: $i)}`, vars{"i": 12345678901234567}, `"ID":"12345678901234567"`},
		"an ID of letters":            {`query($i: ID) {take(id: $i)}`, vars{"i": "a"}, `"ID":"a"`},
		"a Float of digits":           {`query($r: Float) {take(ratio: $r)}`, vars{"r": 2}, `"Ratio":2`},
		"the ends of Int":             {`query($n: Int, $c: Int = 2147483647) {take(note: $n, count: $c)}`, vars{"n": -2147483648}, `"Count":2147483647,"Note":{"Set":true,"Null":false,"Value":-2147483648}`},
		"a whole number with a point": {`query($n: Int) {take(note: $n)}`, vars{"n": json.RawMessage("5.0")}, `"Value":5`},
		"a variable nobody declared":  {`query($n: Int) {take(note: $n)}`, vars{"n": 5, "more": vars{"x": 1}}, `"Value":5`},
		"an absent one in a list":     {`query($g: Int = 1) {take(grid: [[$g, 2]])}`, nil, `"Grid":[[1,2]]`},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.Send(t, c.query, c.variables)
			var data struct{ Take string }
			if err := json.Unmarshal(a.Data, &data); err != nil || !strings.Contains(data.Take, c.want) {
				t.Errorf("got %s\nwant a part %s", a.Body, c.want)
			}
		})
	}
	for name, c := range map[string]struct {
		query     string
		variables vars
		want      string
	}{
		"enum":                            {`query($s: Shade) {swatches(where: {shade: {eq: $s}}) {id}}`, vars{"s": "dark"}, `{"swatches":[{"id":"2"}]}`},
		"a list of one enum":              {`query($s: [Shade!]) {swatches(where: {shade: {in: $s}}) {id}}`, vars{"s": "dark"}, `{"swatches":[{"id":"2"}]}`},
		"nested input":                    {`query($w: SwatchWhereInput) {swatches(where: $w) {id}}`, vars{"w": vars{"parent": vars{"age": vars{"gte": 5}}, "OR": vars{"onSale": vars{"eq": false}}}}, `{"swatches":[{"id":"2"}]}`},
		"absent takes its condition away": {`query($a: Int) {swatches(where: {age: {gt: $a}}, orderBy: {id: ASC}) {id}}`, nil, `{"swatches":[{"id":"1"},{"id":"2"}]}`},
		"a default of an input":           {`query($w: SwatchWhereInput = {age: {gt: 5}}) {swatches(where: $w) {id}}`, nil, `{"swatches":[{"id":"2"}]}`},
	} {
		t.Run(name, func(t *testing.T) { apptest.Expect(t, c.query, s.Query(t, c.query, c.variables), c.want) })
	}
}

// TestCoercionRefused: what does not fit is refused with the place that it stands in, before any SQL.
func TestCoercionRefused(t *testing.T) {
	t.Parallel()
	s := coercion(t, fraiseql.Options{})
	type vars = map[string]any
	const where, by = `query($where: SwatchWhereInput) {swatches(where: $where) {id}}`, `query($b: pick) {take(by: $b)}`
	for name, c := range map[string]struct {
		query     string
		variables vars
		code      string
		says      []string
	}{
		"Int above its range":     {`query($n: Int) {take(note: $n)}`, vars{"n": 2147483648}, "BAD_USER_INPUT", []string{`variable "$n": Int cannot represent 2147483648`}},
		"Int with a fraction":     {`query($n: Int) {take(note: $n)}`, vars{"n": 1.5}, "BAD_USER_INPUT", []string{`"$n"`, "1.5"}},
		"Int as a text":           {`query($n: Int) {take(note: $n)}`, vars{"n": "1"}, "BAD_USER_INPUT", []string{`"1"`}},
		"Int as a truth":          {`query($n: Int) {take(note: $n)}`, vars{"n": true}, "BAD_USER_INPUT", []string{`true`}},
		"Int as a list":           {`query($n: Int) {take(note: $n)}`, vars{"n": []int{1}}, "BAD_USER_INPUT", []string{"Int is a single value"}},
		"Float as a text":         {`query($r: Float) {take(ratio: $r)}`, vars{"r": "2"}, "BAD_USER_INPUT", []string{`"$r"`, `"2"`}},
		"Float beyond its range":  {`query($r: Float) {take(ratio: $r)}`, vars{"r": json.RawMessage("1e999")}, "BAD_USER_INPUT", []string{"1e999"}},
		"Boolean as a number":     {`query($b: Boolean) {swatches(where: {onSale: {eq: $b}}) {id}}`, vars{"b": 1}, "BAD_USER_INPUT", []string{"send true or false"}},
		"ID with a fraction":      {`query($i: ID) {take(id: $i)}`, vars{"i": 1.5}, "BAD_USER_INPUT", []string{"ID cannot represent 1.5"}},
		"ID as a truth":           {`query($i: ID) {take(id: $i)}`, vars{"i": true}, "BAD_USER_INPUT", []string{"ID cannot represent true"}},
		"enum of another value":   {`query($s: Shade) {swatches(where: {shade: {eq: $s}}) {id}}`, vars{"s": "DARK"}, "BAD_USER_INPUT", []string{`"DARK" is not a value of the enum Shade`}},
		"enum as a number":        {`query($s: Shade) {swatches(where: {shade: {eq: $s}}) {id}}`, vars{"s": 1}, "BAD_USER_INPUT", []string{"1 is not a value of the enum Shade"}},
		"null in a list":          {where, vars{"where": vars{"age": vars{"in": []any{1, nil}}}}, "BAD_USER_INPUT", []string{`"$where.age.in[1]": null was sent where Int! is required`}},
		"deep in an input":        {where, vars{"where": vars{"age": vars{"gt": "x"}}}, "BAD_USER_INPUT", []string{`variable "$where.age.gt": Int cannot represent "x"`}},
		"deeper":                  {where, vars{"where": vars{"AND": []any{vars{}, vars{"parent": vars{"NOT": vars{"name": vars{"eq": 1}}}}}}}, "BAD_USER_INPUT", []string{`"$where.AND[1].parent.NOT.name.eq"`}},
		"an unknown key, near":    {where, vars{"where": vars{"aeg": vars{"gt": 1}}}, "BAD_USER_INPUT", []string{`"$where": SwatchWhereInput has no field "aeg"; did you mean "AND" or "age"?`}},
		"an unknown operator":     {where, vars{"where": vars{"age": vars{"gtee": 1}}}, "BAD_USER_INPUT", []string{`"$where.age": IntFilter has no field "gtee"; did you mean "gte"`}},
		"an unknown key, far":     {where, vars{"where": vars{"quantity": vars{"gt": 1}}}, "BAD_USER_INPUT", []string{`has no field "quantity"; it has AND, OR, NOT, id,`}},
		"a value for an object":   {where, vars{"where": 5}, "BAD_USER_INPUT", []string{`"$where": SwatchWhereInput is an object, but 5 was sent`}},
		"a list for an object":    {where, vars{"where": []any{vars{}}}, "BAD_USER_INPUT", []string{"is an object"}},
		"null for NonNull":        {`query($i: ID!) {swatch(id: $i) {id}}`, vars{"i": nil}, "BAD_USER_INPUT", []string{`"$i": null was sent where ID! is required`}},
		"nothing for NonNull":     {`query($i: ID!) {swatch(id: $i) {id}}`, vars{"I": 1}, "BAD_USER_INPUT", []string{`"$i" of the required type ID! was not sent`}},
		"null, with a default":    {`query($c: Int! = 5) {take(count: $c)}`, vars{"c": nil}, "BAD_USER_INPUT", []string{"null was sent"}},
		"null inside an input":    {by, vars{"b": vars{"range": vars{"from": nil}}}, "BAD_USER_INPUT", []string{`"$b.range.from": null was sent where Int! is required`}},
		"none of":                 {by, vars{"b": vars{}}, "BAD_USER_INPUT", []string{`"$b": pick takes exactly one field, but 0 were sent`}},
		"two of":                  {by, vars{"b": vars{"id": 1, "name": "x"}}, "BAD_USER_INPUT", []string{`"$b": pick takes exactly one field, but 2 were sent`}},
		"one of, null":            {by, vars{"b": vars{"id": nil}}, "BAD_USER_INPUT", []string{`"$b.id": null was sent where pick takes exactly one value`}},
		"one of and a null":       {by, vars{"b": vars{"id": 1, "name": nil}}, "BAD_USER_INPUT", []string{`"$b.name": null was sent`}},
		"two of, inside":          {by, vars{"b": vars{"many": []any{vars{"id": 1}, vars{"id": 1, "name": "x"}}}}, "BAD_USER_INPUT", []string{`"$b.many[1]": pick takes exactly one field, but 2 were sent`}},
		"literal: none of":        {`{take(by: {})}`, nil, "GRAPHQL_VALIDATION_FAILED", []string{"exactly one"}},
		"literal: two of":         {`{take(by: {id: 1, name: "x"})}`, nil, "GRAPHQL_VALIDATION_FAILED", []string{"exactly one"}},
		"literal: null":           {`{take(by: {id: null})}`, nil, "GRAPHQL_VALIDATION_FAILED", []string{"null"}},
		"literal: nullable":       {`query($n: String) {take(by: {name: $n})}`, vars{"n": "x"}, "GRAPHQL_VALIDATION_FAILED", []string{"declare it as", `String!`}},
		"literal: null, default":  {`query($n: String = "x") {take(by: {name: $n})}`, nil, "GRAPHQL_VALIDATION_FAILED", []string{"declare it as"}},
		"literal: unknown key":    {`{swatches(where: {aeg: {gt: 1}}) {id}}`, nil, "GRAPHQL_VALIDATION_FAILED", []string{`or \"age\"?`}},
		"a default that misfits":  {`query($n: Int = "x") {take(note: $n)}`, nil, "GRAPHQL_VALIDATION_FAILED", []string{"Int"}},
		"a default out of range":  {`query($n: Int = 3000000000) {take(note: $n)}`, nil, "GRAPHQL_VALIDATION_FAILED", []string{"32 bits"}},
		"a variable too wide":     {`query($n: Float) {take(note: $n)}`, vars{"n": 1}, "GRAPHQL_VALIDATION_FAILED", []string{"its place takes"}},
		"an object for variables": {`query($p: Swatch) {take(by: $p)}`, nil, "GRAPHQL_VALIDATION_FAILED", []string{"Swatch"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.Counted(t, 0, 0, c.query, c.variables)
			if a.Code() != c.code || a.Data != nil {
				t.Fatalf("%s: %s", c.query, a.Body)
			}
			text := string(a.Body)
			for _, part := range c.says {
				if !strings.Contains(a.Errors[0].Message, part) && !strings.Contains(text, part) {
					t.Errorf("%q is not in %s", part, text)
				}
			}
			if !strings.Contains(text, `"locations":[{"line":1`) {
				t.Errorf("no location: %s", text)
			}
		})
	}
	// Where null meets a place that has a default and takes none, the field is the one that fails.
	a := s.Counted(t, 0, 0, `query($c: Int = 5) {take(count: $c)}`, vars{"c": nil})
	apptest.Expect(t, "null for a default", string(a.Data), `{"take":null}`)
	mustContain(t, "null for a default", string(a.Body), `"path":["take"]`, "BAD_USER_INPUT", `\"$c\" is null where Int! is required`)
	deep := vars{}
	for range 70 {
		deep = vars{"NOT": deep}
	}
	mustContain(t, "deep", string(s.Counted(t, 0, 0, where, vars{"where": deep}).Body), "BAD_USER_INPUT", "nest deeper than 64")
	// What hides its schema names no fields.
	hidden := coercion(t, fraiseql.Options{NoIntrospection: true}).Send(t, where, vars{"where": vars{"aeg": vars{}}})
	if text := string(hidden.Body); hidden.Code() != "BAD_USER_INPUT" || strings.Contains(text, `\"age\"`) {
		t.Errorf("the schema is hidden, but: %s", text)
	}
}

// TestOneOfIsTold: clients see which inputs take exactly one field.
func TestOneOfIsTold(t *testing.T) {
	t.Parallel()
	s := coercion(t, fraiseql.Options{})
	a := s.Send(t, `{a: __type(name: "pick") {isOneOf} b: __type(name: "pickRange") {isOneOf} c: __type(name: "Swatch") {isOneOf}}`, nil)
	apptest.Expect(t, "isOneOf", string(a.Data), `{"a":{"isOneOf":true},"b":{"isOneOf":false},"c":{"isOneOf":null}}`)
	mustContain(t, "SDL", s.App.Schema(), "input pick @oneOf {")
}

type requiredPick struct {
	ID string
	fraiseql.OneOf
}

type pickedObject struct {
	fraiseql.OneOf
	ID string
}

func TestOneOfMisused(t *testing.T) {
	t.Parallel()
	_, err := fraiseql.New(fraiseql.Options{DatabaseURL: "postgres://localhost/x", Queries: []fraiseql.Query{
		fraiseql.Resolve("a", func(context.Context, struct{ By requiredPick }) (int, error) { return 0, nil }),
		fraiseql.Resolve("b", func(context.Context, pick) (int, error) { return 0, nil }),
		fraiseql.Resolve("c", func(context.Context, struct{}) (pickedObject, error) { return pickedObject{}, nil }),
	}})
	if err == nil {
		t.Fatal("it is taken")
	}
	mustContain(t, "faults", err.Error(), "requiredPick", "make it a pointer", "the arguments themselves cannot be fraiseql.OneOf", "fraiseql.OneOf is for inputs")
}
