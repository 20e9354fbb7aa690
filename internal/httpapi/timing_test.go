package httpapi_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/internal/httpapi"
)

func waited(out io.Writer, d time.Duration) {
	out.(interface{ PoolWaited(time.Duration) }).PoolWaited(d)
}

func TestServerTiming(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer execute
		want   []string // in development
	}{
		"a short answer": {func(_ context.Context, _ *gqlop.Request, out io.Writer) error {
			waited(out, 1500*time.Microsecond)
			return write(out, `{"data":{}}`)
		}, []string{"pool;dur=1.5"}},
		"below a microsecond": {func(_ context.Context, _ *gqlop.Request, out io.Writer) error {
			waited(out, 1234)
			return write(out, `{"data":{}}`)
		}, []string{"pool;dur=0.001"}},
		"no wait": {func(_ context.Context, _ *gqlop.Request, out io.Writer) error {
			waited(out, 0)
			return write(out, `{"data":{}}`)
		}, []string{"pool;dur=0"}},
		"twice": {func(_ context.Context, _ *gqlop.Request, out io.Writer) error {
			waited(out, time.Second)
			waited(out, 20*time.Millisecond)
			return write(out, `{"data":{}}`)
		}, []string{"pool;dur=1020"}},
		"a streamed answer": {func(_ context.Context, _ *gqlop.Request, out io.Writer) error {
			waited(out, time.Millisecond)
			return write(out, `{"data":"`+strings.Repeat("x", 1<<20)+`"}`)
		}, []string{"pool;dur=1"}},
		"a refusal": {func(_ context.Context, _ *gqlop.Request, out io.Writer) error {
			waited(out, 30*time.Second)
			return fault.New(fault.PoolTimeout, "no connection")
		}, []string{"pool;dur=30000"}},
		"no connection was needed": {scripted, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, production := range []bool{false, true} {
				for _, before := range [][]string{nil, {"proxy;dur=3"}} { // what a handler around this one has set stays
					o := quiet(c.answer)
					o.Production = production
					r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(`{"query":"{a}"}`))
					r.Header.Set("Content-Type", "application/json")
					w := httptest.NewRecorder()
					w.Header()["Server-Timing"] = slices.Clone(before)
					httpapi.New(o).ServeHTTP(w, r)
					want := slices.Clone(before)
					if !production {
						want = append(want, c.want...)
					}
					if got := w.Result().Header["Server-Timing"]; !slices.Equal(got, want) {
						t.Errorf("production %t, before %q: got %q, want %q", production, before, got, want)
					}
				}
			}
		})
	}
}
