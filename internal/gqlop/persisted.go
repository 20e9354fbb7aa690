package gqlop

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/maypok86/otter/v2"

	"github.com/fraiseql/fraiseql-go/internal/fault"
)

// Persisted finds the text of a document that a request names by its id. There are two kinds. Clients fill the one of
// [NewPersisted]: they send id and text once, and the id alone afterwards, which is what Apollo calls automatic persisted
// queries. [NewTrusted] has a list that nobody adds to, and no other document runs. It is safe for concurrent use, and
// outlives a schema: it holds texts, which Documents reads anew against each.
type Persisted struct {
	trusted map[string]string            // text by id; nil: clients persist
	texts   *otter.Cache[string, string] // by the SHA-256 in lower-case hex; nil: nothing is kept
}

// persistedOverhead is about what an entry costs beside its text; it also bounds the number of entries.
const persistedOverhead = 256

// NewPersisted makes a store that keeps texts of up to so many bytes in all, those asked for most often; with less than 1 it
// keeps none and tells clients to send texts.
func NewPersisted(bytes int) (*Persisted, error) {
	if bytes < 1 {
		return &Persisted{}, nil
	}
	texts, err := otter.New(&otter.Options[string, string]{
		Executor:      func(fn func()) { fn() },
		Logger:        &otter.NoopLogger{},
		MaximumWeight: uint64(bytes),
		Weigher: func(_ string, text string) uint32 {
			return uint32(min(len(text), 1<<30)) + persistedOverhead
		},
	})
	if err != nil {
		return nil, fmt.Errorf("store of persisted queries: %w", err)
	}
	return &Persisted{texts: texts}, nil
}

// NewTrusted makes a store of documents besides which nothing runs.
func NewTrusted(documents []TrustedDocument) *Persisted {
	p := &Persisted{trusted: make(map[string]string, len(documents))}
	for _, d := range documents {
		p.trusted[d.ID] = d.Text
	}
	return p
}

// Resolve gives a request that names its document by an id the document's text. A text that comes with an id must be the
// one that it stands for. What it refuses has a code that begins with PERSISTED_QUERY; the messages of two of them are those
// that clients look for.
// Source: Apollo's protocol of automatic persisted queries; GraphQL over HTTP, appendix "Persisted Documents".
func (p *Persisted) Resolve(r *Request) error {
	switch {
	case p.trusted != nil:
		return p.resolveTrusted(r)
	case r.DocumentID == "":
		return nil
	case r.Query != "":
		sum := sha256.Sum256([]byte(r.Query))
		if hex.EncodeToString(sum[:]) != strings.ToLower(r.DocumentID) {
			return fault.New(fault.PersistedQueryMismatch, "the id is not the SHA-256 of the query in lower-case hex: hash the very text that is sent")
		}
		r.persist = p.texts != nil
		return nil
	case p.texts == nil:
		return fault.New(fault.PersistedQueryNotSupported, "PersistedQueryNotSupported")
	}
	text, ok := p.texts.GetIfPresent(strings.ToLower(r.DocumentID))
	if !ok {
		return fault.New(fault.PersistedQueryNotFound, "PersistedQueryNotFound")
	}
	r.Query, r.known = text, true
	return nil
}

func (p *Persisted) resolveTrusted(r *Request) error {
	switch {
	case r.DocumentID == "":
		return fault.New(fault.PersistedQueryIDRequired, "only trusted documents are served here: send documentId, or extensions.persistedQuery, and no query")
	case r.Query != "":
		return fault.New(fault.PersistedQueryIDRequired, "only trusted documents are served here: send the id without the query")
	}
	text, ok := p.trusted[r.DocumentID]
	if !ok {
		return fault.New(fault.PersistedQueryNotFound, "%q is the id of no trusted document: add the document to the manifest", short(r.DocumentID))
	}
	r.Query, r.known = text, true
	return nil
}

// Keep stores the text of a request that came with its id, once it is known to be a valid document: what does not
// validate takes nobody's place.
func (p *Persisted) Keep(r *Request) {
	if r.persist {
		p.texts.SetIfAbsent(strings.ToLower(r.DocumentID), strings.Clone(r.Query))
	}
}
