package engine_test

import (
	"context"
	"io"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/gqlop"
)

var requests = map[string]gqlop.Request{
	"list":   {Query: `{ users(limit: 20) { id name email } }`},
	"nested": {Query: `{ posts(limit: 10) { id title author { id name } comments(limit: 50) { id body author { name } } } }`},
	"one":    {Query: `query($id: ID!) { user(id: $id) { id name email } }`, Variables: []byte(`{"id":"00a700b4-dda3-869e-aa7b-6f2d8849004e"}`)},
}

// BenchmarkExecute is a request without HTTP: its allocations are this project's own.
func BenchmarkExecute(b *testing.B) {
	e := start(b, "blog")
	for name, r := range requests {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := e.Execute(context.Background(), &r, io.Discard); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
