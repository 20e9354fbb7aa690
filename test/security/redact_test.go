package security_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// troubled finds out who asks, unless its directory is down.
type troubled struct{}

func (troubled) Authenticate(r *http.Request) (*auth.Principal, error) {
	if r.Header.Get("X-Trouble") == "auth" {
		return nil, errors.New("secret: the directory at ldap.internal is down")
	}
	return &auth.Principal{Subject: "ada"}, nil
}

// TestProductionTellsNothing makes everything go wrong that can, and looks for what a client must not learn. The log has it,
// under the request id of the answer.
func TestProductionTellsNothing(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, shop, `
CREATE VIEW v_broken AS SELECT id, (SELECT secret FROM canary WHERE canary.id = n)::int AS number FROM generate_series(1, 3) AS n, LATERAL (SELECT n AS id) AS i;
COMMENT ON VIEW v_broken IS '@fraiseql:type
name: Broken
queries: {one: false, list: brokens}';
CREATE FUNCTION fn_spill(input jsonb) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT secret FROM tb_missing); END $$;
COMMENT ON FUNCTION fn_spill IS '@fraiseql:mutation
name: spill';`)
	link := pgtest.Proxy(t, db.URL)
	s := serve(t, fraiseql.Options{
		DatabaseURL: link.Through(t, db.URL), Production: true, RateLimit: -1, Auth: troubled{}, ConnectionPoolSize: 1, ConnectionPoolMaxOverflow: -1, ConnectionPoolTimeout: 2 * time.Second,
		Context: func(r *http.Request) (context.Context, error) {
			if r.Header.Get("X-Trouble") == "context" {
				return nil, errors.New("secret: no row in tb_tenant")
			}
			if r.Header.Get("X-Trouble") == "context panic" {
				panic("secret: nil map in tenant.go")
			}
			return context.WithValue(r.Context(), tenantKey{}, r.Header.Get("X-Trouble")), nil
		},
		Session: func(ctx context.Context) (auth.Settings, error) {
			if ctx.Value(tenantKey{}) == "session" {
				return auth.Settings{}, errors.New("secret: no such tenant in tb_tenant")
			}
			return auth.Settings{}, nil
		},
		Queries: []fraiseql.Query{
			fraiseql.Resolve("panics", func(context.Context, struct{}) (*string, error) { panic("secret: index out of range") }),
			fraiseql.Resolve("fails", func(context.Context, struct{}) (*string, error) {
				return nil, fmt.Errorf("secret: dialing 10.0.0.7: %w", errors.New("refused"))
			}),
			fraiseql.Resolve("wrongSQL", func(ctx context.Context, _ struct{}) (*string, error) {
				_, err := fraiseql.DB(ctx).Exec(ctx, `SELECT secret FROM tb_missing`)
				return nil, err
			}),
		},
	})
	told := 0
	check := func(name, code, answer string) {
		t.Helper()
		for _, secret := range []string{"secret", "feathers", "canary", "tb_", "v_broken", "SELECT", "goroutine", ".go:", "internal:", "127.0.0.1", "ldap", `"cause"`} {
			if strings.Contains(answer, secret) {
				t.Errorf("%s: %q is told: %s", name, secret, answer)
			}
		}
		var a struct {
			Errors []struct {
				Extensions struct{ Code, RequestID string }
			}
		}
		if err := json.Unmarshal([]byte(answer), &a); err != nil || len(a.Errors) == 0 || a.Errors[0].Extensions.Code != code {
			t.Errorf("%s: want %s: %s (%v)", name, code, answer, err)
			return
		}
		if code != "INTERNAL" && code != "DATABASE_ERROR" {
			told++
			return
		}
		id := a.Errors[0].Extensions.RequestID
		if id == "" {
			t.Errorf("%s: no request id: %s", name, answer)
			return
		}
		apptest.Until(t, name+": the log has the cause under the request id", func() bool { // it is written when the answer has left
			for line := range strings.SplitSeq(s.log.String(), "\n") {
				if strings.Contains(line, id) && (strings.Contains(line, "secret") || strings.Contains(line, "tb_")) {
					return true
				}
			}
			return false
		})
		told++
	}
	for name, c := range map[string]struct{ query, trouble, code string }{
		"a resolver that panics":       {`{ panics }`, "", "INTERNAL"},
		"a resolver that fails":        {`{ fails }`, "", "INTERNAL"},
		"a resolver's wrong SQL":       {`{ wrongSQL }`, "", "DATABASE_ERROR"},
		"a function's wrong SQL":       {`mutation { spill(input: {}) }`, "", "DATABASE_ERROR"},
		"Context that fails":           {`{ __typename }`, "context", "INTERNAL"},
		"Context that panics":          {`{ __typename }`, "context panic", "INTERNAL"},
		"Session that fails":           {`{ items { name } }`, "session", "INTERNAL"},
		"an authenticator in trouble":  {`{ __typename }`, "auth", "INTERNAL"},
		"a value that is no number":    {`{ brokens { number } }`, "", "BAD_USER_INPUT"},
		"a document that is no text":   {`{ items(where: {name: {eq: 5}}) { name } }`, "", "GRAPHQL_VALIDATION_FAILED"},
		"a document that does not end": {`{ items { name `, "", "GRAPHQL_PARSE_FAILED"},
	} {
		_, _, answer := s.post(t, query(t, c.query), "X-Trouble", c.trouble)
		check(name, c.code, answer)
	}
	link.Reject(true)
	link.RST()
	for range 3 {
		_, _, answer := s.post(t, query(t, `{ items { name } }`))
		if strings.Contains(answer, `"data":{`) && !strings.Contains(answer, "errors") {
			t.Errorf("without a database: %s", answer)
		}
		for _, secret := range []string{"127.0.0.1", "dial", "refused:", "SELECT", "postgres"} {
			if strings.Contains(answer, secret) {
				t.Errorf("without a database: %q is told: %s", secret, answer)
			}
		}
	}
	if _, _, answer := s.ask(t, http.MethodGet, "/ready", ""); strings.Contains(answer, "127.0.0.1") || strings.Contains(answer, "dial") {
		t.Errorf("/ready tells clients %s", answer)
	}
	link.Reject(false)
	shown(t, "everything goes wrong in production: panics, failing hooks, errors of the database, no database", "general messages; the cause is in the log under the answer's request id", "%d of 11 kinds of errors told nothing more", told)
}
