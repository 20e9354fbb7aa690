package compile_test

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/catalog"
	"github.com/fraiseql/fraiseql-go/internal/compile"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/schema"
)

// TestConnectionPlans looks at how PostgreSQL finds the page behind a cursor: by an index, wherever an index can tell.
func TestConnectionPlans(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, `
		create table tb_event (id uuid primary key default gen_random_uuid(), at timestamptz not null, kind int not null, weight int);
		insert into tb_event (at, kind, weight) select timestamptz '2026-01-01' + n * interval '1 minute', n % 7, nullif(n % 1000, 0) from generate_series(1, 20000) n;
		create index on tb_event (at, id);
		create index on tb_event (kind);
		create index on tb_event (weight desc);
		analyze tb_event;
		create view v_event as select id, at, kind, weight from tb_event;
		comment on view v_event is '@fraiseql:type
name: Event';`)
	conn := db.Conn(t)
	facts, err := catalog.Read(context.Background(), conn, catalog.Options{Schemas: []string{"public"}})
	if err != nil {
		t.Fatal(err)
	}
	s, problems, err := catalog.Build(facts, schema.Declarations{}, catalog.BuildOptions{Discover: true})
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	docs, c := documents(t, s), compile.New(s, 100, 0)
	id := "12345678-0000-0000-0000-000000000000"
	for name, tc := range map[string]struct {
		order, args  string
		cells        []string // of the cursor
		holds, lacks []string
	}{
		"by the key":                 {`[]`, `first: 10, after`, []string{id}, []string{"Index Cond: (tb_event.id > "}, []string{"Sort", "Seq Scan"}},
		"by the key, from its end":   {`[]`, `last: 10, before`, []string{id}, []string{"Backward", "Index Cond: (tb_event.id < "}, []string{"Sort", "Seq Scan"}},
		"all ascending":              {`[{at: ASC}, {id: ASC}]`, `first: 10, after`, []string{"2026-01-09 00:00:00+00", id}, []string{"Index Cond: (ROW(tb_event.at, tb_event.id) > ROW("}, []string{"Sort", "Seq Scan"}},
		"all descending":             {`[{at: DESC}, {id: DESC}]`, `first: 10, after`, []string{"2026-01-09 00:00:00+00", id}, []string{"Backward", "Index Cond: (ROW(tb_event.at, tb_event.id) < ROW("}, []string{"Sort", "Seq Scan"}},
		"all descending, from there": {`[{at: DESC}, {id: DESC}]`, `last: 10, before`, []string{"2026-01-09 00:00:00+00", id}, []string{"Index Cond: (ROW(tb_event.at, tb_event.id) > ROW("}, []string{"Backward", "Sort", "Seq Scan"}},
		"both directions":            {`[{at: DESC}]`, `first: 10, after`, []string{"2026-01-09 00:00:00+00", id}, []string{"Index Cond: (tb_event.at <= ", "Incremental Sort"}, []string{"Seq Scan"}},
		"nulls that are behind it":   {`[{weight: DESC}]`, `first: 10, after`, []string{"900", id}, []string{"Index Cond: (tb_event.weight <= "}, []string{"Seq Scan"}},
	} {
		t.Run(name, func(t *testing.T) {
			order := ""
			if tc.order != "[]" {
				order = ", orderBy: " + tc.order
			}
			first, err := bind(docs, c, `{ eventsConnection(first: 1`+order+`) { edges { cursor } } }`, "")
			if err != nil {
				t.Fatal(err)
			}
			cells := make([][]byte, len(tc.cells))
			for i, text := range tc.cells {
				cells[i] = []byte(text)
			}
			cursor := string(first.Roots[0].Page.AppendCursor(nil, cells))
			bound, err := bind(docs, c, `query($c: String) { eventsConnection(`+tc.args+`: $c`+order+`) { nodes { kind } pageInfo { hasNextPage } } }`, `{"c": "`+cursor+`"}`)
			if err != nil {
				t.Fatal(err)
			}
			params, err := bound.Params(bound.Roots[0].Statement, nil)
			if err != nil {
				t.Fatal(err)
			}
			args := make([]any, len(params))
			for i, p := range params {
				args[i] = string(p)
			}
			lines, err := db.Conn(t).Query(t.Context(), "explain (verbose, costs off) "+bound.Roots[0].Statement.SQL, args...)
			if err != nil {
				t.Fatal(err)
			}
			var plan strings.Builder
			for lines.Next() {
				var line string
				if err := lines.Scan(&line); err != nil {
					t.Fatal(err)
				}
				plan.WriteString(line + "\n")
			}
			if lines.Err() != nil {
				t.Fatal(lines.Err())
			}
			for _, part := range tc.holds {
				if !strings.Contains(plan.String(), part) {
					t.Errorf("%q is not in the plan of %s:\n%s", part, bound.Roots[0].Statement.SQL, plan.String())
				}
			}
			for _, part := range tc.lacks {
				if strings.Contains(plan.String(), part) {
					t.Errorf("%q is in the plan of %s:\n%s", part, bound.Roots[0].Statement.SQL, plan.String())
				}
			}
		})
	}
}

// TestConnectionPlanIsKept: another cursor is another value, not another plan.
func TestConnectionPlanIsKept(t *testing.T) {
	t.Parallel()
	_, s := library(t)
	docs, c := documents(t, s), compile.New(s, 100, 0)
	query := `query($n: Int, $c: String, $o: [AuthorOrderByInput!]) { authorsConnection(first: $n, after: $c, orderBy: $o) { edges { cursor } nodes { id } } }`
	plan := func(variables string) *compile.Plan {
		t.Helper()
		b, err := bind(docs, c, query, variables)
		if err != nil {
			t.Fatal(err)
		}
		return b.Plan
	}
	cursor := func(b *compile.Plan, cells ...[]byte) string { return string(b.Roots[0].Page.AppendCursor(nil, cells)) }
	by := func(direction string) string { return `"o": [{"age": "` + direction + `"}]` }
	ascending := plan(`{` + by("ASC") + `}`)
	one := cursor(ascending, []byte("5"), []byte("123e4567-e89b-12d3-a456-426614174000"))
	none := cursor(ascending, nil, []byte("123e4567-e89b-12d3-a456-426614174000"))
	kept := plan(`{"n": 5, "c": "` + one + `", ` + by("ASC") + `}`)
	if plan(`{"n": 6, "c": "`+none+`", `+by("ASC")+`}`) != kept {
		t.Error("a null in a cursor makes another plan")
	}
	if plan(`{"n": 6, "c": null, `+by("ASC")+`}`) == kept {
		t.Error("a cursor that is null is planned as one that is not")
	}
	if _, err := bind(docs, c, query, `{"c": "`+one+`", `+by("DESC")+`}`); err == nil {
		t.Error("the cursor of another direction is taken")
	}
}

// FuzzCursor: no text makes reading a cursor fail other than by a refusal, and what is taken is a cursor of this order.
func FuzzCursor(f *testing.F) {
	_, s := library(f)
	docs, c := documents(f, s), compile.New(s, 100, 0)
	query := `query($c: String!) { authorsConnection(after: $c, orderBy: [{age: DESC}, {name: ASC}]) { edges { cursor } } }`
	first, err := bind(docs, c, `{ authorsConnection(orderBy: [{age: DESC}, {name: ASC}]) { edges { cursor } } }`, "")
	if err != nil {
		f.Fatal(err)
	}
	page := first.Roots[0].Page
	id := []byte("123e4567-e89b-12d3-a456-426614174000")
	valid := page.AppendCursor(nil, [][]byte{[]byte("7"), []byte("Ada"), id})
	head, err := base64.RawURLEncoding.DecodeString(string(valid[:8]))
	if err != nil {
		f.Fatal(err)
	}
	head = head[:5]
	f.Add(valid[:0], false)
	f.Add(valid, false)
	f.Add([]byte("\x027\x04Ada\x25123e4567-e89b-12d3-a456-426614174000"), true)
	f.Add([]byte("\x00\x04Ada\x25123e4567-e89b-12d3-a456-426614174000"), true)
	f.Add([]byte("\x027\x00\x25123e4567-e89b-12d3-a456-426614174000"), true) // name is never null
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), true)
	f.Add([]byte("\x01\x01\x01"), true)
	f.Fuzz(func(t *testing.T, text []byte, sealed bool) {
		if sealed { // as values, with a head and a checksum that fit
			raw := append(append([]byte{}, head...), text...)
			text = []byte(base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint32(raw, crc32.ChecksumIEEE(raw))))
		}
		if strings.ContainsFunc(string(text), func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) {
			return // no text of a GraphQL document
		}
		bound, err := bind(docs, c, query, `{"c": "`+string(text)+`"}`)
		if err != nil {
			if !strings.Contains(err.Error(), "BAD_USER_INPUT") {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		params, err := bound.Params(bound.Roots[0].Statement, nil)
		if err != nil {
			return // a value that its column cannot hold
		}
		if again := page.AppendCursor(nil, params[:3]); string(again) != string(text) && !sealed {
			t.Errorf("%q is taken for %q", text, again)
		}
	})
}
