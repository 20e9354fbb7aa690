package engine_test

import (
	"context"
	"io"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/compile"
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

// page is the document of a page of a real site: about 2 KB, with fragments, variables, nested lists and filters.
const page = `query Page($first: Int! = 20, $author: ID!, $withDetails: Boolean! = true, $search: String) {
  newest: posts(limit: $first, orderBy: {createdAt: DESC}) { ...PostCard }
  byAuthor: posts(limit: 10, where: {AND: [{title: {contains: $search}}, {rating: {gte: 3}}]}, orderBy: {rating: DESC}) { ...PostCard ...PostDetails @include(if: $withDetails) }
  archive: posts(limit: 50, offset: 50, orderBy: {title: ASC}) { id title }
  author: user(id: $author) {
    ...Person
    posts(limit: 5, orderBy: {createdAt: DESC}) {
      ...PostCard
      comments(limit: 3) { ...CommentLine author { ...Person } }
    }
  }
  people: users(limit: 25, orderBy: {name: ASC}) {
    ...Person
    posts(limit: 3) { id title comments(limit: 2) { ...CommentLine } }
  }
  remarks: comments(limit: 15) { ...CommentLine author { ...Person } }
  best: posts(limit: 10, orderBy: [{rating: DESC_NULLS_LAST}, {title: ASC}], where: {status: {eq: published}}) { id title rating author { id name } }
  answers: comments(limit: 5, orderBy: {createdAt: DESC}) { ...CommentLine post { id title author { id name } } }
  feed: postsConnection(first: $first, orderBy: [{publishedAt: DESC}]) { edges { cursor node { ...PostCard } } pageInfo { hasNextPage endCursor } totalCount }
  numbers: postsAggregate(where: {status: {neq: draft}}) { count avg { rating } max { publishedAt } }
  kinds: postsGroups(by: [status], orderBy: [{count: DESC}]) { key { status } count }
  newcomers: users(limit: 5, orderBy: {createdAt: DESC}, where: {reputation: {lt: 10}}) { ...Person }
}

fragment Person on User {
  __typename
  id
  identifier
  name
  email
  bio
  reputation
  memberSince: createdAt
}

fragment PostCard on Post {
  __typename
  id
  identifier
  title
  status
  keywords
  rating
  publishedAt
  author { ...Person }
}

fragment PostDetails on Post {
  body
  metadata
  createdAt
  comments(limit: 20, orderBy: {createdAt: ASC}) {
    ...CommentLine
    author { ...Person posts(limit: 2) { id title } }
  }
}

fragment CommentLine on Comment {
  __typename
  id
  body
  createdAt
}
`

// BenchmarkFirstUse is what a document costs that was not seen before: reading, checking and planning it, over the
// example's schema.
func BenchmarkFirstUse(b *testing.B) {
	_, s := read(b, "blog")
	documents, err := gqlop.New(s, gqlop.Limits{CacheEntries: -1})
	if err != nil {
		b.Fatal(err)
	}
	compiler := compile.New(s, 1000, 5_000_000)
	if len(page) < 2000 {
		b.Fatalf("the document has %d bytes", len(page))
	}
	values := new(compile.Values)
	for name, plan := range map[string]bool{"read": false, "read and plan": true} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.ReportMetric(float64(len(page)), "bytes")
			for b.Loop() {
				op, err := documents.Read(&gqlop.Request{Query: page})
				if err != nil {
					b.Fatal(err)
				}
				if !plan {
					continue
				}
				if _, err := compiler.Bind(op, []byte(`{"author":"00a700b4-dda3-869e-aa7b-6f2d8849004e"}`), values, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
