package audit_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/examples"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(hangingUp{pgtest.Runner(m)}) }

// hangingUp runs tests and then ends what the default client keeps open.
type hangingUp struct{ tests interface{ Run() int } }

func (h hangingUp) Run() int {
	defer http.DefaultClient.CloseIdleConnections()
	return h.tests.Run()
}

// serve serves an example with the default options, behind a layer that a test may put in between, and gives its address.
func serve(t *testing.T, example string, between func(app http.Handler) http.Handler) string {
	t.Helper()
	files, err := examples.SQL(example)
	if err != nil {
		t.Fatal(err)
	}
	var sql []string
	for _, file := range files {
		sql = append(sql, file.SQL)
	}
	app, err := fraiseql.New(fraiseql.Options{DatabaseURL: pgtest.New(t, sql...).URL, Description: `What "` + example + `" tells.`, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := app.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
	})
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	var handler http.Handler = app
	if between != nil {
		handler = between(app)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL
}
