//go:build !race

package httpapi_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/internal/httpapi"
)

// discard is a ResponseWriter without costs of its own.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}
func (d *discard) Flush()                      {}

func (d *discard) SetWriteDeadline(time.Time) error { return nil }

func (d *discard) SetReadDeadline(time.Time) error { return nil }

type body struct{ strings.Reader }

func (*body) Close() error { return nil }

const hotBody = `{"query":"query Users($first: Int!) { users(first: $first) { id name email } }","operationName":"Users","variables":{"first":10}}`

// hotPath makes a function that serves one usual request again and again.
func hotPath(o httpapi.Options) func() {
	r := httptest.NewRequest(http.MethodPost, "/graphql", http.NoBody)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/graphql-response+json, application/json;q=0.9")
	r.ContentLength = int64(len(hotBody))
	b := &body{}
	r.Body = b
	w := &discard{header: http.Header{}}
	h := httpapi.New(o)
	return func() {
		b.Reset(hotBody)
		clear(w.header)
		h.ServeHTTP(w, r)
	}
}

var hotAnswer = []byte(strings.Repeat("x", 8<<10))

func hot(_ context.Context, _ *gqlop.Request, out io.Writer) error {
	_, err := out.Write(hotAnswer)
	return err
}

// TestAllocations holds the transport's share of a request's allocations: the exchange, the id, two texts of the request, the
// length, and one for the principal's context.
func TestAllocations(t *testing.T) {
	const limit = 6
	if n := testing.AllocsPerRun(1000, hotPath(quiet(hot))); n > limit {
		t.Errorf("%v allocations for a request, want at most %d", n, limit)
	} else {
		t.Logf("%v allocations", n)
	}
	o := quiet(hot)
	ada := &auth.Principal{Subject: "ada"}
	o.Auth = authenticator(func(*http.Request) (*auth.Principal, error) { return ada, nil })
	if n := testing.AllocsPerRun(1000, hotPath(o)); n > limit {
		t.Errorf("%v allocations with a principal, want at most %d", n, limit)
	}
}

// TestTimingCostsNothingInProduction compares the allocations of a request with and without a wait.
func TestTimingCostsNothingInProduction(t *testing.T) {
	allocations := func(tells bool) float64 {
		o := quiet(func(ctx context.Context, r *gqlop.Request, out io.Writer) error {
			if tells {
				waited(out, time.Millisecond)
			}
			return hot(ctx, r, out)
		})
		o.Production = true
		return testing.AllocsPerRun(1000, hotPath(o))
	}
	if without, with := allocations(false), allocations(true); with > without {
		t.Errorf("%v allocations with a wait, %v without", with, without)
	}
}

func BenchmarkRequest(b *testing.B) {
	serve := hotPath(quiet(hot))
	b.ReportAllocs()
	for b.Loop() {
		serve()
	}
}
