package httpapi

import (
	"bytes"
	"encoding/json"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
)

// readPersisted makes one id out of the two ways in which a request can name its document: documentId, which it has
// already, and extensions.persistedQuery.
// Source: GraphQL over HTTP, appendix "Persisted Documents"; Apollo's protocol of automatic persisted queries, version 1.
func readPersisted(into *gqlop.Request) *fault.Error {
	into.DocumentID = gqlop.TrimHash(into.DocumentID)
	if !bytes.Contains(into.Extensions, []byte(`"persistedQuery"`)) { // most have none, and need not be read
		return nil
	}
	var extensions struct {
		PersistedQuery map[string]json.RawMessage `json:"persistedQuery"`
	}
	if err := json.Unmarshal(into.Extensions, &extensions); err != nil {
		return fault.Wrap(err, fault.BadUserInput, `extensions.persistedQuery must be an object with version and sha256Hash`)
	}
	asked := extensions.PersistedQuery
	if asked == nil {
		return nil
	}
	if version := string(asked["version"]); version != "1" {
		return fault.New(fault.BadUserInput, "extensions.persistedQuery has a version that is not known: send version 1")
	}
	var hash string
	if err := json.Unmarshal(asked["sha256Hash"], &hash); err != nil || hash == "" {
		return fault.New(fault.BadUserInput, "extensions.persistedQuery has no sha256Hash: send the SHA-256 of the query in lower-case hex, as a string")
	}
	if into.DocumentID != "" && into.DocumentID != hash {
		return fault.New(fault.BadUserInput, "documentId and extensions.persistedQuery name two documents: send one of them")
	}
	into.DocumentID = hash
	return nil
}
