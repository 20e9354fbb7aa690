package cli_test

import (
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fraiseql/fraiseql-go/internal/cli"
)

func TestWithoutSecret(t *testing.T) {
	t.Parallel()
	for _, c := range [...]struct{ option, value, want string }{
		{"database-url", "postgres://app@localhost/shop", "postgres://app@localhost/shop"},
		{"database-url", "postgres://app:pw@localhost:5432/shop?sslmode=require", "postgres://app:xxxxx@localhost:5432/shop?sslmode=require"},
		{"database-url", "postgresql://app:pw@one,two:6432/shop?target_session_attrs=any", "postgresql://app:xxxxx@one,two:6432/shop?target_session_attrs=any"},
		{"database-url", "postgres://localhost/shop?user=app&password=pw&sslpassword=pw", "postgres://localhost/shop?user=app&password=xxxxx&sslpassword=xxxxx"},
		{"database-url", "postgres://localhost/shop?pass%77ord=pw", "postgres://localhost/shop?xxxxx"},
		{"database-url", "host=localhost dbname=shop", "host=localhost dbname=shop"},
		{"database-url", "host=localhost password=pw dbname=shop", "host=localhost password=xxxxx dbname=shop"},
		{"database-url", `password = 'p\'w with space' host=localhost`, "password = xxxxx host=localhost"},
		{"database-url", `password=p\ w host=localhost`, "password=xxxxx host=localhost"},
		{"database-url", "postgres://app:pw@local@host/shop", "xxxxx"},
		{"database-url", "mysql://app:pw@localhost/shop", "xxxxx"},
		{"database-url", "", ""},
		{"jwks-url", "https://id.example.com/keys", "https://id.example.com/keys"},
		{"jwks-url", "https://a:pw@id.example.com/keys?key=pw&x", "https://a:xxxxx@id.example.com/keys?xxxxx&xxxxx"},
		{"insecure-dev-auth-password", "pw", "xxxxx"},
		{"title", "password=pw", "password=pw"},
	} {
		if got := cli.WithoutSecret(c.option, c.value); got != c.want {
			t.Errorf("%s %s: got %s, want %s", c.option, c.value, got, c.want)
		}
	}
}

// TestNoFormOfAPasswordIsShown: whatever its letters, in all ways to write it.
func TestNoFormOfAPasswordIsShown(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		password := "sesame" + rapid.StringMatching(`[ -~é]{0,12}`).Draw(r, "rest") + "sesame"
		quoted := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(password)
		for _, form := range []string{
			"postgres://app:" + url.PathEscape(password) + "@localhost/shop",
			"postgres://app:" + password + "@localhost/shop",
			"postgres://localhost/shop?password=" + url.QueryEscape(password) + "&user=app",
			"postgres://localhost/shop?password=" + password,
			"host=localhost password='" + quoted + "' dbname=shop",
			"host=localhost password=" + strings.ReplaceAll(quoted, " ", `\ `) + " dbname=shop",
			"host=localhost password=" + password + " dbname=shop",
		} {
			if got := cli.WithoutSecret("database-url", form); strings.Contains(got, "sesame") {
				r.Fatalf("%s is shown as %s", form, got)
			}
		}
	})
}
