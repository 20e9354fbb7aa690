package gqlop_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
)

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func persisted(t *testing.T, bytes int) *gqlop.Persisted {
	t.Helper()
	p, err := gqlop.NewPersisted(bytes)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// register sends a text with an id, as a client does after it was told that the id is not known.
func register(p *gqlop.Persisted, id, text string) error {
	r := gqlop.Request{Query: text, DocumentID: id}
	err := p.Resolve(&r)
	if err == nil {
		p.Keep(&r)
	}
	return err
}

func TestPersistedQueries(t *testing.T) {
	t.Parallel()
	const query, other = `{ users { id } }`, `{ users { name } }`
	p := persisted(t, 1<<20)
	expect(t, p.Resolve(&gqlop.Request{DocumentID: hash(query)}), fault.PersistedQueryNotFound, "PersistedQueryNotFound")
	expect(t, register(p, hash(query), other), fault.PersistedQueryMismatch, "SHA-256")
	if err := register(p, "", query); err != nil { // an ordinary request
		t.Fatal(err)
	}
	expect(t, p.Resolve(&gqlop.Request{DocumentID: hash(query)}), fault.PersistedQueryNotFound, "PersistedQueryNotFound")

	// A text that turned out not to be valid is not kept.
	if err := p.Resolve(&gqlop.Request{DocumentID: hash(query), Query: query}); err != nil {
		t.Fatal(err)
	}
	expect(t, p.Resolve(&gqlop.Request{DocumentID: hash(query)}), fault.PersistedQueryNotFound, "PersistedQueryNotFound")

	if err := register(p, strings.ToUpper(hash(query)), query); err != nil {
		t.Fatal(err)
	}
	r := gqlop.Request{DocumentID: hash(query)}
	if err := p.Resolve(&r); err != nil || r.Query != query {
		t.Errorf("got %q, %v", r.Query, err)
	}
	expect(t, register(p, hash(query), other), fault.PersistedQueryMismatch, "SHA-256")
	if r = (gqlop.Request{DocumentID: hash(query)}); p.Resolve(&r) != nil || r.Query != query {
		t.Errorf("after a mismatch: %q", r.Query)
	}

	off := persisted(t, -1)
	expect(t, off.Resolve(&gqlop.Request{DocumentID: hash(query)}), fault.PersistedQueryNotSupported, "PersistedQueryNotSupported")
	expect(t, register(off, hash(query), other), fault.PersistedQueryMismatch, "SHA-256")
	if err := register(off, hash(query), query); err != nil {
		t.Error(err)
	}
	expect(t, off.Resolve(&gqlop.Request{DocumentID: hash(query)}), fault.PersistedQueryNotSupported, "PersistedQueryNotSupported")
}

// TestPersistedQueriesAreBounded sends many times what the store may hold, in few bytes and in many.
func TestPersistedQueriesAreBounded(t *testing.T) {
	t.Parallel()
	const limit = 64 << 10
	for name, filler := range map[string]string{"short": "", "long": strings.Repeat(" ", 4<<10)} {
		p := persisted(t, limit)
		known, size := 0, 0
		const sent = 2000
		for i := range sent {
			text := fmt.Sprintf("{ a%d }%s", i, filler)
			if err := register(p, hash(text), text); err != nil {
				t.Fatal(err)
			}
		}
		for i := range sent {
			text := fmt.Sprintf("{ a%d }%s", i, filler)
			if p.Resolve(&gqlop.Request{DocumentID: hash(text)}) == nil {
				known++
				size += len(text)
			}
		}
		if known == 0 || size > limit || known > limit/256 {
			t.Errorf("%s: %d queries of %d bytes are kept; at most %d and %d", name, known, size, limit/256, limit)
		}
	}
}

func TestTrustedDocuments(t *testing.T) {
	t.Parallel()
	const query = `query Users { users { id } }`
	for name, manifest := range map[string]string{
		"Apollo":        `{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [{"id": "` + hash(query) + `", "name": "Users", "type": "query", "body": "` + query + `"}]}`,
		"texts by id":   `{"` + hash(query) + `": "` + query + `"}`,
		"prefixed ids":  `{"sha256:` + hash(query) + `": "` + query + `"}`,
		"and another's": `{"` + hash(query) + `": "` + query + `", "format": "{ users { name } }"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			documents, err := gqlop.ReadManifest([]byte(manifest))
			if err != nil || documents[0].Name != "Users" {
				t.Fatal(documents, err)
			}
			p := gqlop.NewTrusted(documents)
			r := gqlop.Request{DocumentID: hash(query)}
			if err := p.Resolve(&r); err != nil || r.Query != query {
				t.Errorf("got %q, %v", r.Query, err)
			}
			expect(t, p.Resolve(&gqlop.Request{Query: query}), fault.PersistedQueryIDRequired, "only trusted documents")
			expect(t, p.Resolve(&gqlop.Request{}), fault.PersistedQueryIDRequired, "only trusted documents")
			expect(t, register(p, hash(query), query), fault.PersistedQueryIDRequired, "without the query")
			expect(t, register(p, hash(`{ a }`), `{ a }`), fault.PersistedQueryIDRequired, "without the query")
			expect(t, p.Resolve(&gqlop.Request{DocumentID: hash(`{ a }`)}), fault.PersistedQueryNotFound, "no trusted document")
		})
	}
}

func TestManifestsThatAreRefused(t *testing.T) {
	t.Parallel()
	for manifest, want := range map[string]string{
		`[]`:            "no JSON object",
		`{`:             "no JSON object",
		`{}`:            "no documents",
		`{"a": 1}`:      `"a" is no text`,
		`{"a": " "}`:    "needs both an id and a text",
		`{"": "{ a }"}`: "needs both an id and a text",
		`{"format": "other", "version": 1, "operations": []}`:                                                                                   `format "other"`,
		`{"format": "apollo-persisted-query-manifest", "version": 2, "operations": []}`:                                                         "of version 2",
		`{"format": "apollo-persisted-query-manifest", "version": 1, "operations": []}`:                                                         "no documents",
		`{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [{"id":"a","body":"{ a }"},{"id":"a","body":"{ b }"}]}`:      "stands for two documents",
		`{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [{"id":"a","body":"{ a }"},{"id":"sha256:a","body":"{a}"}]}`: "not the SHA-256",
		`{"sha256:` + hash(`{ a }`) + `": "{ b }"}`:                                                                                             "not the SHA-256 of its document",
	} {
		if found, err := gqlop.ReadManifest([]byte(manifest)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, %v; want %s", manifest, found, err, want)
		}
	}
}
