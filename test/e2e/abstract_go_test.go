package e2e_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

type feedPerson struct {
	ID    fraiseql.ID `graphql:",key"`
	Name  string
	Items []feedItem `by:"id=person_id"`
}

type feedArticle struct {
	ID    fraiseql.ID `graphql:",key"`
	Title string
	Body  string
}

type feedItem struct {
	ID    fraiseql.ID `graphql:",key"`
	Title string
}

type feedLink struct {
	feedItem
	URL    string
	Clicks *int
}

type feedNote struct {
	feedItem
	Body string
}

type found struct {
	Kind string      `graphql:",key"`
	ID   fraiseql.ID `graphql:",key"`
	Text string
}

type block struct{ Rank int }

type textBlock struct {
	block
	Body string
}

type imageBlock struct {
	block
	URL string
}

type page struct {
	ID     fraiseql.ID `graphql:",key"`
	Blocks []block
}

// plain strips what makes the comments of feed speak, so that only Go declares.
const plain = feed + `
COMMENT ON VIEW v_person IS NULL; COMMENT ON VIEW v_article IS NULL; COMMENT ON VIEW v_item IS NULL; COMMENT ON VIEW v_found IS NULL; COMMENT ON TABLE tv_page IS NULL;`

func feedInGo() fraiseql.Options {
	return fraiseql.Options{
		Types: []fraiseql.Type{
			fraiseql.Object[feedPerson]("v_person", fraiseql.ObjectOptions{Name: "Person"}),
			fraiseql.Object[feedArticle]("v_article", fraiseql.ObjectOptions{Name: "Article"}),
			fraiseql.Interface[feedItem]("v_item", "kind", []fraiseql.Possible{
				fraiseql.As[feedArticle]("article", "article_id=id"), fraiseql.As[feedLink]("link"), fraiseql.As[feedNote]("note"),
			}, fraiseql.ObjectOptions{Name: "Item", Description: "What people post"}),
			fraiseql.Union[found]("v_found", "kind", []fraiseql.Possible{fraiseql.As[feedPerson]("p"), fraiseql.As[feedArticle]("a")}, fraiseql.ObjectOptions{Name: "Found"}),
			fraiseql.Object[page]("tv_page", fraiseql.ObjectOptions{Name: "Page"}),
			fraiseql.Interface[block]("", "kind", []fraiseql.Possible{fraiseql.As[textBlock]("text"), fraiseql.As[imageBlock]("image")}, fraiseql.ObjectOptions{Name: "Block"}),
		},
		Queries: []fraiseql.Query{
			fraiseql.List[feedItem]("items"), fraiseql.Get[feedItem]("item"), fraiseql.Connection[feedItem]("itemsConnection"), fraiseql.List[feedPerson]("persons"),
			fraiseql.List[feedLink]("links"), fraiseql.List[found]("search"), fraiseql.Get[page]("page"),
			fraiseql.Resolve("newest", func(context.Context, struct{}) (*fraiseql.Rows[feedItem], error) {
				return fraiseql.From[feedItem]("v_item").OrderBy(fraiseql.Order{"id": "DESC"}).Limit(2), nil
			}),
		},
	}
}

func TestAbstractInGo(t *testing.T) {
	t.Parallel()
	s := serve(t, feedInGo(), plain)
	for _, c := range []struct{ name, query, want string }{
		{"interface", `{items(limit: 3) {__typename title ... on feedLink {url clicks} ... on feedNote {body} ... on Article {text: body}}}`, `{"items":[
			{"__typename":"Article","title":"Joins","text":"On joins."},{"__typename":"feedLink","title":"Docs","url":"https://example.com/docs","clicks":7},{"__typename":"feedNote","title":"Milk","body":"Two bottles."}]}`},
		{"relation", `{persons(limit: 1) {items(limit: 1, orderBy: {id: DESC}) {id ... on feedLink {url}}}}`, `{"persons":[{"items":[{"id":"5","url":"https://example.com/news"}]}]}`},
		{"rows of a type", `{links {id}}`, `{"links":[{"id":"2"},{"id":"5"}]}`},
		{"connection", `{itemsConnection(last: 1) {nodes {__typename}}}`, `{"itemsConnection":{"nodes":[{"__typename":"feedLink"}]}}`},
		{"union", `{search(where: {text: {eq: "Ada"}}) {... on Person {name items {id}}}}`, `{"search":[{"name":"Ada","items":[{"id":"1"},{"id":"3"},{"id":"5"}]}]}`},
		{"documents", `{page(id: 1) {id}}`, `{"page":{"id":"1"}}`},
	} {
		t.Run(c.name, func(t *testing.T) { apptest.Expect(t, c.query, s.Query(t, c.query, nil), c.want) })
	}
	a := s.Counted(t, apptest.AnyTrips, 1, `{newest {__typename ... on feedLink {url}}}`, nil)
	apptest.Expect(t, "described rows", string(a.Data), `{"newest":[{"__typename":"feedLink","url":"https://example.com/news"},{"__typename":"Article"}]}`)
	a = s.Counted(t, 1, 1, `{page(id: 1) {blocks {rank ... on textBlock {body}}}}`, nil)
	apptest.Expect(t, "a kind that is not declared", string(a.Data), `{"page":null}`)
	mustContain(t, "a kind that is not declared", string(a.Body), `"path":["page","blocks",2]`, `\"line\"`)
}

type strayLink struct {
	ID  fraiseql.ID
	URL string
}

// TestAbstractInGoMisfits: all that does not fit is told at once, each with its cure.
func TestAbstractInGoMisfits(t *testing.T) {
	t.Parallel()
	start := func(o fraiseql.Options) string {
		t.Helper()
		o.DatabaseURL, o.Logger = pgtest.New(t, plain).URL, slog.New(slog.DiscardHandler)
		app, err := fraiseql.New(o)
		if err != nil {
			return err.Error()
		}
		t.Cleanup(func() { _ = app.Shutdown(context.WithoutCancel(t.Context())) })
		if err := app.Start(t.Context()); err != nil {
			return err.Error()
		}
		return ""
	}
	items := func(column string, types ...fraiseql.Possible) fraiseql.Options {
		return fraiseql.Options{
			Types: []fraiseql.Type{
				fraiseql.Interface[feedItem]("v_item", column, types, fraiseql.ObjectOptions{Name: "Item"}), fraiseql.Object[feedArticle]("v_article", fraiseql.ObjectOptions{Name: "Article"}),
			},
			Queries: []fraiseql.Query{fraiseql.List[feedItem]("items")},
		}
	}
	plainValue := items("kind", fraiseql.As[feedLink]("link"))
	plainValue.Queries = append(plainValue.Queries, fraiseql.Resolve("newest", func(context.Context, struct{}) ([]feedItem, error) { return nil, nil }))
	plainValue.Types = append(plainValue.Types, fraiseql.Field("twin", func(context.Context, []feedArticle) ([]*feedItem, error) { return nil, nil }))
	for name, c := range map[string]struct {
		o    fraiseql.Options
		says []string
	}{
		"values made in Go":   {plainValue, []string{`fraiseql.Resolve("newest"): the result is Item`, `("twin"): the result is Item`, `fraiseql.From[e2e_test.feedItem]("v_item")`}},
		"no such column":      {items("kin", fraiseql.As[feedLink]("link")), []string{"no column kin", "did you mean kind?"}},
		"no types":            {items("kind"), []string{"has no types", "fraiseql.As"}},
		"a field is missing":  {items("kind", fraiseql.As[strayLink]("link")), []string{"strayLink has no field title, which the interface promises", "give strayLink the field"}},
		"a column is missing": {items("kind", fraiseql.As[feedArticle]("article", "article=id")), []string{"has no column article", "it has id, kind, title"}},
		"joined in the row":   {items("kind", fraiseql.As[feedLink]("link", "id=id")), []string{"feedLink is in the same row", "leave by out"}},
		"two at once":         {items("kind", fraiseql.As[strayLink]("link"), fraiseql.As[feedArticle]("article", "url=id")), []string{"strayLink has no field title", "cannot be compared"}},
		"one label twice":     {items("kind", fraiseql.As[feedLink]("link"), fraiseql.As[feedNote]("link")), []string{`"link" stands for two types`}},
	} {
		t.Run(name, func(t *testing.T) {
			got := start(c.o)
			for _, part := range c.says {
				if !strings.Contains(got, part) {
					t.Errorf("%q is not told: %s", part, got)
				}
			}
		})
	}
}
