package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

type staffTeam struct {
	ID   fraiseql.ID `graphql:",key"`
	Name string
}

type staffPerson struct {
	ID    fraiseql.ID `graphql:",key"`
	Name  string
	Email *string
	Team  *staffTeam `by:"team_id=id"`
}

type hireAddress struct {
	Line2 *string
	Extra map[string]any
}

type hireInput struct {
	Name    string
	Email   fraiseql.Optional[string]
	TeamID  *fraiseql.UUID
	Address *hireAddress
}

type hireSuccess struct {
	Message string
	Person  *staffPerson
}

type staffFault struct {
	Code  int
	Limit *int // a key of the metadata
}

type tellInput struct {
	Status   string
	Message  *string
	Metadata json.RawMessage
}

type tellSuccess struct {
	Status string
	Hint   *string // a key of the metadata
	Nested *tellNested
}

type tellNested struct{ DeepKey int }

type countInput struct {
	A int
	B *int64
}

type rowInput struct{ Name string }

type rowsInput struct{ Names []string }

func goStaff() fraiseql.Options {
	return fraiseql.Options{
		NoAutoDiscover: true,
		Types:          []fraiseql.Type{fraiseql.Object[staffTeam]("v_team"), fraiseql.Object[staffPerson]("v_person")},
		Queries:        []fraiseql.Query{fraiseql.List[staffTeam]("teams")},
		Mutations: []fraiseql.Mutation{
			fraiseql.Function[hireInput, hireSuccess, staffFault]("hire", "fn_hire"),
			fraiseql.Function[tellInput, tellSuccess, staffFault]("tell", "fn_tell", fraiseql.MutationOptions{Description: "Tells."}),
			fraiseql.Function[countInput, int64, struct{}]("count", "public.fn_count"),
			fraiseql.Function[rowInput, staffTeam, struct{}]("row", "fn_row"),
			fraiseql.Function[rowsInput, []staffTeam, struct{}]("rows", "fn_rows"),
			fraiseql.Function[struct{}, struct{}, struct{}]("void", "fn_void"),
			fraiseql.Function[rowInput, string, struct{}]("whom", "fn_whom", fraiseql.MutationOptions{ContextParams: []string{"auth_suffix"}}),
			fraiseql.Resolve("rename", func(ctx context.Context, a struct {
				To   string
				Fail bool `default:"false"`
			},
			) (*fraiseql.Row[staffTeam], error) {
				if _, err := fraiseql.DB(ctx).Exec(ctx, "update tb_team set name = $1 || current_setting('app.suffix')", a.To); err != nil {
					return nil, err
				}
				if a.Fail {
					return nil, errors.New("told to fail")
				}
				return fraiseql.From[staffTeam]("v_team").One(), nil
			}),
			fraiseql.Resolve("swallow", func(ctx context.Context, _ struct{}) (bool, error) {
				db := fraiseql.DB(ctx)
				_, _ = db.Exec(ctx, "insert into tb_team (name) values ('swallowed')")
				_, _ = db.Exec(ctx, "insert into no_such_table values (1)")
				_, _ = db.Exec(ctx, "insert into tb_team (name) values ('after')")
				return true, nil
			}),
			fraiseql.Resolve("careful", func(ctx context.Context, _ struct{}) (int, error) {
				db := fraiseql.DB(ctx)
				if _, err := db.Exec(ctx, "insert into tb_team (name) values ('careful')"); err != nil {
					return 0, err
				}
				failed := db.Tx(ctx, func(tx pgx.Tx) error {
					_, err := tx.Exec(ctx, "insert into no_such_table values (1)")
					return err
				})
				if failed == nil {
					return 0, errors.New("it did not fail")
				}
				var n int
				return n, db.QueryRow(ctx, "select count(*) from tb_team").Scan(&n)
			}),
			fraiseql.Resolve("endsItself", func(ctx context.Context, _ struct{}) (string, error) {
				db := fraiseql.DB(ctx)
				for _, sql := range []string{"insert into tb_team (name) values ('kept')", "commit", "insert into tb_team (name) values ('kept too')"} {
					if _, err := db.Exec(ctx, sql); err != nil {
						return "", err
					}
				}
				var suffix string
				err := db.QueryRow(ctx, "select coalesce(current_setting('app.suffix', true), 'none')").Scan(&suffix)
				return suffix, err
			}),
			fraiseql.Resolve("loses", func(ctx context.Context, _ struct{}) (bool, error) {
				_, err := fraiseql.DB(ctx).Exec(ctx, "do $$ begin insert into tb_team (name) values ('lost'); raise exception 'lost' using errcode = '40001'; end $$")
				return true, err
			}),
			fraiseql.Resolve("pure", func(context.Context, struct{}) (string, error) { return "pure", nil }),
		},
		Session: func(context.Context) (auth.Settings, error) {
			return auth.Settings{Values: map[string]string{"app.suffix": "!"}}, nil
		},
	}
}

func TestMutationsDeclaredInGo(t *testing.T) {
	t.Parallel()
	s := serve(t, goStaff(), staffSQL)
	for _, c := range []struct{ query, want string }{
		{
			`hire(input: {name: "Ada", teamId: "11111111-1111-1111-1111-111111111111", address: {line2: "x"}}) { ... on hireSuccess { status message updatedFields person { name email team { name } } } }`,
			`{"status": "success", "message": "hired", "updatedFields": ["name", "email"], "person": {"name": "Ada", "email": null, "team": {"name": "Blue"}}}`,
		},
		{`tell(input: {status: "created", metadata: {hint: "h", nested: {deep_key: 3}}}) { ... on tellSuccess { status hint nested { deepKey } } }`, `{"status": "created", "hint": "h", "nested": {"deepKey": 3}}`},
		{`tell(input: {status: "conflict:full", message: "no", metadata: {limit: 4}}) { __typename ... on staffFault { limit code message errors { identifier } } }`, `{"__typename": "staffFault", "limit": 4, "code": 409, "message": "no", "errors": [{"identifier": "full"}]}`},
		{`count(input: {a: 2})`, `"4"`},
		{`row(input: {name: "R"}) { name }`, `{"name": "R"}`},
		{`rows(input: {names: ["S"]}) { name }`, `[{"name": "S"}]`},
		{`void`, `true`},
		{`whom(input: {name: "Ada"})`, `"Ada!"`},
	} {
		a := mutate(t, s, 1, "mutation { it: "+c.query+" }", nil)
		same(t, c.query, string(a.Data), `{"it": `+c.want+`}`)
	}
	if got := count(t, s, "tb_person WHERE document = '{\"name\": \"Ada\", \"team_id\": \"11111111-1111-1111-1111-111111111111\", \"address\": {\"line_2\": \"x\"}}'"); got != 1 {
		t.Error("the document is not what was sent")
	}
}

// TestMutationInGo: what the function does on the request's connection is one transaction, which ends with it.
func TestMutationInGo(t *testing.T) {
	t.Parallel()
	s := serve(t, goStaff(), staffSQL)
	name := func() (name string) {
		if err := s.DB.Conn(t).QueryRow(t.Context(), "select name from tb_team limit 1").Scan(&name); err != nil {
			t.Fatal(err)
		}
		return name
	}
	a := s.Counted(t, -1, 1, `mutation { rename(to: "Green") { name } }`, nil)
	same(t, "rename", string(a.Data), `{"rename": {"name": "Green!"}}`)
	if name() != "Green!" {
		t.Errorf("it was not saved: %s", name())
	}
	a = s.Counted(t, -1, 1, `mutation { one: rename(to: "Red", fail: true) { name } two: row(input: {name: "two"}) { name } three: pure }`, nil)
	same(t, "fail", string(a.Data), `{"one": null, "two": {"name": "two"}, "three": "pure"}`)
	if name() != "Green!" || a.Code() != "INTERNAL" {
		t.Errorf("a function that failed has saved %s: %s", name(), a.Body)
	}
	before := count(t, s, "tb_team")
	a = s.Counted(t, -1, 1, `mutation { swallow }`, nil)
	if a.Code() != "INTERNAL" || count(t, s, "tb_team") != before {
		t.Errorf("after a failed statement a part was saved: %s", a.Body)
	}
	a = s.Counted(t, -1, 1, `mutation { careful }`, nil)
	same(t, "careful", string(a.Data), fmt.Sprintf(`{"careful": %d}`, before+1))
	a = s.Counted(t, -1, 1, `mutation { endsItself }`, nil)
	same(t, "settings behind a COMMIT", string(a.Data), `{"endsItself": "!"}`)
	if count(t, s, "tb_team where name like 'kept%'") != 2 {
		t.Errorf("behind a COMMIT of its own: %s", a.Body)
	}
	a = s.Counted(t, -1, 1, `mutation { loses }`, nil)
	if tries := strings.Count(strings.Join(s.Link.Statements(), "\n"), "do $$"); a.Code() != "SERIALIZATION_FAILURE" || tries != 1 || count(t, s, "tb_team where name = 'lost'") != 0 {
		t.Errorf("called %d times: %s", tries, a.Body)
	}
	a = s.Counted(t, 0, 0, `mutation { pure }`, nil)
	same(t, "pure", string(a.Data), `{"pure": "pure"}`)
	if got := s.Query(t, `{ teams(where: {name: {eq: "Green!"}}) { name } }`, nil); got != `{"teams":[{"name":"Green!"}]}` {
		t.Errorf("a query after it: %s", got)
	}

	o := goStaff()
	o.MutationsAllOrNothing = true
	all := serve(t, o, staffSQL)
	before = count(t, all, "tb_team")
	for query, want := range map[string]string{
		`mutation { row(input: {name: "x"}) { name } rename(to: "Red", fail: true) { name } }`:                   `{"row": null, "rename": null}`,
		`mutation { rename(to: "Red") { name } tell(input: {status: "failed"}) { ... on staffFault { code } } }`: `{"rename": null, "tell": {"code": 500}}`,
		`mutation { careful swallow }`: `{"careful": null, "swallow": null}`,
	} {
		a := all.Counted(t, -1, 1, query, nil)
		same(t, query, string(a.Data), want)
	}
	if count(t, all, "tb_team") != before || count(t, all, "tb_team WHERE name = 'Blue'") != 1 {
		t.Error("all or nothing has saved a part")
	}
	a = all.Counted(t, -1, 1, `mutation { row(input: {name: "x"}) { name } rename(to: "Red") { name } careful }`, nil)
	same(t, "all", string(a.Data), `{"row": {"name": "x"}, "rename": {"name": "Red!"}, "careful": 3}`)
}

// TestMutationMismatches: what does not fit the database is told at start, all at once, each with its cure.
func TestMutationMismatches(t *testing.T) {
	t.Parallel()
	type badInput2 struct{ Nope int }
	o := fraiseql.Options{
		Types:   []fraiseql.Type{fraiseql.Object[staffTeam]("v_team")},
		Queries: []fraiseql.Query{fraiseql.List[staffTeam]("teams")},
		Mutations: []fraiseql.Mutation{
			fraiseql.Function[struct{}, struct{}, struct{}]("absent", "fn_absent"),
			fraiseql.Function[badInput2, int64, struct{}]("wrong", "fn_count"),
			fraiseql.Function[countInput, string, struct{}]("type", "fn_count"),
			fraiseql.Function[countInput, staffTeam, struct{}]("scalar", "fn_count"),
		},
	}
	o.DatabaseURL = pgtest.New(t, staffSQL).URL
	o.Logger, o.FailFast = slog.New(slog.DiscardHandler), true
	app, err := fraiseql.New(o)
	if err != nil {
		t.Fatal(err)
	}
	fault := app.Start(t.Context())
	_ = app.Shutdown(t.Context())
	if fault == nil {
		t.Fatal("it starts")
	}
	text := fault.Error()
	for _, want := range []string{
		`fraiseql.Function("absent"): there is no function fn_absent in schema public; create it`,
		`fraiseql.Function("wrong"): an input type is named, and function public.fn_count takes no jsonb`,
		`fraiseql.Function("type"): function public.fn_count returns int8, which cannot be served as String; declare BigInt or ID`,
		`fraiseql.Function("scalar"): its type staffTeam is an object`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %s", want, text)
		}
	}
}
