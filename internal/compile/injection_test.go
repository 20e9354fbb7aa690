package compile_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/compile"
	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
)

// injectable are operations with a place for a text in each position where a client may write one: TEXT stands for a literal,
// NAME for an alias and the name of a variable.
func injectable() []string {
	return []string{
		`{ NAME: authors(where: {name: {eq: TEXT, neq: TEXT, contains: TEXT, icontains: TEXT, startsWith: TEXT, endsWith: TEXT, like: TEXT, ilike: TEXT, matches: TEXT, notMatches: TEXT, in: [TEXT, TEXT], nin: [TEXT]}}) { NAME: name } }`,
		`query NAME($NAME: String!) { authors(where: {OR: [{name: {eq: $NAME}}, {name: {contains: $NAME}}, {NOT: {name: {in: [$NAME]}}}]}) { id } }`,
		`query($NAME: AuthorWhereInput) { authors(where: $NAME) { id books(where: {title: {eq: TEXT}, tags: {contains: [TEXT], anyEq: TEXT}}) { NAME: title } } }`,
		`query($NAME: JSON!, $key: String!) { books(where: {meta: {contains: $NAME, containedBy: $NAME, hasKey: $key, hasAnyKeys: [$key, TEXT], pathExists: TEXT, pathMatch: TEXT}}) { meta } }`,
		`{ cards(where: {email: {eq: TEXT, istartsWith: TEXT}, address: {city: {eq: TEXT}}, tags: {overlaps: [TEXT]}}) { NAME: email address { NAME: city } } }`,
		`{ authors(where: {books: {some: {tags: {contains: [TEXT], anyEq: TEXT}}}}) { id } }`,
		`{ cards(where: {items: {every: {label: {notMatches: TEXT}}}}) { id } }`,
		`{ profiles(where: {name: {eq: TEXT}}) { name } }`,
		`{ things(where: {label: {imatches: TEXT}}) { label } }`,
		`{ things(where: {words: {matches: TEXT, plainQuery: TEXT, phraseQuery: TEXT, websearchQuery: TEXT}}) { id } }`,
		`{ author(id: TEXT) { id } }`,
		`{ authorsConnection(first: 3, after: CURSOR, orderBy: [{name: ASC}]) { NAME: nodes { name } edges { cursor } } }`,
		`query($NAME: String) { authorsConnection(first: 3, before: $NAME, orderBy: [{name: ASC}]) { nodes { NAME: name } totalCount } }`,
		`{ booksAggregate(where: {title: {matches: TEXT}}) { NAME: count } }`,
		`{ booksGroups(where: {title: {ilike: TEXT}}, by: [title]) { key { title } count } }`,
	}
}

// FuzzNoUserTextInSQL: whatever a client writes, the SQL is the one that a harmless text makes, to the byte. What it writes
// travels as parameters, or is refused.
func FuzzNoUserTextInSQL(f *testing.F) {
	for _, text := range []string{
		"x", "'", "''", `\'`, `"`, "`", "$1", "$$", "%s", "%'", "; DROP TABLE tb_author; --", "' OR '1'='1", "') UNION SELECT 1 --", "/* */", "\x00", "\u02bc", "\n--\n", "E'\\''",
		"$tag$", ":name", "?", "@", "U&'\\0027'", "{\"a\":\"'\"}", `{"'; --": {"'": ["'"]}}`, "pg_sleep(9)", "null", "\xff", strings.Repeat("'", 300),
	} {
		f.Add(text)
	}
	_, s := library(f)
	docs, c := documents(f, s), compile.New(s, 100, 0)
	cursor := cursorOf(f, docs, c)
	harmless := make([][]string, 0, len(injectable()))
	for _, operation := range injectable() {
		sql, err := rendered(docs, c, operation, "x", cursor)
		if err != nil || len(sql) == 0 {
			f.Fatalf("%s: %v", operation, err)
		}
		harmless = append(harmless, sql)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for i, operation := range injectable() {
			sql, err := rendered(docs, c, operation, text, cursor)
			if err != nil {
				for _, e := range fault.Of(err) {
					if e.Code == fault.Internal || e.Code == fault.DatabaseError {
						t.Errorf("%q in %s: %v", text, operation, e)
					}
				}
				continue
			}
			if got, want := strings.Join(sql, "\n"), strings.Join(harmless[i], "\n"); got != want {
				t.Errorf("%q in %s makes other SQL:\n%s\nthan a harmless text:\n%s", text, operation, got, want)
			}
		}
	})
}

// rendered puts a text into an operation, and gives the SQL of its statements.
func rendered(docs *gqlop.Documents, c *compile.Compiler, operation, text string, cursor func(string) string) ([]string, error) {
	literal, err := json.Marshal(strings.ToValidUTF8(text, "?")) // a JSON string is one of GraphQL too
	if err != nil {
		return nil, err
	}
	name := "n" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '_'
	}, text)
	quoted := string(literal)
	forged, err := json.Marshal(cursor(text))
	if err != nil {
		return nil, err
	}
	var value string
	switch {
	case strings.Contains(operation, "$NAME: AuthorWhereInput"):
		value = `{"AND": [{"name": {"eq": ` + quoted + `}}, {"name": {"in": [` + quoted + `]}}]}`
	case strings.Contains(operation, "$NAME: JSON"):
		value = `{` + quoted + `: [` + quoted + `, {` + quoted + `: ` + quoted + `}]}`
	case strings.Contains(operation, "before: $NAME"):
		value = string(forged)
	default:
		value = quoted
	}
	variables := `{"` + name + `": ` + value + `, "key": ` + quoted + `}`
	if strings.Contains(operation, "author(id: TEXT)") && text == "x" { // only a UUID is taken there; all else is to be refused
		quoted = `"123e4567-e89b-12d3-a456-426614174000"`
	}
	query := strings.NewReplacer("TEXT", quoted, "NAME", name, "CURSOR", string(forged)).Replace(operation)
	bound, err := bind(docs, c, query, variables)
	if err != nil {
		return nil, err
	}
	var sql []string
	for _, root := range bound.Roots {
		for _, stmt := range []*compile.Statement{root.Facts, root.Statement} {
			if stmt == nil {
				continue
			}
			sql = append(sql, stmt.SQL)
			if _, err := bound.Params(stmt, nil); err != nil {
				return nil, err
			}
		}
	}
	return sql, nil
}

// cursorOf gives a function that makes the cursor of a row whose name is a text. There is no secret in a cursor, so everybody
// can make one.
func cursorOf(t testing.TB, docs *gqlop.Documents, c *compile.Compiler) func(string) string {
	t.Helper()
	bound, err := bind(docs, c, `{ authorsConnection(first: 1, orderBy: [{name: ASC}]) { edges { cursor } } }`, `{}`)
	if err != nil {
		t.Fatal(err)
	}
	return func(name string) string {
		return string(bound.Roots[0].Page.AppendCursor(nil, [][]byte{[]byte(name), []byte("123e4567-e89b-12d3-a456-426614174000")}))
	}
}
