package catalog_test

import (
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/fraiseql/fraiseql-go/examples"
	"github.com/fraiseql/fraiseql-go/internal/catalog"
)

func TestExamples(t *testing.T) {
	t.Parallel()
	for _, name := range examples.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files, err := examples.SQL(name)
			if err != nil {
				t.Fatal(err)
			}
			var sql []string
			for _, f := range files {
				sql = append(sql, f.SQL)
			}
			s, problems := discover(t, read(t, catalog.Options{}, sql...))
			loaded := loads(t, s)
			if len(problems) > 0 {
				t.Error(texts(problems))
			}
			for _, q := range examples.Queries(name) {
				if _, err := gqlparser.LoadQueryWithRules(loaded, q.Query, rules.NewDefaultRules()); err != nil {
					t.Errorf("%s: %v", q.Name, err)
				}
			}
		})
	}
}
