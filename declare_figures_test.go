package fraiseql_test

import (
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/schema"
)

func TestFieldsBesideListsAreDeclared(t *testing.T) {
	t.Parallel()
	type reader struct {
		ID    fraiseql.ID
		Posts []post `by:"id=author_id" beside:"aggregate=figures, groups=-,connection"`
	}
	d := declared(t, fraiseql.Options{Types: append(blogTypes(), fraiseql.Object[reader]("v_reader"))})
	for _, typ := range d.Types {
		if typ.Name != "reader" {
			continue
		}
		beside := typ.Fields[1].Beside
		if *beside.Aggregate != "figures" || *beside.Groups != "" || *beside.Connection != "postsConnection" {
			t.Errorf("got %q, %q, %q", *beside.Aggregate, *beside.Groups, *beside.Connection)
		}
		return
	}
	t.Error("reader is not declared")
}

func TestFiguresAreDeclared(t *testing.T) {
	t.Parallel()
	d := declared(t, fraiseql.Options{Types: blogTypes(), Queries: []fraiseql.Query{
		fraiseql.Aggregate[post]("postsAggregate", fraiseql.QueryOptions{Description: "Figures."}),
		fraiseql.Groups[post]("postsGroups", fraiseql.QueryOptions{Deprecated: "Use postsAggregate."}),
	}})
	a, g := d.Queries[0], d.Queries[1]
	if a.Kind != schema.Aggregate || a.Name != "postsAggregate" || a.Type != "Post" || a.Description != "Figures." {
		t.Errorf("aggregate: %+v", a)
	}
	if g.Kind != schema.Groups || g.Name != "postsGroups" || g.Type != "Post" || g.Deprecated != "Use postsAggregate." {
		t.Errorf("groups: %+v", g)
	}
	_, err := fraiseql.Declare(fraiseql.Options{Queries: []fraiseql.Query{
		fraiseql.Aggregate[post]("posts-aggregate"), fraiseql.Groups[post]("postsGroups"), fraiseql.Aggregate[post]("postsGroups"),
	}})
	for _, want := range []string{
		`fraiseql.Aggregate[fraiseql_test.post]("posts-aggregate"): "posts-aggregate" cannot be a GraphQL name`,
		`fraiseql.Groups[fraiseql_test.post]("postsGroups"): fraiseql_test.post has no source`,
		`fraiseql.Aggregate[fraiseql_test.post]("postsGroups"): fraiseql.Groups[fraiseql_test.post]("postsGroups") has that name already`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told: %v", want, err)
		}
	}
}
