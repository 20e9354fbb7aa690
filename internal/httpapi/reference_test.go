package httpapi_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/internal/httpapi"
)

// reference reads a body by encoding/json, token by token, since its structs ignore the case of keys.
func reference(body []byte) (r gqlop.Request, ok bool) {
	if !utf8.Valid(body) || !json.Valid(body) || deeperThan(body, 500) {
		return r, false
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return r, false
	}
	ok = true
	hasQuery := false
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return r, false
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return r, false
		}
		switch key {
		case "query":
			hasQuery = true
			ok = ok && raw[0] == '"' && json.Unmarshal(raw, &r.Query) == nil
		case "operationName":
			r.OperationName = ""
			ok = ok && (raw[0] == '"' || raw[0] == 'n') && json.Unmarshal(raw, &r.OperationName) == nil
		case "documentId":
			r.DocumentID = ""
			ok = ok && (raw[0] == '"' || raw[0] == 'n') && json.Unmarshal(raw, &r.DocumentID) == nil
		case "variables":
			r.Variables = raw
			ok = ok && (raw[0] == '{' || raw[0] == 'n')
		case "extensions":
			r.Extensions = raw
			ok = ok && (raw[0] == '{' || raw[0] == 'n')
		}
	}
	for _, j := range []*json.RawMessage{&r.Variables, &r.Extensions} {
		if string(*j) == "null" {
			*j = nil
		}
	}
	r.DocumentID = strings.TrimPrefix(r.DocumentID, "sha256:")
	var extensions map[string]json.RawMessage
	if json.Unmarshal(r.Extensions, &extensions) == nil && string(extensions["persistedQuery"]) > "null" {
		var asked map[string]json.RawMessage
		var hash string
		ok = ok && json.Unmarshal(extensions["persistedQuery"], &asked) == nil && string(asked["version"]) == "1" &&
			json.Unmarshal(asked["sha256Hash"], &hash) == nil && hash != "" && (r.DocumentID == "" || r.DocumentID == hash)
		r.DocumentID = hash
	}
	return r, ok && (hasQuery || r.DocumentID != "")
}

func deeperThan(body []byte, limit int) bool {
	d := json.NewDecoder(bytes.NewReader(body))
	depth := 0
	for {
		t, err := d.Token()
		if err != nil {
			return false
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth > limit {
			return true
		}
	}
}

// roundTrip posts a body, without its length when hide is set.
func roundTrip(o httpapi.Options, body string, hide bool) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if hide {
		r.ContentLength = -1
	}
	w := httptest.NewRecorder()
	httpapi.New(o).ServeHTTP(w, r)
	return w
}

func serveURL(o httpapi.Options, u *url.URL) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/graphql", http.NoBody)
	r.URL = u
	w := httptest.NewRecorder()
	httpapi.New(o).ServeHTTP(w, r)
	return w
}
