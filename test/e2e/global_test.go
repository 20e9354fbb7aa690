package e2e_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

const globals = feed + `
CREATE TABLE tb_seat (hall text, number int, PRIMARY KEY (hall, number), free bool NOT NULL);
INSERT INTO tb_seat VALUES ('a,"{}', 1, true), ('b', 1, false);
COMMENT ON TABLE tb_seat IS '@fraiseql:type
name: Seat';
CREATE TABLE tb_token (id uuid PRIMARY KEY, at timestamptz NOT NULL);
INSERT INTO tb_token VALUES ('123e4567-e89b-12d3-a456-426614174000', '2026-01-31 13:45:00+00');
COMMENT ON TABLE tb_token IS '@fraiseql:type
name: Token';
CREATE TABLE tb_slot (at timestamptz PRIMARY KEY, label text NOT NULL);
INSERT INTO tb_slot VALUES ('2026-01-31 13:45:00.5+00', 'noon');
COMMENT ON TABLE tb_slot IS '@fraiseql:type
name: Slot';
CREATE TABLE tb_hidden (id int PRIMARY KEY);
COMMENT ON TABLE tb_hidden IS '@fraiseql:type
name: Secret
queries: false';`

// ids asks for the global ids behind a path of one list.
func (s *site) globalIDs(t *testing.T, query string) []string {
	t.Helper()
	var data map[string][]struct{ NodeID string }
	if err := json.Unmarshal([]byte(s.Query(t, query, nil)), &data); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, list := range data {
		for _, row := range list {
			ids = append(ids, row.NodeID)
		}
	}
	if len(ids) == 0 {
		t.Fatalf("%s: no ids", query)
	}
	return ids
}

func TestGlobalNode(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{GlobalNode: "nodeId"}, globals)
	people, articles, links := s.globalIDs(t, `{persons {nodeId}}`), s.globalIDs(t, `{articles {nodeId}}`), s.globalIDs(t, `{links {nodeId}}`)
	seats, tokens, slots := s.globalIDs(t, `{seats {nodeId}}`), s.globalIDs(t, `{tokens {nodeId}}`), s.globalIDs(t, `{slots {nodeId}}`)
	const one = `query($id: ID!) {node(id: $id) {__typename nodeId ... on Person {name items(limit: 1) {id ... on Article {nodeId}}} ... on Article {title}
		... on Seat {hall number free} ... on Token {at} ... on Slot {label} ... on Item {shared: title} ... on Link {url person {nodeId}}}}`
	for _, c := range []struct{ id, want string }{
		{people[1], `{"__typename":"Person","nodeId":"` + people[1] + `","name":"Ben","items":[{"id":"2"}]}`},
		{articles[0], `{"__typename":"Article","nodeId":"` + articles[0] + `","title":"Joins","shared":"Joins"}`},
		{links[1], `{"__typename":"Link","nodeId":"` + links[1] + `","shared":"News","url":"https://example.com/news","person":{"nodeId":"` + people[0] + `"}}`},
		{seats[0], `{"__typename":"Seat","nodeId":"` + seats[0] + `","hall":"a,\"{}","number":1,"free":true}`},
		{tokens[0], `{"__typename":"Token","nodeId":"` + tokens[0] + `","at":"2026-01-31T13:45:00Z"}`},
		{slots[0], `{"__typename":"Slot","nodeId":"` + slots[0] + `","label":"noon"}`},
	} {
		apptest.Expect(t, c.want, s.Query(t, one, map[string]any{"id": c.id}), `{"node":`+c.want+`}`)
	}
	// Rows of several types come in one round trip, in the order of their ids.
	gone := s.globalIDs(t, `{seats(where: {hall: {eq: "b"}}) {nodeId}}`)[0]
	s.DB.Exec(t, `DELETE FROM tb_seat WHERE hall = 'b'`)
	ids := []string{articles[1], people[0], gone, seats[0], people[0]}
	const many = `query($ids: [ID!]!) {nodes(ids: $ids) {nodeId ... on Person {name} ... on Article {title}}}`
	apptest.Expect(t, "nodes", s.Query(t, many, map[string]any{"ids": ids}), `{"nodes":[{"nodeId":"`+articles[1]+`","title":"Locks"},{"nodeId":"`+people[0]+`","name":"Ada"},null,
		{"nodeId":"`+seats[0]+`"},{"nodeId":"`+people[0]+`","name":"Ada"}]}`)
	apptest.Expect(t, "a single id is a list of one", s.Query(t, many, map[string]any{"ids": people[0]}), `{"nodes":[{"nodeId":"`+people[0]+`","name":"Ada"}]}`)
	apptest.Expect(t, "none", s.Query(t, many, map[string]any{"ids": []string{}}), `{"nodes":[]}`)
	apptest.Expect(t, "literals, and variables among them", s.Query(t, `query($a: ID!) {nodes(ids: ["`+people[1]+`", $a]) {__typename} node(id: "`+articles[0]+`") {... on Article {title}} x: nodes(ids: [$a]) {... on Person {name}}}`,
		map[string]any{"a": people[0]}), `{"nodes":[{"__typename":"Person"},{"__typename":"Person"}],"node":{"title":"Joins"},"x":[{"name":"Ada"}]}`)
	apptest.Expect(t, "not there", s.Query(t, one, map[string]any{"id": gone}), `{"node":null}`)
	apptest.Expect(t, "nothing but the type, and not there", s.Query(t, `query($id: ID!) {node(id: $id) {__typename}}`, map[string]any{"id": gone}), `{"node":null}`)
	apptest.Expect(t, "in an interface", s.Query(t, `{items(limit: 2) {... on Node {nodeId}}}`, nil), `{"items":[{"nodeId":"`+articles[0]+`"},{"nodeId":"`+links[0]+`"}]}`)
	apptest.Expect(t, "in a connection", s.Query(t, `{personsConnection(first: 1) {nodes {nodeId}}}`, nil), `{"personsConnection":{"nodes":[{"nodeId":"`+people[0]+`"}]}}`)

	a := s.Send(t, `{n: __type(name: "Node") {kind fields {name type {kind ofType {name}}} possibleTypes {name}} p: __type(name: "Person") {interfaces {name}} l: __type(name: "Link") {interfaces {name}}}`, nil)
	apptest.Expect(t, "introspection", string(a.Data), `{"n":{"kind":"INTERFACE","fields":[{"name":"nodeId","type":{"kind":"NON_NULL","ofType":{"name":"ID"}}}],
		"possibleTypes":[{"name":"Article"},{"name":"Link"},{"name":"Note"},{"name":"Page"},{"name":"Person"},{"name":"Seat"},{"name":"Slot"},{"name":"Token"}]},
		"p":{"interfaces":[{"name":"Node"}]},"l":{"interfaces":[{"name":"Item"},{"name":"Node"}]}}`)
}

// TestGlobalNodeRefused: what is no global id is refused before any SQL.
func TestGlobalNodeRefused(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{GlobalNode: "nodeId", MaxPage: 3}, globals)
	id := s.globalIDs(t, `{persons {nodeId}}`)[0]
	raw, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)-5] ^= 1
	other := serve(t, fraiseql.Options{GlobalNode: "nodeId"}, `CREATE TABLE elsewhere (id int PRIMARY KEY); INSERT INTO elsewhere VALUES (1); COMMENT ON TABLE elsewhere IS '@fraiseql:type'`).globalIDs(t, `{elsewheres {nodeId}}`)[0]
	for name, c := range map[string]struct{ id, says string }{
		"not base64":     {"???", "not a global id"},
		"empty":          {"", "not a global id"},
		"cut":            {id[:len(id)-2], "not a global id"},
		"tampered":       {base64.RawURLEncoding.EncodeToString(raw), "not a global id"},
		"a plain key":    {"1", "not a global id"},
		"of another API": {other, "a type that this API does not have"},
	} {
		t.Run(name, func(t *testing.T) {
			quoted, _ := json.Marshal(c.id)
			for _, ask := range []struct {
				query     string
				variables any
			}{
				{`query($id: ID!) {node(id: $id) {__typename}}`, map[string]any{"id": c.id}},
				{`query($id: [ID!]!) {nodes(ids: $id) {__typename}}`, map[string]any{"id": []string{id, c.id}}},
				{`{nodes(ids: [` + string(quoted) + `]) {__typename}}`, nil},
			} {
				a := s.Counted(t, 0, 0, ask.query, ask.variables)
				if a.Code() != "BAD_USER_INPUT" || !strings.Contains(string(a.Body), c.says) {
					t.Errorf("%s: %s", ask.query, a.Body)
				}
			}
		})
	}
	a := s.Counted(t, 0, 0, `query($ids: [ID!]!) {nodes(ids: $ids) {nodeId}}`, map[string]any{"ids": []string{id, id, id, id}})
	mustContain(t, "too many", string(a.Body), "BAD_USER_INPUT", "4 ids: the maximum is 3")
	a = serve(t, fraiseql.Options{}, globals).Send(t, `{node(id: "x") {__typename}}`, nil)
	mustContain(t, "off by default", string(a.Body), "there is no field")
}
