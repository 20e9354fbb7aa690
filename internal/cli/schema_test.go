//go:build unix

package cli_test

import (
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/cli"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// TestSchemaIsTheApps: under each option that shapes a schema, what is printed is what an app serves.
func TestSchemaIsTheApps(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t, shop, `CREATE SCHEMA other; CREATE TABLE other.tb_thing (id int PRIMARY KEY, price numeric NOT NULL);
		COMMENT ON TABLE other.tb_thing IS '@fraiseql:type';`).URL
	seen := map[string]bool{}
	for _, set := range []map[string]string{
		{},
		{"title": "Shop", "description": "All there is."},
		{"schemas": "other,public"},
		{"schemas": "other", "plain-numbers": "true"},
		{"expose": "tb_*"},
		{"expose": "tb_*", "no-auto-discover": "true"},
		{"global-node": "nodeId"},
		{"compatible-operators": "true"},
		{"production": "true"},
	} {
		o := fraiseql.Options{DatabaseURL: url}
		args := []string{"schema", "--database-url", url}
		for _, p := range fraiseql.Parameters() {
			if value, ok := set[p.Name]; ok {
				args = append(args, "--"+p.Name+"="+value)
				if err := p.Set(&o, value); err != nil {
					t.Fatal(err)
				}
			}
		}
		var out, log strings.Builder
		if code := cli.Main(t.Context(), args, nil, &out, &log); code != 0 {
			t.Errorf("%v: code %d: %s", set, code, log.String())
		}
		if want := apptest.Start(t, o).Schema(); out.String() != want {
			t.Errorf("%v: got\n%s\nwant\n%s", set, out.String(), want)
		}
		seen[out.String()] = true
	}
	if len(seen) < 6 {
		t.Errorf("only %d schemas are unlike each other", len(seen))
	}
}
