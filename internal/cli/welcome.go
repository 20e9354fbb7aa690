package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/examples"
)

// welcome waits until the app serves, and tells where it is and what to try.
func (p *program) welcome(ctx context.Context, f *devFlags, app *fraiseql.App, site string, base *database) {
	if !ready(ctx, app) {
		return
	}
	what := "the example " + cmp.Or(f.example, defaultExample)
	if f.schema != "" {
		what = "your SQL in " + f.schema
	}
	state := "kept from the last run"
	if base.loaded {
		state = "made just now"
	}
	p.print("\nFraiseQL serves %s on PostgreSQL %s (%s)\n\n", what, base.server.Version(), state)
	p.print("  explorer  %s/graphql\n  pool      %s/pool\n  schema    %s/schema.graphql\n  database  %s\n\n", site, site, site, base.server.URL(databaseName))
	queries := suggestions(ctx, site)
	if f.schema == "" {
		queries = nil
		for _, q := range offered(cmp.Or(f.example, defaultExample)) {
			text := q.Query
			if q.Variables != "" {
				text += "\n# variables: " + q.Variables
			}
			queries = append(queries, text)
		}
	}
	if len(queries) > 0 {
		p.print("Queries to paste:\n\n")
	}
	for _, q := range queries {
		p.print("%s\n\n", q)
	}
	p.print("Ctrl-C ends it; the data is kept in %s\n", base.server.Dir())
}

// ready waits until the app serves; false when ctx ended before.
func ready(ctx context.Context, app *fraiseql.App) bool {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for app.Ready(ctx) != nil {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// offered are the queries to try on an example.
func offered(example string) []fraiseql.Example {
	var all []fraiseql.Example
	for _, q := range examples.Queries(example) {
		e := fraiseql.Example{Name: q.Name, Query: strings.TrimSpace(q.Query)}
		if variables, err := json.Marshal(q.Variables); err == nil && len(q.Variables) > 0 {
			e.Variables = string(variables)
		}
		all = append(all, e)
	}
	return all
}

// suggestions makes up to three queries for a schema that nobody has written any for: lists
// with the plain fields of their elements. The app's own introspection knows both.
func suggestions(ctx context.Context, site string) []string {
	const question = `{__schema{queryType{fields{name args{name} type{kind ofType{kind ofType{name fields{name type{kind ofType{kind}}}}}}}}}}`
	var answer struct {
		Data struct {
			Schema struct {
				QueryType struct {
					Fields []struct {
						Name string
						Args []struct{ Name string }
						Type struct {
							Kind   string
							OfType struct {
								OfType struct {
									Fields []struct {
										Name string
										Type struct {
											Kind   string
											OfType struct{ Kind string }
										}
									}
								}
							}
						}
					}
				}
			} `json:"__schema"`
		}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, site+"/graphql?query="+url.QueryEscape(question), nil)
	if err != nil {
		return nil
	}
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil // the queries are a courtesy: what is wrong, the first real one will tell
	}
	defer func() { _ = w.Body.Close() }()
	if json.NewDecoder(w.Body).Decode(&answer) != nil {
		return nil
	}
	var queries []string
	for _, root := range answer.Data.Schema.QueryType.Fields {
		if root.Type.Kind != "LIST" || len(queries) == 3 {
			continue
		}
		var fields []string
		for _, f := range root.Type.OfType.OfType.Fields {
			kind := f.Type.Kind
			if kind == "NON_NULL" {
				kind = f.Type.OfType.Kind
			}
			if (kind == "SCALAR" || kind == "ENUM") && len(fields) < 6 {
				fields = append(fields, f.Name)
			}
		}
		limit := ""
		if slices.ContainsFunc(root.Args, func(a struct{ Name string }) bool { return a.Name == "limit" }) {
			limit = "(limit: 3)"
		}
		if len(fields) > 0 {
			queries = append(queries, "{ "+root.Name+limit+" { "+strings.Join(fields, " ")+" } }")
		}
	}
	return queries
}
