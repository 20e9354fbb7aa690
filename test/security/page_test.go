package security_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/auth"
)

// TestForeignPage sends what browsers send for a page of another site.
func TestForeignPage(t *testing.T) {
	t.Parallel()
	const app, evil = "https://app.example.com", "https://evil.example"
	s := serve(t, fraiseql.Options{Production: true, AllowedOrigins: []string{app}, AllowCredentials: true, RateLimit: -1}, shop)
	cookie := []string{"Cookie", "session=1", "Sec-Fetch-Site", "cross-site"}
	const get = "/graphql?query=%7Bitems%7Bname%7D%7D"
	mutation := query(t, `mutation { addItem(input: {name: "forged"}) }`)
	attempts := map[string]struct {
		method, path, body string
		header             []string
		status             int
	}{
		"an image, a link, a script":      {"GET", get, "", cookie, 403},
		"of an old browser":               {"GET", get, "", []string{"Cookie", "session=1"}, 403},
		"a sister's site":                 {"GET", get, "", []string{"Sec-Fetch-Site", "same-site", "Cookie", "session=1"}, 403},
		"a script's simple GET":           {"GET", get, "", append([]string{"Origin", evil}, cookie...), 403},
		"a form":                          {"POST", "/graphql", "query=mutation", append([]string{"Content-Type", "application/x-www-form-urlencoded", "Origin", evil}, cookie...), 415},
		"a form with JSON in it":          {"POST", "/graphql", mutation, append([]string{"Content-Type", "text/plain", "Origin", evil}, cookie...), 415},
		"a form with files":               {"POST", "/graphql", mutation, append([]string{"Content-Type", "multipart/form-data; boundary=x", "Origin", evil}, cookie...), 415},
		"a disguised form":                {"POST", "/graphql", mutation, append([]string{"Content-Type", "text/plain; application/json", "Origin", evil}, cookie...), 415},
		"without a type":                  {"POST", "/graphql", mutation, append([]string{"Content-Type", "", "Origin", evil}, cookie...), 415},
		"a mutation by GET":               {"GET", "/graphql?query=mutation%7BaddItem(input:%7Bname:%22x%22%7D)%7D", "", cookie, 403},
		"a mutation by GET with a header": {"GET", "/graphql?query=mutation%7BaddItem(input:%7Bname:%22x%22%7D)%7D", "", []string{"Apollo-Require-Preflight", "1"}, 405},
		"a method override":               {"GET", get, "", append([]string{"X-HTTP-Method-Override", "POST"}, cookie...), 403},
		"a method of its own":             {"PUT", "/graphql", mutation, append([]string{"Content-Type", "application/json"}, cookie...), 405},
	}
	refused := 0
	for name, c := range attempts {
		status, header, answer := s.ask(t, c.method, c.path, c.body, c.header...)
		if status != c.status || strings.Contains(answer, "Apple") || strings.Contains(answer, `"data"`) || header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %d %v %s", name, status, header, answer)
			continue
		}
		refused++
	}
	if _, _, answer := s.post(t, query(t, `{ items { name } }`)); strings.Contains(answer, "forged") {
		t.Errorf("a mutation was forged: %s", answer)
	}
	shown(t, "CSRF: what a page of another site can make a browser send with the user's cookie", "403 CSRF, 405 or 415; nothing is read or written", "%d of %d refused", refused, len(attempts))

	closed := 0
	for _, origin := range []string{evil, "null", app + ".evil.example", "https://evil.example/" + app, "http://app.example.com", app + ":444", "https://app.example.com.", strings.ToUpper(app) + "X", app + ", " + evil} {
		_, header, _ := s.ask(t, http.MethodOptions, "/graphql", "", "Origin", origin, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type")
		_, answer, _ := s.post(t, query(t, `{ items { name } }`), "Origin", origin)
		if header.Get("Access-Control-Allow-Origin") != "" || answer.Get("Access-Control-Allow-Origin") != "" || header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: %v %v", origin, header, answer)
			continue
		}
		closed++
	}
	_, header, _ := s.ask(t, http.MethodOptions, "/graphql", "", "Origin", app, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type")
	if header.Get("Access-Control-Allow-Origin") != app || header.Get("Access-Control-Allow-Credentials") != "true" || !strings.Contains(strings.Join(header["Vary"], ","), "Origin") {
		t.Errorf("the listed one: %v", header)
	}
	if _, err := fraiseql.New(fraiseql.Options{DatabaseURL: "postgres://localhost/x", AllowedOrigins: []string{"*"}, AllowCredentials: true}); err == nil {
		t.Error("* with credentials is taken")
	}
	shown(t, "CORS: origins like a listed one, null, * with credentials", "no leave to read; * with credentials is refused at start", "%d of 9 get none, the listed one does", closed)
}

// TestFilesOfTheExplorer asks for other files by its paths.
func TestFilesOfTheExplorer(t *testing.T) {
	t.Parallel()
	s := serve(t, fraiseql.Options{}, shop)
	if status, _, _ := s.ask(t, http.MethodGet, "/_explorer/main.js", ""); status != 200 {
		t.Fatalf("the explorer has no files: %d", status)
	}
	attempts := []string{
		"/_explorer/../go.mod", "/_explorer/../../../../etc/passwd", "/_explorer/..%2f..%2f..%2fetc%2fpasswd", "/_explorer/%2e%2e/%2e%2e/etc/passwd", "/_explorer/..%5c..%5cetc%5cpasswd",
		"/_explorer//etc/passwd", "/_explorer/%00", "/_explorer/main.js%00.txt", "/_explorer/....//etc/passwd", "/_explorer/", "/_explorer/assets", "/_explorer/page.html", "/_explorer/explorer.go", "/_explorer/C:/windows/win.ini", "/_explorer/.git/config",
	}
	for _, path := range attempts {
		answer, _ := s.raw(t, "GET "+path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		status := strings.TrimPrefix(answer[:min(12, len(answer))], "HTTP/1.1 ")
		if status != "404" && status != "400" && !strings.HasPrefix(status, "30") || strings.Contains(answer, "root:") || strings.Contains(answer, "module ") {
			t.Errorf("%s: %.300s", path, answer)
		}
	}
	shown(t, "path traversal on the explorer's files", "404, 400, or a redirect to the plain path", "%d of %d found nothing", len(attempts), len(attempts))
}

// TestSettingsFromOutside tries to name settings of the database session, or to set the tenant, in every place of a request.
func TestSettingsFromOutside(t *testing.T) {
	t.Parallel()
	tenants := auth.InsecureDevAuth{Username: "red", Password: "pw"} // the principal's sub is the name
	s := serve(t, fraiseql.Options{InsecureDevAuth: tenants, SessionClaims: map[string]string{"app.tenant": "sub"}}, shop)
	header := []string{"Authorization", "Basic cmVkOnB3"}
	_, _, honest := s.post(t, query(t, `{ items { name } }`), header...)
	if !strings.Contains(honest, "Apple") || strings.Contains(honest, "Boat") {
		t.Fatalf("honest: %s", honest)
	}
	for name, c := range map[string]struct {
		body   string
		header []string
	}{
		"headers":    {query(t, `{ items { name } }`), []string{"app.tenant", "blue", "X-App-Tenant", "blue", "App.Tenant", "blue", "X-Tenant", "blue", "Pgoptions", "-c app.tenant=blue", "Role", "postgres", "X-Hasura-Role", "admin"}},
		"extensions": {body(t, map[string]any{"query": `{ items { name } }`, "extensions": map[string]any{"app.tenant": "blue", "role": "postgres", "settings": map[string]any{"app.tenant": "blue"}, "claims": map[string]any{"sub": "blue"}}}), nil},
		"variables":  {body(t, map[string]any{"query": `{ items { name } }`, "variables": map[string]any{"app.tenant": "blue", "sub": "blue"}}), nil},
		"members":    {body(t, map[string]any{"query": `{ items { name } }`, "app.tenant": "blue", "session": map[string]any{"app.tenant": "blue"}, "role": "postgres"}), nil},
		"a comment":  {query(t, "# set app.tenant = 'blue'\n{ items { name } }"), nil},
		"a name":     {body(t, map[string]any{"query": `query set_config { items { name } }`, "operationName": "set_config"}), nil},
	} {
		if _, _, answer := s.post(t, c.body, append(c.header, header...)...); answer != honest {
			t.Errorf("%s: %s, and honestly it is %s", name, answer, honest)
		}
	}
	for _, param := range []string{"app.tenant=blue", "options=-c%20app.tenant%3Dblue", "role=postgres", "sub=blue"} {
		if _, _, answer := s.ask(t, http.MethodGet, "/graphql?query=%7Bitems%7Bname%7D%7D&"+param, "", header...); answer != honest {
			t.Errorf("%s: %s", param, answer)
		}
	}
	shown(t, "a setting's or a role's name from the client, in ten places", "the settings are those of the claims", "10 of 10 changed nothing")
}
