package fraiseql_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/pool"
)

// TestRequiresWithoutAuth: where nobody can have a role, what requires one is shut, and the log says so.
func TestRequiresWithoutAuth(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, people)
	for name, c := range map[string]struct {
		set  func(*fraiseql.Options)
		want bool
	}{
		"nobody":       {func(*fraiseql.Options) {}, true},
		"an authentic": {func(o *fraiseql.Options) { o.InsecureDevAuth.Password = "p" }, false},
		"from a context": {func(o *fraiseql.Options) {
			o.Context = func(r *http.Request) (context.Context, error) { return r.Context(), nil }
		}, false},
		"nothing guarded": {func(o *fraiseql.Options) { o.Types = personOptions(db.URL).Types }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log lockedBuffer
			o := personOptions(db.URL)
			o.Types = []fraiseql.Type{fraiseql.Object[person]("v_person", fraiseql.ObjectOptions{Requires: []string{"admin"}})}
			o.Logger = slog.New(slog.NewTextHandler(&log, nil))
			c.set(&o)
			started(t, o)
			if got := strings.Contains(log.String(), "without Auth nobody has one"); got != c.want {
				t.Errorf("warned %v, want %v: %s", got, c.want, &log)
			}
		})
	}
}

func TestProductionWarns(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, people)
	plain := db.Role(t, pgtest.RoleOptions{Grants: []string{"GRANT SELECT ON v_person TO %s"}})
	bypass := db.Role(t, pgtest.RoleOptions{BypassRLS: true, Grants: []string{"GRANT SELECT ON v_person TO %s"}})
	for name, c := range map[string]struct {
		url        string
		production bool
		want       []string
		never      []string
	}{
		"superuser":   {db.URL, true, []string{"without Auth", "SUPERUSER"}, nil},
		"bypass":      {bypass.URL, true, []string{"without Auth", "BYPASSRLS"}, nil},
		"plain":       {plain.URL, true, []string{"without Auth"}, []string{"row-level"}},
		"development": {db.URL, false, nil, []string{"without Auth", "row-level"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log lockedBuffer
			o := personOptions(c.url)
			o.Production, o.Logger = c.production, slog.New(slog.NewTextHandler(&log, nil))
			a := started(t, o)
			if w := ask(a, `{ people { name } }`); w.Code != http.StatusOK {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			for _, want := range c.want {
				if !strings.Contains(log.String(), want) {
					t.Errorf("no warning of %s in %s", want, &log)
				}
			}
			for _, never := range c.never {
				if strings.Contains(log.String(), never) {
					t.Errorf("warning of %s in %s", never, &log)
				}
			}
		})
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestResolversOnALiveDatabase(t *testing.T) {
	t.Parallel()
	var kept *fraiseql.Lease
	o := personOptions(pgtest.New(t, people).URL)
	o.Types = append(o.Types, fraiseql.Field("shout", func(_ context.Context, all []person) ([]string, error) {
		out := make([]string, len(all))
		for i, p := range all {
			out[i] = fmt.Sprintf("%s! of %d", strings.ToUpper(p.Name), len(all))
		}
		return out, nil
	}, fraiseql.FieldOptions{Needs: []string{"name"}}))
	type byName struct {
		Name string `default:"Ada"`
	}
	o.Queries = append(
		o.Queries,
		fraiseql.Resolve("count", func(ctx context.Context, _ struct{}) (int64, error) {
			kept = fraiseql.DB(ctx)
			var n int64
			return n, kept.QueryRow(ctx, `SELECT count(*) FROM v_person`).Scan(&n)
		}),
		fraiseql.Resolve("named", func(_ context.Context, a byName) (*fraiseql.Rows[person], error) {
			return fraiseql.From[person]("v_person").Where(fraiseql.Where{"name": fraiseql.Where{"eq": a.Name}}), nil
		}),
		fraiseql.Resolve("first", func(context.Context, struct{}) (*fraiseql.Row[person], error) {
			return fraiseql.From[person]("v_person").OrderBy(fraiseql.Order{"name": "DESC"}).One(), nil
		}),
		fraiseql.Resolve("wrong", func(context.Context, struct{}) (string, error) {
			return "", &fraiseql.Error{Code: fraiseql.CodeForbidden, Message: "ask an admin"}
		}),
	)
	a := started(t, o)
	for query, want := range map[string]string{
		`{ count }`:                             `{"data":{"count":"2"}}`,
		`{ named { name age } }`:                `{"data":{"named":[{"name":"Ada","age":36}]}}`,
		`{ named(name: "Bob") { name shout } }`: `{"data":{"named":[{"name":"Bob","shout":"BOB! of 1"}]}}`,
		`{ first { id } }`:                      `{"data":{"first":{"id":"b"}}}`,
		`{ people { shout } }`:                  `{"data":{"people":[{"shout":"ADA! of 2"},{"shout":"BOB! of 2"}]}}`,
	} {
		if w := ask(a, query); w.Code != http.StatusOK || strings.TrimSpace(w.Body.String()) != want {
			t.Errorf("%s: %d %s; want %s", query, w.Code, w.Body, want)
		}
	}
	if w := ask(a, `{ wrong people { id } }`); !strings.Contains(w.Body.String(), `"FORBIDDEN"`) || !strings.Contains(w.Body.String(), "ask an admin") || !strings.Contains(w.Body.String(), `"id":"a"`) {
		t.Errorf("wrong: %s", w.Body)
	}
	if _, err := kept.Exec(t.Context(), "SELECT 1"); !errors.Is(err, pool.ErrReleased) {
		t.Errorf("a kept lease: %v", err)
	}
}
