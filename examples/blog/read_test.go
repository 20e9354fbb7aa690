package blog_test

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/examples"
)

func TestUsers(t *testing.T) {
	t.Parallel()
	s := serve(t)
	d := readTables(t, s.DB)
	short, long := []object{}, []object{}
	for _, u := range d.users {
		short = append(short, object{"id", u.ID, "name", u.Name})
		long = append(long, object{"id", u.ID, "identifier", u.Identifier, "email", u.Email, "bio", u.Bio, "reputation", u.Reputation, "balance", u.Balance, "createdAt", instant(u.CreatedAt), "__typename", "User"})
		s.Expect(t, `query($id: ID!) { user(id: $id) { name } }`, map[string]any{"id": u.ID}, object{"user", object{"name", u.Name}})
	}
	if len(short) != 250 {
		t.Errorf("%d users, want 250", len(short))
	}
	s.Expect(t, `{ users { id name } }`, nil, object{"users", short})
	s.Expect(t, `{ users { id identifier email bio reputation balance createdAt __typename } }`, nil, object{"users", long})
	s.Expect(t, `{ user(id: "00000000-0000-0000-0000-000000000000") { name } }`, nil, object{"user", nil})
	slices.Reverse(short)
	s.Expect(t, `{ users(orderBy: [{id: DESC}], limit: 7, offset: 3) { id name } }`, nil, object{"users", short[3:10]})
}

// TestPosts reads every post with its author, its comments and its tags, in two pages.
func TestPosts(t *testing.T) {
	t.Parallel()
	s := serve(t)
	d := readTables(t, s.DB)
	want := []object{}
	for _, p := range d.posts {
		comments, tags := []object{}, []object{}
		ordered := d.commentsOf(p.ID)
		slices.SortStableFunc(ordered, func(a, b comment) int { return b.CreatedAt.Compare(a.CreatedAt) })
		for _, c := range ordered {
			parent := any(nil)
			if c.ParentID != nil {
				parent = object{"id", *c.ParentID}
			}
			comments = append(comments, object{"id", c.ID, "body", c.Body, "createdAt", instant(c.CreatedAt), "author", object{"name", d.user(c.AuthorID).Name}, "parent", parent})
		}
		bearing := d.tagsOf(p.ID)
		slices.SortFunc(bearing, func(a, b tag) int { return cmp.Compare(a.Name, b.Name) })
		for _, one := range bearing {
			tags = append(tags, object{"name", one.Name, "identifier", one.Identifier})
		}
		author := d.user(p.AuthorID)
		want = append(want, object{
			"id", p.ID, "title", p.Title, "body", p.Body, "status", p.Status, "keywords", p.Keywords, "metadata", json.RawMessage(p.Metadata),
			"rating", p.Rating, "publishedAt", instantOrNull(p.PublishedAt), "createdAt", instant(p.CreatedAt),
			"author",
			object{"id", author.ID, "name", author.Name},
			"comments", comments, "tags", tags,
		})
	}
	if len(want) != 1200 {
		t.Errorf("%d posts, want 1200", len(want))
	}
	const query = `query($from: Int!, $count: Int!) { posts(limit: $count, offset: $from) {
		id title body status keywords metadata rating publishedAt createdAt
		author { id name }
		comments(orderBy: [{createdAt: DESC}]) { id body createdAt author { name } parent { id } }
		tags(orderBy: [{name: ASC}]) { name identifier } } }`
	s.Expect(t, query, map[string]any{"from": 0, "count": 1000}, object{"posts", want[:1000]})
	s.Expect(t, query, map[string]any{"from": 1000, "count": 1000}, object{"posts", want[1000:]})
}

// TestLatestPosts takes the order, the filter and both limits from the query.
func TestLatestPosts(t *testing.T) {
	t.Parallel()
	s := serve(t)
	d := readTables(t, s.DB)
	published := slices.DeleteFunc(slices.Clone(d.posts), func(p post) bool { return p.Status != "published" })
	slices.SortStableFunc(published, func(a, b post) int { return b.PublishedAt.Compare(*a.PublishedAt) })
	want := []object{}
	for _, p := range published[:40] {
		ordered, comments := d.commentsOf(p.ID), []object{}
		slices.SortStableFunc(ordered, func(a, b comment) int { return a.CreatedAt.Compare(b.CreatedAt) })
		for _, c := range ordered[:min(3, len(ordered))] {
			comments = append(comments, object{"body", c.Body})
		}
		tags := d.tagsOf(p.ID)
		slices.SortFunc(tags, func(a, b tag) int { return cmp.Compare(a.ID, b.ID) }) // no order asked for: the key
		names := []object{}
		for _, one := range tags {
			names = append(names, object{"name", one.Name})
		}
		want = append(want, object{"title", p.Title, "tags", names, "comments", comments})
	}
	s.Expect(t, `query($count: Int!, $status: PostStatus!) {
		posts(where: {status: {eq: $status}}, orderBy: [{publishedAt: DESC}], limit: $count) {
			title tags { name } comments(orderBy: [{createdAt: ASC}], limit: 3) { body } } }`,
		map[string]any{"count": 40, "status": "published"}, object{"posts", want})
}

// TestFiltersThroughTheAuthor counts on the columns of two tables.
func TestFiltersThroughTheAuthor(t *testing.T) {
	t.Parallel()
	s := serve(t)
	d := readTables(t, s.DB)
	for where, holds := range map[string]func(p post, author user) bool{
		`{title: {contains: "50% less"}}`:                                func(p post, _ user) bool { return strings.Contains(p.Title, "50% less") },
		`{title: {contains: "café"}, status: {neq: draft}}`:              func(p post, _ user) bool { return strings.Contains(p.Title, "café") && p.Status != "draft" },
		`{author: {name: {startsWith: "Łucja"}}}`:                        func(_ post, a user) bool { return strings.HasPrefix(a.Name, "Łucja") },
		`{author: {name: {contains: "O'Neill"}, reputation: {lt: 500}}}`: func(_ post, a user) bool { return strings.Contains(a.Name, "O'Neill") && a.Reputation < 500 },
		`{OR: [{status: {eq: archived}}, {rating: {isNull: true}}]}`:     func(p post, _ user) bool { return p.Status == "archived" || p.Rating == nil },
		`{rating: {gte: "4.9"}}`:                                         func(p post, _ user) bool { return p.Rating != nil && *p.Rating >= "4.90" }, // all are 1.00 to 5.00
		`{publishedAt: {lt: "2024-03-01T00:00:00Z"}}`:                    func(p post, _ user) bool { return p.PublishedAt != nil && instant(*p.PublishedAt) < "2024-03-01" },
		`{publishedAt: {gte: "2024-03-01T05:30:00+05:30", lt: "2024-03-02T00:00:00Z"}}`: func(p post, _ user) bool {
			return p.PublishedAt != nil && strings.HasPrefix(instant(*p.PublishedAt), "2024-03-01")
		},
	} {
		want := []object{}
		for _, p := range d.posts {
			if holds(p, d.user(p.AuthorID)) {
				want = append(want, object{"id", p.ID})
			}
		}
		if len(want) == 0 {
			t.Errorf("%s matches nothing in the tables: the case shows nothing", where)
		}
		s.Expect(t, `{ posts(where: `+where+`) { id } }`, nil, object{"posts", want})
	}
}

// TestTagsAndTheirPosts walks the link from the other side, and back.
func TestTagsAndTheirPosts(t *testing.T) {
	t.Parallel()
	s := serve(t)
	d := readTables(t, s.DB)
	tags := slices.SortedFunc(slices.Values(d.tags), func(a, b tag) int { return cmp.Compare(a.ID, b.ID) })
	want, links := []object{}, 0
	for _, one := range tags {
		posts := []object{}
		for _, p := range d.posts {
			if slices.Contains(d.links, link{p.ID, one.ID}) {
				posts = append(posts, object{"title", p.Title, "author", object{"name", d.user(p.AuthorID).Name}, "post", object{"id", p.ID}})
			}
		}
		links += len(posts)
		want = append(want, object{"name", one.Name, "posts", posts})
	}
	if links != 3000 {
		t.Errorf("%d links, want 3000", links)
	}
	s.Expect(t, `{ tags { name posts { title author { name } post { id } } } }`, nil, object{"tags", want})
}

// TestQueriesToPaste runs what the dev command prints: no errors, and something in each list.
func TestQueriesToPaste(t *testing.T) {
	t.Parallel()
	s := serve(t)
	d := readTables(t, s.DB)
	queries := examples.Queries("blog")
	if len(queries) != 3 {
		t.Fatalf("%d queries, want 3", len(queries))
	}
	for i, want := range []int{len(d.users), 5, 5} {
		var answer map[string][]map[string]any
		if err := json.Unmarshal([]byte(s.Query(t, queries[i].Query, queries[i].Variables)), &answer); err != nil {
			t.Fatal(err)
		}
		for field, rows := range answer {
			if len(rows) != want {
				t.Errorf("%s: %d %s, want %d", queries[i].Name, len(rows), field, want)
			}
		}
		if len(answer) != 1 {
			t.Errorf("%s: %d fields, want one", queries[i].Name, len(answer))
		}
	}
	best := []post{}
	for _, p := range d.posts {
		if p.Rating != nil && *p.Rating >= "4.50" && d.user(p.AuthorID).Reputation > 900 {
			best = append(best, p)
		}
	}
	slices.SortStableFunc(best, func(a, b post) int { return cmp.Or(cmp.Compare(*b.Rating, *a.Rating), cmp.Compare(a.Title, b.Title)) })
	want := []object{}
	for _, p := range best[:5] {
		author, summary := d.user(p.AuthorID), any(nil)
		if p.Status == "published" {
			tags := []object{}
			for _, one := range d.tagsOf(p.ID) {
				tags = append(tags, object{"name", one.Name})
			}
			summary = object{"commentCount", len(d.commentsOf(p.ID)), "tags", tags}
		}
		want = append(want, object{"title", p.Title, "rating", p.Rating, "author", object{"name", author.Name, "reputation", author.Reputation}, "summary", summary})
	}
	s.Expect(t, queries[2].Query, queries[2].Variables, object{"posts", want})
}
