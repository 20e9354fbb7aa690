package security_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go"
)

func body(t testing.TB, members map[string]any) string {
	t.Helper()
	b, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func query(t testing.TB, text string) string { return body(t, map[string]any{"query": text}) }

// TestIntrospectionInProduction: introspection is off, by one rule and not by the look of the text.
func TestIntrospectionInProduction(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{Production: true, RateLimit: -1}, shop)
	hidden := 0
	attempts := []string{
		`{ __schema { types { name } } }`, `{ __type(name: "Item") { fields { name } } }`, `{ a: __schema { queryType { name } } }`,
		`query { ...F } fragment F on Query { __schema { types { name } } }`, `{ ... on Query { __schema { types { name } } } }`,
		"{ \n#\n __schema { types { name } } }", `query Q { items { name } } query I { __schema { types { name } } }`,
		`query($no: Boolean = false) { __schema @include(if: $no) { types { name } } }`, `mutation { __schema { types { name } } }`,
	}
	for _, attempt := range attempts {
		_, _, answer := s.post(t, query(t, attempt))
		if strings.Contains(answer, `"data"`) || strings.Contains(answer, "Item") || strings.Contains(answer, "did you mean") {
			t.Errorf("%s: %s", attempt, answer)
			continue
		}
		hidden++
	}
	if status, _, answer := s.ask(t, http.MethodGet, "/schema.graphql", ""); status != http.StatusNotFound {
		t.Errorf("/schema.graphql: %d %s", status, answer)
	}
	for _, misspelt := range []string{`{ itens { name } }`, `{ items { nane } }`, `{ items(wher: {}) { name } }`, `{ items(where: {nam: {eq: "x"}}) { name } }`} {
		if _, _, answer := s.post(t, query(t, misspelt)); strings.Contains(answer, "did you mean") || !strings.Contains(answer, "GRAPHQL_VALIDATION_FAILED") {
			t.Errorf("%s: %s", misspelt, answer)
		}
	}
	shown(t, "introspection in production, misspelt names to learn the schema by", "validation errors without suggestions", "%d of %d ways told nothing", hidden, len(attempts))

	served := 0
	for _, text := range []string{
		"{ items { name __typename } } # __schema", "# __schema { types }\n{ items { name __typename } }", `{ items(where: {name: {neq: "__schema"}}) { name __typename } }`,
		`query __schema_ { items { name __typename } }`, "{ items { name, # __type(name: \"x\")\n __typename } }",
	} {
		if _, _, answer := s.post(t, query(t, text)); !strings.Contains(answer, `"__typename":"Item"`) {
			t.Errorf("%s: %s", text, answer)
			continue
		}
		served++
	}
	shown(t, "# __schema in a comment, a text or a name", "answered as without it; __typename stays", "%d of 5 answered", served)
}

// TestAliasesAndBatches: neither is a way around the limits.
func TestAliasesAndBatches(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{Production: true, RateLimit: -1}, shop)
	aliases := func(n int, field string) string {
		var b strings.Builder
		b.WriteString("{")
		for i := range n {
			fmt.Fprintf(&b, " a%d: %s", i, field)
		}
		return b.String() + " }"
	}
	for name, text := range map[string]string{
		"51 root fields":           aliases(51, "__typename"),
		"501 aliases below one":    `{ items ` + aliases(501, "name") + ` }`,
		"51 spread over fragments": `{ ...F ...G } fragment F on Query ` + aliases(30, "__typename") + ` fragment G on Query ` + strings.ReplaceAll(aliases(30, "__typename"), " a", " b"),
	} {
		if _, _, answer := s.post(t, query(t, text)); !strings.Contains(answer, "TOO_MANY_FIELDS") || strings.Contains(answer, `"data"`) {
			t.Errorf("%s: %.300s", name, answer)
		}
	}
	shown(t, "more root fields and aliases than the limit", "TOO_MANY_FIELDS", "refused before a connection is borrowed")

	batch := "[" + strings.TrimSuffix(strings.Repeat(query(t, `{ __typename }`)+",", 1000), ",") + "]"
	status, _, answer := s.post(t, batch)
	if status != http.StatusBadRequest || !strings.Contains(answer, "batches are not served") {
		t.Errorf("a batch: %d %.300s", status, answer)
	}
	shown(t, "a batch of 1,000 operations in one request", "400", "%d", status)

	limited := serve(t, fraiseql.Options{RateLimit: 1, RateBurst: 50}, shop)
	fields := 0
	for range 100 {
		if status, _, _ := limited.post(t, query(t, aliases(50, "__typename"))); status == http.StatusOK {
			fields += 50
		}
	}
	if fields < 50 || fields > 200 { // 50, and what a slow machine's time adds
		t.Errorf("%d root fields were answered", fields)
	}
	status, header, answer := limited.post(t, query(t, `{ __typename }`))
	if status != http.StatusTooManyRequests || header.Get("Retry-After") == "" || !strings.Contains(answer, "RATE_LIMITED") {
		t.Errorf("%d %v %s", status, header, answer)
	}
	shown(t, "aliases against the rate limit: 5,000 root fields in 100 requests, 50 at once and one a second allowed", "at most 50 and one a second, then 429 and Retry-After", "%d answered, then %d, Retry-After %s", fields, status, header.Get("Retry-After"))
}

// TestHashPoisoning: a hash stands for its own text, or for none.
func TestHashPoisoning(t *testing.T) {
	t.Parallel()
	const victim, evil = `{ items { name } }`, `{ items { name id } }`
	sum := sha256.Sum256([]byte(victim))
	hash := hex.EncodeToString(sum[:])
	apq := func(members map[string]any) string {
		members["extensions"] = map[string]any{"persistedQuery": map[string]any{"version": 1, "sha256Hash": hash}}
		return body(t, members)
	}
	s := serve(t, fraiseql.Options{}, shop)
	_, _, first := s.post(t, apq(map[string]any{"query": evil}))
	_, _, second := s.ask(t, http.MethodGet, "/graphql?"+url.Values{"query": {evil}, "documentId": {"sha256:" + hash}}.Encode(), "")
	_, _, third := s.post(t, body(t, map[string]any{"query": evil, "documentId": "sha256:" + hash}))
	for _, answer := range []string{first, second, third} {
		if !strings.Contains(answer, "PERSISTED_QUERY_MISMATCH") || strings.Contains(answer, "Apple") {
			t.Errorf("poisoning: %s", answer)
		}
	}
	if _, _, answer := s.post(t, apq(map[string]any{})); !strings.Contains(answer, `"PersistedQueryNotFound"`) {
		t.Errorf("the poison was stored: %s", answer)
	}
	if _, _, answer := s.post(t, apq(map[string]any{"query": victim})); !strings.Contains(answer, "Apple") {
		t.Errorf("the victim: %s", answer)
	}
	_, _, again := s.post(t, apq(map[string]any{"query": evil}))
	_, _, served := s.post(t, apq(map[string]any{}))
	if !strings.Contains(again, "PERSISTED_QUERY_MISMATCH") || !strings.Contains(served, "Apple") || strings.Contains(served, `"id"`) {
		t.Errorf("after the victim: %s %s", again, served)
	}
	mutation := `mutation { addItem(input: {name: "by GET"}) }`
	sum = sha256.Sum256([]byte(mutation))
	hash = hex.EncodeToString(sum[:])
	s.post(t, apq(map[string]any{"query": mutation}))
	status, _, _ := s.ask(t, http.MethodGet, "/graphql?documentId=sha256:"+hash, "")
	if status != http.StatusMethodNotAllowed {
		t.Errorf("a mutation by its hash and GET: %d", status)
	}
	shown(t, "hash poisoning: another text under a query's hash, before and after the honest one", "PERSISTED_QUERY_MISMATCH, never stored", "3 refused, the honest text is what the hash runs")

	file := filepath.Join(t.TempDir(), "trusted.json")
	sum = sha256.Sum256([]byte(victim))
	hash = hex.EncodeToString(sum[:])
	if err := os.WriteFile(file, []byte(fmt.Sprintf(`{%q: %q}`, hash, victim)), 0o600); err != nil {
		t.Fatal(err)
	}
	trusting := serve(t, fraiseql.Options{TrustedDocuments: file}, shop)
	for _, members := range []map[string]any{{"query": evil}, {"query": victim}, {"query": evil, "documentId": hash}, {"documentId": "../" + filepath.Base(file)}, {"documentId": file}, {"documentId": "constructor"}, {"query": ""}, {"query": "# " + hash}} {
		if _, _, answer := trusting.post(t, body(t, members)); strings.Contains(answer, "Apple") || !strings.Contains(answer, "PERSISTED_QUERY_") {
			t.Errorf("%v: %s", members, answer)
		}
	}
	if _, _, answer := trusting.post(t, body(t, map[string]any{"documentId": "sha256:" + hash})); !strings.Contains(answer, "Apple") {
		t.Errorf("trusted: %s", answer)
	}
	shown(t, "documents that are not in the manifest, texts with a trusted hash", "PERSISTED_QUERY_ID_REQUIRED or _NOT_FOUND", "8 of 8 refused, the trusted one runs")
}
