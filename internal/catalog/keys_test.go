package catalog_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/catalog"
	"github.com/fraiseql/fraiseql-go/schema"
)

// magazine fits the examples of all keys: they stand on v_post, its column title and fn_publish_post.
const magazine = `
CREATE TABLE tb_user (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE tb_post (id int PRIMARY KEY, slug text NOT NULL, title text NOT NULL, stars int, data jsonb NOT NULL, kind text NOT NULL,
	author_id int NOT NULL REFERENCES tb_user, editor_id int, article_id int, url text, clicks int);
CREATE TABLE tb_comment (id int PRIMARY KEY, post_id int NOT NULL REFERENCES tb_post, body text NOT NULL);
CREATE VIEW v_user AS SELECT id, name FROM tb_user;
CREATE VIEW v_article AS SELECT id FROM tb_post;
CREATE VIEW v_comment AS SELECT id, post_id, body FROM tb_comment;
CREATE VIEW v_post AS SELECT id, slug, title, coalesce(stars, 0) AS rating, data, jsonb_build_object('words', length(slug)) AS body,
	kind, author_id, editor_id, article_id, url, clicks FROM tb_post;
COMMENT ON VIEW v_user IS '@fraiseql:type';
COMMENT ON VIEW v_article IS '@fraiseql:type';
COMMENT ON VIEW v_comment IS '@fraiseql:type';
CREATE TYPE type_post_input AS (title text);
CREATE TYPE mutation_response AS (status text, message text, entity_id int, metadata jsonb);
CREATE FUNCTION fn_publish_post(input jsonb, auth_tenant_id text) RETURNS mutation_response LANGUAGE sql AS 'SELECT NULL::mutation_response';
COMMENT ON FUNCTION fn_publish_post IS '@fraiseql:mutation
input_type: type_post_input';`

// effects tell by which line of what is built, or of what is reported, each key shows: with its example the line is there and
// with the other text it is not, or the other way round. The rest stands in both comments.
var effects = map[string]struct{ other, rest, there, gone string }{
	"type.name":                 {there: "type Entry "},
	"type.description":          {there: "What has been written."},
	"type.expose_fields":        {gone: "Post.slug"},
	"type.filters":              {rest: "relations: {author: {to: User}}", gone: "Post.slug filters"},
	"type.document":             {there: "Post.words"},
	"type.fields":               {there: "PostPlaces.city"},
	"type.key":                  {there: "Post key slug"},
	"type.not_null":             {there: "Post.rating is Int!"},
	"type.relations":            {there: "Post.author by author_id=id"},
	"type.relations.to":         {other: "relations: {author: {by: {author_id: id}}}", there: "Post.author by author_id=id"},
	"type.relations.by":         {other: "relations: {editor: {to: User}}", there: "Post.editor by editor_id=id"},
	"type.relations.many":       {other: "relations: {comments: {to: Comment, by: {id: post_id}}}", there: "Post.comments is [Comment!]!"},
	"type.relations.connection": {other: "relations: {comments: {to: Comment, many: true}}", gone: "Post.commentsConnection"},
	"type.relations.aggregate":  {other: "relations: {comments: {to: Comment, many: true}}", there: "Post.commentFigures"},
	"type.relations.groups":     {other: "relations: {comments: {to: Comment, many: true}}", gone: "Post.commentsGroups"},
	"type.relations.requires":   {other: "relations: {editor: {to: User, by: {editor_id: id}}}", there: "Post.editor requires [admin]"},
	"type.queries":              {rest: "name: Sole", gone: "Query.soles"},
	"type.queries.one":          {there: "Query.findPost"},
	"type.queries.list":         {there: "Query.allPosts"},
	"type.queries.connection":   {gone: "Query.postsConnection"},
	"type.queries.aggregate":    {there: "Query.postFigures"},
	"type.queries.groups":       {gone: "Query.postsGroups"},
	"type.requires":             {there: "Post requires [editor admin]"},
	"type.collation":            {there: `Post.title collation "pg_catalog"."de-x-icu"`},

	"interface.type_column":       {rest: "expose_fields: [id, url]\ntypes: {article: Article, link: {name: Link, fields: [url]}}", there: "Post of Link"},
	"interface.types":             {rest: "expose_fields: [id, url]\ntype_column: kind", there: "Post of Link"},
	"interface.types.name":        {other: "types: {article: {by: {article_id: id}}, link: {name: Link, fields: [url]}}", rest: "expose_fields: [id, url]\ntype_column: kind", there: "Post of Article"},
	"interface.types.description": {other: "types: {link: {name: Link, fields: [url]}}", rest: "expose_fields: [id, url]\ntype_column: kind", there: "A place elsewhere."},
	"interface.types.fields":      {other: "types: {link: {name: Link, fields: [clicks]}}", rest: "expose_fields: [id, url, clicks]\ntype_column: kind", gone: "Post.url is"},
	"interface.types.relations":   {other: "types: {link: {name: Link, fields: [url]}}", rest: "expose_fields: [id, url]\ntype_column: kind", there: "Link.poster by author_id=id"},
	"interface.types.by":          {other: "types: {article: Article, link: {name: Link, fields: [url]}}", rest: "expose_fields: [id, url]\ntype_column: kind", there: "Post of Article by article_id=id"},
	"interface.types.queries":     {other: "types: {link: {name: Link, fields: [url]}}", rest: "expose_fields: [id, url]\ntype_column: kind", there: "Query.links"},

	"field.name":        {there: "Post.headline"},
	"field.type":        {there: "Post.title is ID!"},
	"field.description": {there: "As it is printed."},
	"field.deprecated":  {there: `@deprecated(reason: "use slug")`},
	"field.requires":    {there: "Post.title requires [editor"},
	"field.collation":   {there: `Post.title collation "pg_catalog"."de-x-icu"`},

	"mutation.name":            {there: "Mutation.publish is"},
	"mutation.description":     {there: "Shows a post to everybody."},
	"mutation.deprecated":      {there: `@deprecated(reason: "use setStatus")`},
	"mutation.input_type":      {there: "input: PostInput!"},
	"mutation.success_type":    {there: "PublishPostSuccess.post"},
	"mutation.error_type":      {there: "union PublishPostResult = PublishPostSuccess | PostError"},
	"mutation.context_params":  {there: "Mutation.publishPost asks [org]"},
	"mutation.commit_on_error": {there: "Mutation.publishPost commits"},
	"mutation.requires":        {there: "Mutation.publishPost requires [editor]"},
}

// TestKeysAreRead: the example of each key changes what is built, as its line of effects says, and a key that is not
// known is refused with the list of those that are.
func TestKeysAreRead(t *testing.T) {
	t.Parallel()
	f := read(t, catalog.Options{}, magazine)
	f.Collations = map[string][]string{"de-x-icu": {"pg_catalog"}}
	post := f.Relations[slices.IndexFunc(f.Relations, func(r *catalog.Relation) bool { return r.Name == "v_post" })]
	title := post.Columns[slices.IndexFunc(post.Columns, func(c *catalog.Column) bool { return c.Name == "title" })]
	function := f.Functions[slices.IndexFunc(f.Functions, func(fn *catalog.Function) bool { return fn.Name == "fn_publish_post" })]
	built := func(t *testing.T, marker, separator, note string) string {
		comment := "@fraiseql:" + marker + separator + note
		post.Comment, title.Comment, function.Comment = "@fraiseql:type", "", ""
		switch marker {
		case "field":
			title.Comment = comment
		case "mutation":
			function.Comment = comment
		default:
			post.Comment = comment
		}
		s, problems := discover(t, f)
		return outline(s) + texts(problems)
	}
	seen := 0
	var check func(t *testing.T, marker, path string, keys []catalog.Key)
	check = func(t *testing.T, marker, path string, keys []catalog.Key) {
		var names []string
		for _, k := range keys {
			names = append(names, k.Name)
		}
		for _, k := range keys {
			at := path + "." + k.Name
			if marker == "interface" && path == marker && effects["type."+k.Name].there+effects["type."+k.Name].gone != "" {
				continue // read by the same table
			}
			t.Run(at, func(t *testing.T) {
				effect, ok := effects[at]
				if !ok || k.Meaning == "" || k.Form == "" || k.Example == "" {
					t.Fatal("it has no line in effects, or no meaning, form or example")
				}
				seen++
				example := k.Example
				forms := [][3]string{{"\n", effect.rest + "\n" + effect.other, effect.rest + "\n" + example}}
				if marker == "field" {
					line := strings.Replace(strings.NewReplacer("[", "", ", admin]", "").Replace(example), ": ", "=", 1)
					forms = append(forms, [3]string{" ", "", line})
				}
				for _, form := range forms {
					without, with := built(t, marker, form[0], form[1]), built(t, marker, form[0], form[2])
					if strings.Contains(with, "unknown key") || strings.Contains(with, "correct the comment") {
						t.Errorf("%s is refused:\n%s", example, with)
					}
					if effect.there != "" && (strings.Contains(without, effect.there) || !strings.Contains(with, effect.there)) {
						t.Errorf("%q must be there with %s, and not without it:\n%s", effect.there, form[2], diff(without, with))
					}
					if effect.gone != "" && (!strings.Contains(without, effect.gone) || strings.Contains(with, effect.gone)) {
						t.Errorf("%q must not be there with %s, but without it:\n%s", effect.gone, form[2], diff(without, with))
					}
				}
				misspelt := regexp.MustCompile(`\b`+k.Name+`:`).ReplaceAllString(example, k.Name+"x:")
				if got := built(t, marker, "\n", misspelt); !strings.Contains(got, "unknown key \""+k.Name+"x\"") || !strings.Contains(got, "the keys are "+strings.Join(names, ", ")) {
					t.Errorf("%s is not refused with the keys that are known:\n%s", misspelt, got)
				}
			})
			check(t, marker, at, k.Keys)
		}
	}
	var abstract []catalog.Key
	for _, a := range catalog.Annotations() {
		if a.Marker == "union" { // takes what an interface takes
			if len(a.Keys) != len(abstract) {
				t.Errorf("@fraiseql:union has %d keys, and @fraiseql:interface %d", len(a.Keys), len(abstract))
			}
			if got := built(t, a.Marker, "\n", "expose_fields: [id, url]\ntype_column: kind\ntypes: {link: {name: Link, fields: [url]}}"); !strings.Contains(got, "Post of Link") {
				t.Errorf("no union is built:\n%s", got)
			}
			continue
		}
		abstract = a.Keys
		check(t, a.Marker, a.Marker, a.Keys)
	}
	if seen != len(effects) {
		t.Errorf("effects has %d lines, and there are %d keys", len(effects), seen)
	}
}

// outline writes a schema with what its SDL does not show.
func outline(s *schema.Schema) string {
	var b strings.Builder
	b.WriteString(s.SDL())
	joins := func(by []schema.Join) string {
		text := ""
		for _, j := range by {
			text += " by " + j.Local.Name + "=" + j.Remote.Name
		}
		return text
	}
	for _, t := range s.Types() {
		if len(t.Requires) > 0 {
			fmt.Fprintf(&b, "%s requires %v\n", t.Name, t.Requires)
		}
		for _, k := range t.Key {
			fmt.Fprintf(&b, "%s key %s\n", t.Name, k.Name)
		}
		for _, p := range t.Possible {
			fmt.Fprintf(&b, "%s of %s%s\n", t.Name, p.Type.Name, joins(p.By))
		}
		for _, f := range t.Fields {
			name := t.Name + "." + f.Name
			fmt.Fprintln(&b, name, "is", f.Type)
			if !f.NoFilter {
				fmt.Fprintln(&b, name, "filters")
			}
			if f.Collation != "" {
				fmt.Fprintln(&b, name, "collation", f.Collation)
			}
			if len(f.Requires) > 0 {
				fmt.Fprintln(&b, name, "requires", f.Requires)
			}
			if f.Relation != nil {
				fmt.Fprintln(&b, name+joins(f.Relation.By))
			}
			if f.Root == nil || f.Root.Call == nil {
				continue
			}
			if f.Root.Call.CommitOnError {
				fmt.Fprintln(&b, name, "commits")
			}
			for _, a := range f.Root.Call.Args {
				if a.Context != nil {
					fmt.Fprintln(&b, name, "asks", a.Context)
				}
			}
		}
	}
	return b.String()
}
