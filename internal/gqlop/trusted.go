package gqlop

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fraiseql/fraiseql-go/internal/fault"
)

// TrustedDocument is a document of a manifest.
type TrustedDocument struct {
	ID   string // as clients send it, less the prefix "sha256:"
	Name string // of its first operation, or as the manifest calls it; may be empty
	Text string
}

// hashPrefix marks an id that is the SHA-256 of the document.
// Source: GraphQL over HTTP, appendix "Persisted Documents", section "SHA256 Hex Document Identifier".
const hashPrefix = "sha256:"

// apolloFormat names the manifest that Apollo's tools write.
const apolloFormat = "apollo-persisted-query-manifest"

// ReadManifest reads a list of trusted documents: a manifest of Apollo's format, or one object of texts by id, as
// graphql-codegen and relay-compiler write it. Ids may be any text; one that begins with sha256: must be the hash.
func ReadManifest(text []byte) ([]TrustedDocument, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, fmt.Errorf("the manifest is no JSON object: %w", err)
	}
	var found []TrustedDocument
	var err error
	if format := string(members["format"]); format != "" && bytes.Contains(members["operations"], []byte("[")) {
		found, err = readApollo(text)
	} else {
		found, err = readMap(members)
	}
	if err == nil && len(found) == 0 {
		err = errors.New("the manifest has no documents, so nothing could be asked: add some, or leave it out")
	}
	if err != nil {
		return nil, err
	}
	texts := make(map[string]string, len(found))
	var faults []error
	for i := range found {
		d := &found[i]
		if err := d.normalize(); err != nil {
			faults = append(faults, err)
		} else if before, twice := texts[d.ID]; twice && before != d.Text {
			faults = append(faults, fmt.Errorf("the id %q stands for two documents: keep one", short(d.ID)))
		}
		texts[d.ID] = d.Text
	}
	return found, errors.Join(faults...)
}

func readApollo(text []byte) ([]TrustedDocument, error) {
	var manifest struct {
		Format     string
		Version    int
		Operations []struct{ ID, Name, Body string }
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		return nil, fmt.Errorf("the manifest: %w", err)
	}
	if manifest.Format != apolloFormat || manifest.Version != 1 {
		return nil, fmt.Errorf("the manifest has the format %q of version %d: only %q of version 1 is known, beside an object of texts by id", manifest.Format, manifest.Version, apolloFormat)
	}
	found := make([]TrustedDocument, len(manifest.Operations))
	for i, op := range manifest.Operations {
		found[i] = TrustedDocument{op.ID, op.Name, op.Body}
	}
	return found, nil
}

func readMap(members map[string]json.RawMessage) ([]TrustedDocument, error) {
	found := make([]TrustedDocument, 0, len(members))
	for _, id := range slices.Sorted(maps.Keys(members)) {
		var text string
		if err := json.Unmarshal(members[id], &text); err != nil {
			return nil, fmt.Errorf("the manifest's %q is no text: an object of documents by id is wanted, or one of the format %q", short(id), apolloFormat)
		}
		found = append(found, TrustedDocument{ID: id, Text: text})
	}
	return found, nil
}

func (d *TrustedDocument) normalize() error {
	id, isHash := strings.CutPrefix(d.ID, hashPrefix)
	if id == "" || strings.TrimSpace(d.Text) == "" {
		return fmt.Errorf("the document with the id %q and the name %q: it needs both an id and a text", short(d.ID), short(d.Name))
	}
	if sum := sha256.Sum256([]byte(d.Text)); isHash && hex.EncodeToString(sum[:]) != id {
		return fmt.Errorf("the id %q is not the SHA-256 of its document: make the manifest anew", short(d.ID))
	}
	d.ID = id
	if parsed, err := parse(d.Text, -1); d.Name == "" && err == nil {
		d.Name = parsed.Operations[0].Name
	}
	return nil
}

// TrimHash gives a document's id as a request or a manifest spells it, less its prefix.
func TrimHash(id string) string { return strings.TrimPrefix(id, hashPrefix) }

// Check tells whether a document is valid, without an operation being chosen; nil when it is. It keeps a valid one.
func (d *Documents) Check(text string) error {
	if _, err := d.load(text); err != nil {
		return fault.Of(err)
	}
	return nil
}
