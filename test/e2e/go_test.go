package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/pool"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

const library = `
create table author (id int primary key, name text not null, born date, rate numeric(10,2) not null);
create table book (id int primary key, title text not null, author_id int not null references author(id), pages int);
insert into author values (1, 'Ann', '1950-02-03', 1.50), (2, 'Bob', null, 2.00), (3, 'Cid', '1970-01-01', 0);
insert into book select n, 'Book ' || n, 1 + n % 3, case when n % 4 > 0 then n * 100 end from generate_series(1, 9) n;`

type author struct {
	ID    fraiseql.ID
	Name  string
	Born  *fraiseql.Date
	Rate  fraiseql.Decimal
	Books []book `by:"id=author_id"`
}

type book struct {
	ID     fraiseql.ID
	Title  string
	Pages  *int
	Author *author `by:"author_id=id"`
}

type shelf struct {
	Label string
	Best  *author
	Sizes []int
}

type genre string

// asked is an argument of every sort.
type asked struct {
	Name  string
	Times int `default:"2"`
	Genre *genre
	Spec  *spec
	IDs   []fraiseql.ID
	Maybe fraiseql.Optional[string]
}

type spec struct {
	Min *int
	Tag string
}

func libraryOptions(batches *atomic.Int64) fraiseql.Options {
	return fraiseql.Options{
		Types: []fraiseql.Type{
			fraiseql.Object[author]("author"),
			fraiseql.Object[book]("book"),
			fraiseql.Enum[genre]("NOVEL", "POEM"),
			fraiseql.Field("shout", func(_ context.Context, authors []author) ([]string, error) {
				batches.Add(1)
				out := make([]string, len(authors))
				for i, a := range authors {
					out[i] = strings.ToUpper(a.Name) + " " + string(a.Rate)
				}
				return out, nil
			}),
			fraiseql.Field("shelf", func(_ context.Context, authors []author) ([]*shelf, error) {
				batches.Add(1)
				out := make([]*shelf, len(authors))
				for i, a := range authors {
					if a.Born != nil {
						out[i] = &shelf{Label: string(a.ID), Best: &a, Sizes: []int{1, 2}}
					}
				}
				return out, nil
			}),
			fraiseql.Field("fails", func(context.Context, []author) ([]*int, error) {
				return nil, &fraiseql.Error{Code: fraiseql.CodeForbidden, Message: "not for you"}
			}),
			fraiseql.Field("short", func(context.Context, []author) ([]int, error) { return []int{1}, nil }),
		},
		Queries: []fraiseql.Query{
			fraiseql.List[author]("authors"), fraiseql.Get[author]("author"), fraiseql.List[book]("books"),
			fraiseql.Resolve("echo", func(_ context.Context, a asked) (string, error) {
				return fmt.Sprintf("%s×%d genre=%v spec=%v ids=%v maybe=%+v", a.Name, a.Times, show(a.Genre), showSpec(a.Spec), a.IDs, a.Maybe), nil
			}),
			fraiseql.Resolve("best", func(_ context.Context, a struct{ Limit int }) (*fraiseql.Rows[author], error) {
				return fraiseql.From[author]("author").Where(fraiseql.Where{"name": map[string]any{"neq": "Bob"}}).
					OrderBy(fraiseql.Order{"name": "DESC"}).Limit(a.Limit), nil
			}),
			fraiseql.Resolve("one", func(_ context.Context, a struct{ Name string }) (*fraiseql.Row[author], error) {
				return fraiseql.From[author]("author").Where(fraiseql.Where{"name": map[string]any{"eq": a.Name}}).One(), nil
			}),
			fraiseql.Resolve("plain", func(context.Context, struct{}) ([]author, error) {
				return []author{{ID: "7", Name: "Plain \"q\"", Rate: "3.10", Books: []book{{ID: "1", Title: "T"}}}}, nil
			}),
			fraiseql.Resolve("count", func(ctx context.Context, _ struct{}) (n int, err error) {
				err = fraiseql.DB(ctx).QueryRow(ctx, "select count(*) from book").Scan(&n)
				return n, err
			}),
			fraiseql.Resolve("careful", func(ctx context.Context, _ struct{}) (n int, err error) {
				db := fraiseql.DB(ctx)
				bad := db.Tx(ctx, func(tx pgx.Tx) error {
					_, err := tx.Exec(ctx, "select 1/0")
					return err
				})
				if bad == nil {
					return 0, errors.New("dividing by zero worked")
				}
				err = db.QueryRow(ctx, "select 42").Scan(&n)
				return n, err
			}),
			fraiseql.Resolve("secretive", func(context.Context, struct{}) (*int, error) { return nil, errors.New("password is hunter2") }),
			fraiseql.Resolve("polite", func(context.Context, struct{}) (*int, error) {
				return nil, &fraiseql.Error{Code: fraiseql.CodeNotFound, Message: "there is no such thing"}
			}),
			fraiseql.Resolve("panics", func(context.Context, struct{}) (*int, error) { panic("oh no") }),
		},
	}
}

func show(g *genre) string {
	if g == nil {
		return "none"
	}
	return string(*g)
}

func showSpec(s *spec) string {
	if s == nil {
		return "none"
	}
	if s.Min == nil {
		return s.Tag
	}
	return fmt.Sprint(s.Tag, *s.Min)
}

func TestGo(t *testing.T) {
	t.Parallel()
	var batches atomic.Int64
	o := libraryOptions(&batches)
	o.Production = true
	s := serve(t, o, library)
	for name, c := range map[string]struct {
		query     string
		variables map[string]any
		trips     int
		leases    int
		batches   int64
		want      string
	}{
		"declared types": {
			`{ authors { id name born rate books(limit: 1) { title author { name } } } author(id: 2) { name } }`, nil, 1, 1, 0,
			`{"authors":[{"id":"1","name":"Ann","born":"1950-02-03","rate":"1.50","books":[{"title":"Book 3","author":{"name":"Ann"}}]},{"id":"2","name":"Bob","born":null,"rate":"2.00","books":[{"title":"Book 1","author":{"name":"Bob"}}]},{"id":"3","name":"Cid","born":"1970-01-01","rate":"0.00","books":[{"title":"Book 2","author":{"name":"Cid"}}]}],"author":{"name":"Bob"}}`,
		},
		"a Go field gets all parents at once": {
			`{ authors { shout } books(limit: 3) { author { shout } } }`, nil, 1, 1, 2,
			`{"authors":[{"shout":"ANN 1.50"},{"shout":"BOB 2.00"},{"shout":"CID 0.00"}],"books":[{"author":{"shout":"BOB 2.00"}},{"author":{"shout":"CID 0.00"}},{"author":{"shout":"ANN 1.50"}}]}`,
		},
		"a Go field in what a Go field gave": {
			`{ authors { shelf { label sizes best { name shout } } } }`, nil, 1, 1, 2,
			`{"authors":[{"shelf":{"label":"1","sizes":[1,2],"best":{"name":"Ann","shout":"ANN 1.50"}}},{"shelf":null},{"shelf":{"label":"3","sizes":[1,2],"best":{"name":"Cid","shout":"CID 0.00"}}}]}`,
		},
		"arguments": {
			`query($n: String!, $s: spec) { echo(name: $n, genre: POEM, spec: $s, ids: [1, "x"], maybe: null) }`,
			map[string]any{"n": "é\"\n", "s": map[string]any{"min": 3, "tag": "t"}},
			0, 0, 0,
			`{"echo":"é\"\n×2 genre=POEM spec=t3 ids=[1 x] maybe={Set:true Null:true Value:}"}`,
		},
		"arguments left out": {`{ echo(name: "a", times: 5, ids: "q") }`, nil, 0, 0, 0, `{"echo":"a×5 genre=none spec=none ids=[q] maybe={Set:false Null:false Value:}"}`},
		"rows described in Go": {
			`query($l: Int!, $m: Int!) { best(limit: $l) { name shout books(limit: $m, orderBy: [{id: DESC}]) { title } } }`,
			map[string]any{"l": 1, "m": 2},
			1, 1, 1,
			`{"best":[{"name":"Cid","shout":"CID 0.00","books":[{"title":"Book 8"},{"title":"Book 5"}]}]}`,
		},
		"a row described in Go":  {`{ a: one(name: "Bob") { id } b: one(name: "nobody") { id } }`, nil, 2, 1, 0, `{"a":{"id":"2"},"b":null}`},
		"plain values":           {`{ plain { id name rate born books { title pages } shout __typename } }`, nil, 0, 0, 1, `{"plain":[{"id":"7","name":"Plain \"q\"","rate":"3.10","born":null,"books":[{"title":"T","pages":null}],"shout":"PLAIN \"Q\" 3.10","__typename":"author"}]}`},
		"the request's database": {`{ count authors(limit: 1) { name } again: count }`, nil, apptest.AnyTrips, 1, 0, `{"count":9,"authors":[{"name":"Ann"}],"again":9}`},
		"a savepoint":            {`{ careful }`, nil, apptest.AnyTrips, 1, 0, `{"careful":42}`},
	} {
		t.Run(name, func(t *testing.T) {
			apptest.Settle(t, s.App) // what ran on DB is reset after the request
			batches.Store(0)
			a := s.Counted(t, c.trips, c.leases, c.query, c.variables)
			if string(a.Data) != c.want || len(a.Errors) > 0 {
				t.Errorf("got %s\nwant %s", a.Body, c.want)
			}
			if got := batches.Load(); got != c.batches {
				t.Errorf("%d calls of Go fields, want %d", got, c.batches)
			}
		})
	}
	for name, c := range map[string]struct{ query, data, code, path string }{
		"an error of Go fields": {`{ authors(limit: 1) { name fails } }`, `{"authors":[{"name":"Ann","fails":null}]}`, "FORBIDDEN", "[authors 0 fails]"},
		"too few values":        {`{ authors { name short } }`, `{"authors":null}`, "INTERNAL", "[authors 0 short]"},
		"arguments on values":   {`{ plain { books(limit: 0) { title } } }`, `{"plain":null}`, "BAD_USER_INPUT", "[plain]"},
		"an unknown error":      {`{ secretive authors(limit: 1) { name } }`, `{"secretive":null,"authors":[{"name":"Ann"}]}`, "INTERNAL", "[secretive]"},
		"an error of ours":      {`{ polite }`, `{"polite":null}`, "NOT_FOUND", "[polite]"},
		"a panic":               {`{ panics authors(limit: 1) { name } }`, `{"panics":null,"authors":[{"name":"Ann"}]}`, "INTERNAL", "[panics]"},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.Send(t, c.query, nil)
			if string(a.Data) != c.data || a.Code() != c.code || len(a.Errors) == 0 || fmt.Sprint(a.Errors[0].Path) != c.path {
				t.Errorf("got %s\nwant %s with %s at %s", a.Body, c.data, c.code, c.path)
			}
			for _, secret := range []string{"hunter2", "goroutine", "oh no"} {
				if strings.Contains(string(a.Body), secret) {
					t.Errorf("%s is told to the client: %s", secret, a.Body)
				}
			}
		})
	}
}

// TestDBAfterTheRequest keeps the connection of a request: it must not reach the next one.
func TestDBAfterTheRequest(t *testing.T) {
	t.Parallel()
	var kept *fraiseql.Lease
	s := serve(t, fraiseql.Options{Queries: []fraiseql.Query{
		fraiseql.Resolve("keep", func(ctx context.Context, _ struct{}) (n int, err error) {
			kept = fraiseql.DB(ctx)
			err = kept.QueryRow(ctx, "select 1").Scan(&n)
			return n, err
		}),
	}}, library)
	s.Send(t, `{ keep }`, nil)
	if _, err := kept.Exec(t.Context(), "select 1"); !errors.Is(err, pool.ErrReleased) {
		t.Errorf("got %v, want ErrReleased", err)
	}
	if _, err := fraiseql.DB(t.Context()).Query(t.Context(), "select 1"); !errors.Is(err, pool.ErrReleased) {
		t.Errorf("outside a request: got %v, want ErrReleased", err)
	}
}

// TestDeclarationsThatDoNotFit are all told at once, each with its cure.
func TestDeclarationsThatDoNotFit(t *testing.T) {
	t.Parallel()
	type wrong struct {
		ID    fraiseql.ID
		Name  int
		Pages int
		Gone  string
	}
	type lost struct{ ID fraiseql.ID }
	app, err := fraiseql.New(fraiseql.Options{
		DatabaseURL: pgtest.New(t, library).URL,
		Logger:      slog.New(slog.DiscardHandler),
		Types:       []fraiseql.Type{fraiseql.Object[wrong]("author"), fraiseql.Object[lost]("no_such_view")},
		Queries:     []fraiseql.Query{fraiseql.List[wrong]("wrongs")},
	})
	if err == nil {
		err = app.Start(t.Context())
	}
	if err == nil {
		t.Fatal("it started")
	}
	mustContain(t, "the error", err.Error(), "name", "text", "pages", "gone", "no_such_view")
}
