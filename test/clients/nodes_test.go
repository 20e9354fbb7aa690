package clients_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

var queryText = regexp.MustCompile(`"text": ("(?:[^"\\]|\\.)*")`)

// TestRelayRefetches has Relay's compiler make the queries that fetch a row again by its global id, and asks them.
func TestRelayRefetches(t *testing.T) {
	t.Parallel()
	s := apptest.Serve(t, fraiseql.Options{GlobalNode: "nodeId"}, apptest.Example(t, "blog")...)
	made := relay(t, []byte(s.App.Schema()), "nodes.js", `{"nodeInterfaceIdField": "nodeId"}`)
	if err, ok := made["error"]; ok {
		t.Fatal(err)
	}
	ask := func(name string, variables any) map[string]any {
		t.Helper()
		found := queryText.FindStringSubmatch(made[name+".graphql.js"])
		var text string
		if found == nil || json.Unmarshal([]byte(found[1]), &text) != nil {
			t.Fatalf("no query in %s", made[name+".graphql.js"])
		}
		var data map[string]any
		if err := json.Unmarshal([]byte(s.Query(t, text, variables)), &data); err != nil {
			t.Fatal(err)
		}
		return data
	}
	for _, row := range ask("nodesTagsQuery", nil)["tags"].([]any) {
		tag := row.(map[string]any)
		if tag["nodeId"] == nil || tag["name"] == nil {
			t.Fatalf("got %v, want what the store goes by too", tag)
		}
		for _, name := range []string{"nodesTagRefetchQuery", "nodesAnyRefetchQuery"} {
			again := ask(name, map[string]any{"nodeId": tag["nodeId"]})["node"].(map[string]any)
			if again["name"] != tag["name"] || again["nodeId"] != tag["nodeId"] || again["__typename"] != "Tag" {
				t.Errorf("%s gave %v for %v", name, again, tag)
			}
		}
	}
	if err := relay(t, []byte(strings.ReplaceAll(s.App.Schema(), "type Tag implements Node", "type Tag")), "nodes.js", `{"nodeInterfaceIdField": "nodeId"}`)["error"]; err == "" {
		t.Error("the compiler does not miss Node")
	}
}
