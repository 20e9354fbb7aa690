package security_test

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// marker is in every payload: it must be in no statement.
const marker = "zq9owned"

// payloads end what a text stands in, and go on with SQL.
func payloads() []string {
	const harm = `DELETE FROM canary; UPDATE canary SET secret = '` + marker + `'`
	return []string{
		marker + `'; ` + harm + `; --`,
		marker + `''; ` + harm + `; --`,
		marker + `\'; ` + harm + `; --`,
		marker + `"; ` + harm + `; --`,
		marker + `$$; ` + harm + `; $$`,
		marker + `' OR '1'='1`,
		marker + `' UNION SELECT secret FROM canary --`,
		marker + `') ; ` + harm + `; --`,
		marker + `'::text || (SELECT secret FROM canary LIMIT 1) || '`,
		marker + `%' OR name LIKE '%`,
		marker + `*/ ; ` + harm + ` /*`,
		marker + "\n; " + harm + "; --",
		marker + `'||pg_sleep(30)||'`,
		marker + `$1::text; ` + harm,
		"\u02bc" + marker + "\uff07; " + harm,
		`{"` + marker + `": "'; ` + harm + `; --"}`,
		`$.` + marker + `[*] ? (@ == "'; ` + harm + `")`,
		marker + ` & !'x''; ` + harm,
		`E'\047` + marker + `; ` + harm,
		strings.Repeat("'", 500) + marker,
	}
}

// position is a place in a request where a client may write a text.
type position struct {
	name string
	send func(t testing.TB, s *apptest.Site, text string) (status int, answer string)
}

// document sends a query that has TEXT as a literal, or $text as a variable; value says what the variable is.
func document(name, operation string, value func(text string) any) position {
	return position{name, func(t testing.TB, s *apptest.Site, text string) (int, string) {
		literal, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		members := map[string]any{"query": strings.ReplaceAll(operation, "TEXT", string(literal))}
		if value != nil {
			members["variables"] = map[string]any{"v": value(text)}
		}
		a := s.Post(t, []byte(body(t, members)))
		return a.Status, string(a.Body)
	}}
}

// header sends an honest query, with a text in a header.
func header(name string) position {
	return position{"the header " + name, func(t testing.TB, s *apptest.Site, text string) (int, string) {
		text = strings.Map(func(r rune) rune {
			if r < ' ' || r > '~' {
				return '_'
			}
			return r
		}, text)
		a := s.Send(t, `{ items { name } }`, nil, name, text)
		return a.Status, string(a.Body)
	}}
}

// forgedCursor puts a text into an honest cursor in place of the row's name, and makes the checksum fit.
func forgedCursor(t testing.TB, s *apptest.Site, text string) string {
	t.Helper()
	var data struct {
		ItemsConnection struct{ Edges []struct{ Cursor string } }
	}
	a := s.Send(t, `{ itemsConnection(first: 1, orderBy: [{name: ASC}]) { edges { cursor } } }`, nil)
	if err := json.Unmarshal(a.Data, &data); err != nil || len(data.ItemsConnection.Edges) == 0 {
		t.Fatalf("%v %s", err, a.Body)
	}
	raw, err := base64.RawURLEncoding.DecodeString(data.ItemsConnection.Edges[0].Cursor)
	if err != nil {
		t.Fatal(err)
	}
	const head = 5 // version and fingerprint
	length, size := binary.Uvarint(raw[head:])
	forged := binary.AppendUvarint(append([]byte{}, raw[:head]...), uint64(len(text))+1)
	forged = append(append(forged, text...), raw[head+size+int(length)-1:len(raw)-4]...)
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint32(forged, crc32.ChecksumIEEE(forged)))
}

func positions() []position {
	plain := func(text string) any { return text }
	all := []position{
		document("a filter's literal", `{ items(where: {name: {eq: TEXT}}) { name } }`, nil),
		document("a filter's variable", `query($v: String!) { items(where: {name: {eq: $v}}) { name } }`, plain),
		document("a filter object in a variable", `query($v: ItemWhereInput) { items(where: $v) { name } }`, func(text string) any {
			return map[string]any{"OR": []any{map[string]any{"name": map[string]any{"in": []string{text}}}, map[string]any{"note": map[string]any{"contains": text}}}}
		}),
		document("the name of a filter's field", `query($v: ItemWhereInput) { items(where: $v) { name } }`, func(text string) any {
			return map[string]any{text: map[string]any{"eq": "x"}}
		}),
		document("the name of an operator", `query($v: ItemWhereInput) { items(where: $v) { name } }`, func(text string) any {
			return map[string]any{"name": map[string]any{text: "x"}}
		}),
		document("an order's direction", `query($v: [ItemOrderByInput!]) { items(orderBy: $v) { name } }`, func(text string) any {
			return []any{map[string]any{"name": text}}
		}),
		document("an order's field", `query($v: [ItemOrderByInput!]) { items(orderBy: $v) { name } }`, func(text string) any {
			return []any{map[string]any{text: "ASC"}}
		}),
		document("a limit", `query($v: Int) { items(limit: $v) { name } }`, plain),
		document("an id", `query($v: ID!) { item(id: $v) { name } }`, plain),
		document("a price", `query($v: Decimal) { items(where: {price: {gt: $v}}) { name } }`, plain),
		document("a time", `query($v: DateTime) { items(where: {made: {gt: $v}}) { name } }`, plain),
		document("a list of tags", `query($v: [String!]) { items(where: {tags: {overlaps: $v}}) { name } }`, func(text string) any { return []string{text, text} }),
		document("a JSON value", `query($v: JSON) { items(where: {attrs: {contains: $v}}) { name } }`, func(text string) any {
			return map[string]any{text: []any{text, map[string]any{text: text}}}
		}),
		document("a JSON key", `query($v: String!) { items(where: {attrs: {hasKey: $v}}) { name } }`, plain),
		document("JSON keys", `query($v: [String!]!) { items(where: {attrs: {hasAllKeys: $v}}) { name } }`, func(text string) any { return []string{text} }),
		document("a JSON path", `query($v: String!) { items(where: {attrs: {pathExists: $v}}) { name } }`, plain),
		document("a JSON predicate", `query($v: String!) { items(where: {attrs: {pathMatch: $v}}) { name } }`, plain),
		document("a document's field", `query($v: String!) { pages(where: {title: {eq: $v}, author: {name: {contains: $v}}, tags: {anyEq: $v}}) { title } }`, plain),
		document("an aggregate's filter", `query($v: String!) { itemsAggregate(where: {name: {startsWith: $v}}) { count } }`, plain),
		document("a group's filter", `query($v: String!) { itemsGroups(where: {name: {endsWith: $v}}, by: [name]) { key { name } count } }`, plain),
		document("a cursor", `query($v: String) { itemsConnection(first: 2, after: $v) { nodes { name } } }`, plain),
		document("an alias", `{ TEXT: items { name } }`, nil),
		document("a directive's argument", `{ items { name @include(if: TEXT) } }`, nil),
		document("a mutation's input", `mutation($v: AddInput!) { addItem(input: $v) }`, func(text string) any {
			return map[string]any{"name": "sent", "note": text, "attrs": map[string]any{text: text}}
		}),
		document("the name of an input's field", `mutation($v: AddInput!) { addItem(input: $v) }`, func(text string) any {
			return map[string]any{"name": "sent", text: text}
		}),
		{"a forged cursor", func(t testing.TB, s *apptest.Site, text string) (int, string) {
			a := s.Send(t, `query($c: String) { itemsConnection(first: 2, after: $c, orderBy: [{name: ASC}]) { nodes { name } totalCount } }`, map[string]any{"c": forgedCursor(t, s, text)})
			return a.Status, string(a.Body)
		}},
		{"an operation's name", func(t testing.TB, s *apptest.Site, text string) (int, string) {
			a := s.Post(t, []byte(body(t, map[string]any{"query": `query A { items { name } } query B { items { id } }`, "operationName": text})))
			return a.Status, string(a.Body)
		}},
		{"a variable's name", func(t testing.TB, s *apptest.Site, text string) (int, string) {
			a := s.Post(t, []byte(body(t, map[string]any{"query": `query($v: String) { items(where: {name: {eq: $v}}) { name } }`, "variables": map[string]any{text: text}})))
			return a.Status, string(a.Body)
		}},
		{"an extension", func(t testing.TB, s *apptest.Site, text string) (int, string) {
			a := s.Post(t, []byte(body(t, map[string]any{"query": `{ items { name } }`, "extensions": map[string]any{text: text, "cost": text, "persistedQuery": nil}})))
			return a.Status, string(a.Body)
		}},
		{"a document's id", func(t testing.TB, s *apptest.Site, text string) (int, string) {
			a := s.Post(t, []byte(body(t, map[string]any{"documentId": text})))
			return a.Status, string(a.Body)
		}},
		{"a setting, by a claim", func(t testing.TB, s *apptest.Site, text string) (int, string) {
			a := s.Send(t, `{ items { name } }`, nil, "X-Tenant", url.QueryEscape(text))
			return a.Status, string(a.Body)
		}},
		{"a parameter of the URL", func(t testing.TB, s *apptest.Site, text string) (int, string) {
			resp, err := http.Get(s.URL + "/graphql?" + url.Values{"query": {`query($v: String!) { items(where: {name: {eq: $v}}) { name } }`}, "variables": {body(t, map[string]any{"v": text})}, text: {text}}.Encode())
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			var answer strings.Builder
			if err := resp.Write(&answer); err != nil {
				t.Fatal(err)
			}
			return resp.StatusCode, answer.String()
		}},
	}
	for _, operator := range []string{"neq", "contains", "icontains", "startsWith", "istartsWith", "endsWith", "iendsWith", "like", "ilike", "matches", "imatches", "notMatches"} {
		all = append(all, document("the operator "+operator, `query($v: String!) { items(where: {name: {`+operator+`: $v}}) { name } }`, plain))
	}
	for _, operator := range []string{"matches", "plainQuery", "phraseQuery", "websearchQuery"} {
		all = append(all, document("the words of "+operator, `query($v: String!) { items(where: {words: {`+operator+`: $v}}) { name } }`, plain))
	}
	for _, name := range []string{"X-Request-Id", "User-Agent", "Accept-Language", "Cookie", "Referer", "Origin", "Authorization", "If-None-Match", "X-Forwarded-For"} {
		all = append(all, header(name))
	}
	return all
}

// tenant takes the tenant out of a header, as a claim of anybody's: row-level security must get any text as a value.
func tenant(ctx context.Context) (auth.Settings, error) {
	text, _ := ctx.Value(tenantKey{}).(string)
	return auth.Settings{Values: map[string]string{"app.tenant": text}}, nil
}

type tenantKey struct{}

// TestSQLInEveryPosition sends each payload in each place. Afterwards the canary is as it was, no answer has its secret, no
// statement has the payload, and none is answered as an accident.
func TestSQLInEveryPosition(t *testing.T) {
	t.Parallel()
	s := apptest.Serve(t, fraiseql.Options{
		RateLimit: -1, Session: tenant,
		Context: func(r *http.Request) (context.Context, error) {
			text, err := url.QueryUnescape(r.Header.Get("X-Tenant"))
			return context.WithValue(r.Context(), tenantKey{}, text), err
		},
	}, shop)
	conn := s.DB.Conn(t)
	canary := func() (sum string) {
		if err := conn.QueryRow(t.Context(), `SELECT coalesce(md5(string_agg(id || secret, ',' ORDER BY id)), 'empty') || count(*) FROM canary`).Scan(&sum); err != nil {
			t.Fatal(err)
		}
		return sum
	}
	before := canary()
	sent, refused, names := 0, 0, 0
	for _, p := range positions() {
		// A harmless text shows that the place is one: only where it would be a name is it refused as no valid document.
		if status, answer := p.send(t, s, "x"); strings.Contains(answer, "GRAPHQL_") {
			if names++; names > 2 {
				t.Errorf("%s: a harmless text is answered %d %s", p.name, status, answer)
			}
		}
		for _, payload := range payloads() {
			s.Link.Reset()
			status, answer := p.send(t, s, payload)
			sent++
			if strings.Contains(answer, `"errors"`) {
				refused++
			}
			for _, bad := range []string{"feathers-", `"INTERNAL"`, `"DATABASE_ERROR"`} {
				if strings.Contains(answer, bad) {
					t.Errorf("%s: %q is answered %d %s", p.name, payload, status, answer)
				}
			}
			for _, sql := range s.Link.Statements() {
				if strings.Contains(sql, marker) {
					t.Errorf("%s: %q stands in the SQL: %s", p.name, payload, sql)
				}
			}
			if after := canary(); after != before {
				t.Fatalf("%s: %q changed the canary: %s, it was %s", p.name, payload, after, before)
			}
		}
	}
	var items int
	if err := conn.QueryRow(t.Context(), `SELECT count(*) FROM tb_item WHERE name <> 'sent'`).Scan(&items); err != nil || items != 2 {
		t.Errorf("%d items are left of 2: %v", items, err)
	}
	shown(t, fmt.Sprintf("SQL in %d positions: filters, orders, cursors, names, headers, settings, JSON keys", len(positions())), "the canary table unchanged, no payload in any statement, no accident",
		"%d requests, %d refused, the others took it as a value", sent, refused)
}

// TestForgedCursors: a cursor without a secret must be worth no more than the filter that its bearer could write.
func TestForgedCursors(t *testing.T) {
	t.Parallel()
	s := apptest.Serve(t, fraiseql.Options{RateLimit: -1}, shop)
	honest := forgedCursor(t, s, "Apple")
	const q = `query($c: String) { itemsConnection(first: 2, after: $c, orderBy: [{name: ASC}]) { nodes { name } } }`
	if a := s.Send(t, q, map[string]any{"c": honest}); !strings.Contains(string(a.Body), "Boat") || strings.Contains(string(a.Body), "Apple") {
		t.Fatalf("an honest one: %s", a.Body)
	}
	attempts := map[string]string{
		"nonsense": "nonsense", "empty": "", "another order's": "", "a bit turned": honest[:10] + string(honest[10]^1) + honest[11:], "cut": honest[:len(honest)-2], "longer": honest + "AAAA",
		"padded": honest + "==", "plain JSON": `{"name":"Apple"}`, "NUL": forgedCursor(t, s, "a\x00b"), "a megabyte": strings.Repeat("A", 900<<10), "a length beyond": base64.RawURLEncoding.EncodeToString([]byte{1, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 0, 0, 0, 0}),
	}
	refused := 0
	for name, cursor := range attempts {
		order := q
		if name == "another order's" {
			cursor, order = honest, strings.Replace(q, "name: ASC", "price: ASC", 1)
		}
		a := s.Counted(t, 0, 0, order, map[string]any{"c": cursor})
		if a.Code() != "BAD_USER_INPUT" || strings.Contains(string(a.Body), "name ASC") {
			t.Errorf("%s: %d %.300s", name, a.Status, a.Body)
			continue
		}
		refused++
	}
	shown(t, "cursor forgeries: turned bits, other orders, lengths beyond the end, NUL, a megabyte", "BAD_USER_INPUT before a connection is borrowed", "%d of %d", refused, len(attempts))
}
