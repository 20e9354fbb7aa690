package blog_test

import (
	"slices"
	"strings"
	"testing"
)

// TestStoredDocumentsAgreeWithTheColumns compares what lies in tv_post_summary with the tables that it was made from, by
// itself and next to the columns in one query.
func TestStoredDocumentsAgreeWithTheColumns(t *testing.T) {
	t.Parallel()
	s := serve(t)
	d := readTables(t, s.DB)
	alone, beside, few := []object{}, []object{}, []object{}
	for _, p := range d.posts {
		if p.Status != "published" {
			continue
		}
		tags, author := []object{}, d.user(p.AuthorID)
		for _, one := range d.tagsOf(p.ID) {
			tags = append(tags, object{"name", one.Name, "slug", one.Identifier})
		}
		comments := d.commentsOf(p.ID)
		document := object{
			"id", p.ID, "title", p.Title, "rating", p.Rating, "publishedAt", instantOrNull(p.PublishedAt), "commentCount", len(comments),
			"author",
			object{"id", author.ID, "name", author.Name, "handle", author.Identifier},
			"tags", tags,
		}
		alone = append(alone, document)
		beside = append(beside, object{"title", p.Title, "rating", p.Rating, "publishedAt", instantOrNull(p.PublishedAt), "summary", document})
		if len(comments) >= 10 && strings.HasPrefix(author.Name, "Élise") {
			few = append(few, object{"id", p.ID, "post", object{"rating", p.Rating}})
		}
	}
	if len(alone) != 960 || len(few) == 0 || len(few) == len(alone) {
		t.Errorf("%d documents, want 960; %d of them in the filter", len(alone), len(few))
	}
	const selection = `{ id title rating publishedAt commentCount author { id name handle } tags { name slug } }`
	s.Expect(t, `{ postSummaries `+selection+` }`, nil, object{"postSummaries", alone})
	s.Expect(t, `{ posts(where: {status: {eq: published}}) { title rating publishedAt summary `+selection+` } }`, nil, object{"posts", beside})
	s.Expect(t, `{ postSummaries(where: {commentCount: {gte: 10}, author: {name: {startsWith: "Élise"}}}) { id post { rating } } }`, nil, object{"postSummaries", few})
	id := alone[0][1]
	s.Expect(t, `query($id: ID!) { postSummary(id: $id) `+selection+` post(id: $id) { summary { title } } }`, map[string]any{"id": id},
		object{"postSummary", alone[0], "post", object{"summary", object{"title", alone[0][3]}}})
}

// TestDocumentsMadeWhileReadAgreeWithTheColumns does the same for the view v_user_card.
func TestDocumentsMadeWhileReadAgreeWithTheColumns(t *testing.T) {
	t.Parallel()
	s := serve(t)
	d := readTables(t, s.DB)
	cards, users, busy := []object{}, []object{}, []object{}
	for _, u := range d.users {
		written := slices.DeleteFunc(slices.Clone(d.posts), func(p post) bool { return p.AuthorID != u.ID })
		slices.SortStableFunc(written, func(a, b post) int { return b.CreatedAt.Compare(a.CreatedAt) })
		latest := []object{}
		for _, p := range written[:min(3, len(written))] {
			latest = append(latest, object{"id", p.ID, "title", p.Title})
		}
		card := object{"id", u.ID, "name", u.Name, "handle", u.Identifier, "postCount", len(written), "contact", object{"email", u.Email}, "latestPosts", latest}
		cards = append(cards, card)
		users = append(users, object{"name", u.Name, "identifier", u.Identifier, "email", u.Email, "card", card})
		if len(written) > 5 || strings.HasPrefix(u.Email, "user25") {
			busy = append(busy, object{"id", u.ID})
		}
	}
	if len(busy) == 0 || len(busy) == len(users) {
		t.Errorf("%d of %d in the filter", len(busy), len(users))
	}
	const selection = `{ id name handle postCount contact { email } latestPosts { id title } }`
	s.Expect(t, `{ userCards `+selection+` }`, nil, object{"userCards", cards})
	s.Expect(t, `{ users { name identifier email card `+selection+` } }`, nil, object{"users", users})
	s.Expect(t, `{ userCards(where: {OR: [{postCount: {gt: 5}}, {contact: {email: {startsWith: "user25"}}}]}) { id } }`, nil, object{"userCards", busy})
	for _, card := range cards[:20] {
		s.Expect(t, `query($id: ID!) { userCard(id: $id) `+selection+` }`, map[string]any{"id": card[1]}, object{"userCard", card})
	}
}
