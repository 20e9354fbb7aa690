package catalog_test

import (
	"strings"
	"testing"
)

// What YAML has for writers says the same as the values themselves, and what it does not say is told.
func TestAnnotationInAnyYAML(t *testing.T) {
	t.Parallel()
	const plain = "@fraiseql:type\nname: Post\ndescription: Text\nkey: [id]\nrelations: {author: {to: User, by: {author_id: id}}, other: {to: User, by: {author_id: id}}}"
	want, problems, err := annotated(plain, "")
	if err != nil || !strings.Contains(want.SDL(), "other: User") {
		t.Fatalf("the plain comment gives %v, %v", problems, err)
	}
	told := texts(problems) // of the facts, not of this comment
	for name, comment := range map[string]string{
		"anchor of an object": "@fraiseql:type\nname: Post\ndescription: Text\nkey: [id]\nrelations:\n  author: &to_user\n    to: User\n    by: {author_id: id}\n  other: *to_user",
		"anchor of a text":    "@fraiseql:type\nname: Post\ndescription: Text\nkey: [&key id]\nrelations: {author: {to: &u User, by: {author_id: *key }}, other: {to: *u , by: {author_id: id}}}",
		"tags":                "@fraiseql:type\nname: !!str Post\ndescription: !!str Text\nkey: !!seq [id]\nrelations: !!map {author: {to: User, by: {author_id: id}}, other: {to: User, by: {author_id: id}}}",
		"long keys":           "@fraiseql:type\n? name\n: Post\ndescription: Text\nkey: [id]\nrelations:\n  ? author\n  : {to: User, by: {author_id: id}}\n  other: {to: User, by: {author_id: id}}",
		"one object":          "@fraiseql:type {name: Post, description: Text, key: [id], relations: {author: {to: User, by: {author_id: id}}, other: {to: User, by: {author_id: id}}}}",
		"folded text":         "@fraiseql:type\nname: Post\ndescription: >\n  Text\nkey: [id]\nrelations: {author: {to: User, by: {author_id: id}}, other: {to: User, by: {author_id: id}}}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, problems, err := annotated(comment, "")
			if err != nil || texts(problems) != told {
				t.Fatal(texts(problems), err)
			}
			if got.SDL() != want.SDL() {
				t.Errorf("the schema is not that of the plain comment:\n%s", got.SDL())
			}
		})
	}
	for comment, want := range map[string]string{
		"@fraiseql:type\nname: Post\nkey: *nothing":                        "line 3: *nothing stands for nothing: write &nothing in front of a value above it",
		"@fraiseql:type\nname: Post\nrelations: &r\n  author: *r":          "line 4: *r stands for nothing",
		"@fraiseql:type\nname: Post\nrelations: &r {author: [a]}\nkey: *r": "line 3: author must be an object",
	} {
		_, problems, err := annotated(comment, "")
		if err != nil {
			t.Fatal(err)
		}
		got := texts(problems)
		if !strings.Contains(got, want) {
			t.Errorf("%q: %s\nwant %s", comment, got, want)
		}
	}
}
