package e2e_test

import (
	"context"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// TestSessionEndedUnheard: a server may end a session in the moment in which a query is sent on it. It has not heard of
// the query then, and the client does not hear of it either: the query is sent once more, on another connection. A query
// that the server had begun is not repeated.
func TestSessionEndedUnheard(t *testing.T) {
	t.Parallel()
	const sql = `
create view v_thing as select n as id from generate_series(1, 3) n;
comment on view v_thing is '@fraiseql:type
name: Thing';`
	for name, session := range map[string]func(context.Context) (auth.Settings, error){
		"plain": nil,
		"with settings": func(context.Context) (auth.Settings, error) {
			return auth.Settings{Values: map[string]string{"app.tenant": "x"}}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, fraiseql.Options{ConnectionPoolSize: 4, ConnectionPoolMaxOverflow: -1, Session: session}, sql)
			const query = `{ things(limit: 1) { id } more: things(limit: 1) { id } }`
			const want = `{"things":[{"id":"1"}],"more":[{"id":"1"}]}`
			apptest.Expect(t, "at rest", s.Query(t, query, nil), want)
			s.Link.ResetOnSend(1)
			a := s.Counted(t, apptest.AnyTrips, 2, query, nil) // beside it the pool pings the others, and connects
			if len(a.Errors) > 0 {
				t.Errorf("one session ended: %s", a.Body)
			}
			apptest.Expect(t, "one session ended", string(a.Data), want)

			apptest.Settle(t, s.App)
			s.Link.CutBefore('2', 1) // BindComplete: the server has heard the query, and the client nothing
			if a := s.Send(t, query, nil); a.Code() != "DATABASE_ERROR" {
				t.Errorf("ended after it was heard: %s", a.Body)
			}
			apptest.Expect(t, "afterwards", string(s.Send(t, query, nil).Data), want)
		})
	}
}
