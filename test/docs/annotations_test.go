package docs_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/catalog"
)

// annotationParts say where each marker stands, what it does and where more is told, in the order of the page.
var annotationParts = []struct{ markers, text string }{
	{"type", "On a view, a materialized view, a table or a foreign table: its rows are served as objects of a type, with queries for them. How a document's\n" +
		"objects are of several kinds is told of [interfaces and unions](abstract-types.md#objects-in-documents), what the queries take of\n" +
		"[filters and orders](filters.md), [connections](connections.md) and [aggregates](aggregates.md). `requires` is told of [authorization](authorization.md)."},
	{"interface union", "On the same, where a column tells of which type each row is. They take the keys above and these; of a union nothing can be selected but what its types have.\n" +
		"See [interfaces and unions](abstract-types.md)."},
	{"field", "On a column of a view or table, or on an attribute of a composite type. There, all but `collation` counts for what mutations take, and `description`, `deprecated` and\n" +
		"`requires` for what is answered. The types are those of [scalars](scalars.md), also of your own; a type that does not fit the column is refused, and the message says which do."},
	{"mutation", "On a function: it is a mutation. What it may take and give, and what `context_params` finds, is told of [mutations](mutations.md)."},
}

// TestAnnotationsPageIsCurrent keeps docs/reference/annotations.md equal to the code.
func TestAnnotationsPageIsCurrent(t *testing.T) {
	t.Parallel()
	all := map[string][]catalog.Key{}
	for _, a := range catalog.Annotations() {
		all[a.Marker] = a.Keys
	}
	var page strings.Builder
	page.WriteString(strings.ReplaceAll(annotationsBeginning, "~", "`"))
	known := map[string]bool{}
	for _, part := range annotationParts {
		markers := strings.Fields(part.markers)
		fmt.Fprintf(&page, "\n## `@fraiseql:%s`\n\n%s\n\n| key | form | meaning | without it | example |\n|---|---|---|---|---|\n",
			strings.Join(markers, "` and `@fraiseql:"), part.text)
		keys := all[markers[0]]
		if len(markers) > 1 { // beyond those of a type
			keys = keys[len(all["type"]):]
		}
		for _, m := range markers {
			if len(all[m]) == 0 || known[m] {
				t.Errorf("@fraiseql:%s has no keys, or two parts", m)
			}
			known[m] = true
		}
		writeKeys(&page, "", keys)
	}
	if len(known) != len(all) {
		t.Errorf("annotationParts has %d markers, and there are %d", len(known), len(all))
	}
	page.WriteString(strings.ReplaceAll(annotationsEnd, "~", "`"))
	current(t, "../../docs/reference/annotations.md", "TestAnnotationsPageIsCurrent", page.String())
}

func writeKeys(page *strings.Builder, path string, keys []catalog.Key) {
	for _, k := range keys {
		without := k.Default
		if without == "" {
			without = "it must be there"
		}
		fmt.Fprintf(page, "| `%s%s` | %s | %s | %s | `%s` |\n", path, k.Name, k.Form, k.Meaning, without, k.Example)
		inner := path + k.Name + "."
		if k.Named {
			inner += "…."
		}
		writeKeys(page, inner, k.Keys)
	}
}

// In these ~ stands for `, which Go keeps for itself.
const (
	annotationsBeginning = `# Annotations

What comments in the database can say. This page is written from the code; its examples are run.

A comment on a view, a table, a column or a function is text, which describes it in the schema. Behind the text may stand a marker such as ~@fraiseql:type~, and behind
that keys in YAML. What has a marker is served:

~~~sql
CREATE TABLE tb_cook (id int PRIMARY KEY, name text NOT NULL, email text NOT NULL);
CREATE TABLE tb_recipe (
    id int PRIMARY KEY, slug text NOT NULL UNIQUE, title text NOT NULL, cook_id int NOT NULL REFERENCES tb_cook,
    stars int[] NOT NULL DEFAULT '{}', secret text, data jsonb NOT NULL
);
INSERT INTO tb_cook VALUES (1, 'Ada', 'ada@example.com'), (2, 'Äbba', 'aebba@example.com'), (3, 'Zoë', 'zoe@example.com');
INSERT INTO tb_recipe VALUES
    (1, 'pancakes', 'Pancakes', 1, '{5,4}', 'Rest the dough.', '{"servings": 4, "steps": [{"text": "Stir", "minutes": 5}, {"text": "Fry"}]}'),
    (2, 'soup', 'Soup', 2, '{}', NULL, '{"servings": 2, "steps": []}');

CREATE VIEW v_cook AS SELECT id, name, email, upper(left(name, 1)) AS initial FROM tb_cook;
COMMENT ON VIEW v_cook IS 'Who cooks.

@fraiseql:type
name: Chef
expose_fields: [id, name, initial]
not_null: initial
collation: de-x-icu
queries: {one: false, list: kitchen}
relations:
  recipes: {to: Recipe, by: {id: cook_id}, many: true, aggregate: recipeFigures, groups: false, connection: false}';

CREATE VIEW v_recipe AS SELECT id, slug, title, cook_id, cardinality(stars) AS votes, secret, data FROM tb_recipe;
COMMENT ON VIEW v_recipe IS 'What is cooked.

@fraiseql:type
key: [slug]
filters: [slug, title, chef]
fields:
  slug: ID!
  votes: Int!
  servings: Int!                             # a key of the document in data
  steps: [{text: String!, minutes: Int}]
relations:
  chef: {to: Chef, by: {cook_id: id}}';
COMMENT ON COLUMN v_recipe.title IS 'As it is called. @fraiseql:field name=dish';
COMMENT ON COLUMN v_recipe.secret IS '@fraiseql:field
description: What makes it good.
requires: [chef, admin]';

CREATE FUNCTION fn_rate(p_slug text, p_stars int) RETURNS SETOF v_recipe LANGUAGE sql AS $$
    UPDATE tb_recipe SET stars = stars || p_stars WHERE slug = p_slug;
    SELECT * FROM v_recipe WHERE slug = p_slug;
$$;
COMMENT ON FUNCTION fn_rate IS 'Gives a recipe one vote more.

@fraiseql:mutation
name: rateRecipe
success_type: Recipe';
~~~

<!-- server -->
~~~sh
fraiseql serve --database-url postgres://localhost/kitchen
~~~

~~~graphql
{
  recipe(slug: "pancakes") { dish votes servings steps { text minutes } chef { name initial recipeFigures { count } } }
  recipes(where: {dish: {startsWith: "P"}}) { slug secret }
  kitchen(orderBy: [{name: ASC}]) { name recipes { dish } }
}
~~~

<!-- output -->
~~~json
{
  "data": {
    "recipe": {
      "dish": "Pancakes", "votes": 2, "servings": 4, "steps": [{"text": "Stir", "minutes": 5}, {"text": "Fry", "minutes": null}],
      "chef": {"name": "Ada", "initial": "A", "recipeFigures": {"count": 1}}
    },
    "recipes": [{"slug": "pancakes", "secret": null}],
    "kitchen": [{"name": "Äbba", "recipes": [{"dish": "Soup"}]}, {"name": "Ada", "recipes": [{"dish": "Pancakes"}]}, {"name": "Zoë", "recipes": []}]
  },
  "errors": [{
    "message": "Recipe.secret needs the role or scope chef or admin", "locations": […], "path": ["recipes", 0, "secret"],
    "extensions": {"code": "FORBIDDEN"}
  }]
}
~~~

~~~graphql
mutation { rateRecipe(input: {slug: "soup", stars: 3}) { dish votes } }
~~~

<!-- output -->
~~~json
{"data": {"rateRecipe": [{"dish": "Soup", "votes": 1}]}}
~~~

~~~sh
fraiseql schema --database-url postgres://localhost/kitchen | sed -n '/"""What is cooked/,/^}/p; /^input RecipeWhereInput/,/^}/p'
~~~

<!-- output -->
~~~console
"""What is cooked."""
type Recipe {
  slug: ID!
  votes: Int!
  servings: Int!
  steps: [RecipeSteps!]
  """As it is called."""
  dish: String!
  """What makes it good."""
  secret: String
  chef: Chef
}
input RecipeWhereInput {
  …
  slug: IDFilter
  """As it is called."""
  dish: StringFilter
  chef: ChefWhereInput
}
~~~

A comment can be changed at any time: ~fraiseql dev~ takes it up at once, ~serve~ when it is [told to read it](../deploy.md).

## How a comment is read

- The marker stands behind the text, on a line of its own or not. What is in front of it is the description, unless the key ~description~ says another one.
- What follows is YAML: ~key: value~ on lines of their own, lists as ~[a, b]~ or by dashes, mappings as ~{a: b}~ or indented. ~#~ begins a note of your own.
- ~@fraiseql:field~ may be in one line instead, ~@fraiseql:field type=ID! deprecated=use the slug~: names and types end at a space, texts go on to the next key, and ~requires~ is
  one role or scope. Lists take YAML.
- ~key~, ~filters~, ~not_null~, ~expose_fields~ and ~by~ name fields as the database does or as GraphQL does: ~cook_id~ or ~cookId~.
- A text without a marker, on a view, table or column that is served, on an enum or a composite type (where no marker is known), is its description. On a constraint it is
  [what clients are told](mutations.md#in-comments) when the constraint refuses a row.
- Of a relation that Go declares, its comment gives ~description~, ~requires~ and ~collation~, and those on its columns all but ~name~ and ~type~; of a function, all but ~name~,
  ~deprecated~, ~success_type~ and ~error_type~. What Go says itself goes first, and two lists in ~requires~ must be the same.
`
	annotationsEnd = `
## What is wrong in a comment

A key or marker that is not known is refused, with the one that was probably meant. The object is left out, and so is the column or attribute whose comment cannot be read, since a
guard might have stood there. ~fraiseql check~ tells every fault, with its line in the comment and what to do, and ends with code 3; ~serve~ has the same in its log.

~~~sql
COMMENT ON FUNCTION fn_rate IS 'Gives a recipe one vote more.

@fraiseql:mutation
name: rateRecipe
sucess_type: Recipe';
COMMENT ON COLUMN v_recipe.secret IS '@fraiseql:field require=admin';
~~~

<!-- exit: 3 -->
~~~console
$ fraiseql check --database-url postgres://localhost/kitchen
PostgreSQL …, database …, role …

warning  comment on column public.v_recipe.secret  [not-served]
  the column is left out: line 1: unknown key "require": did you mean requires? the keys are name, type, description, deprecated, requires, collation
  …
  cure: correct the comment

warning  comment on function public.fn_rate  [not-served]
  it is left out: line 5: unknown key "sucess_type": did you mean success_type? the keys are name, description, deprecated, …
  …
  cure: correct the comment

checked 2 things: catalog 2 (types with rows)
found: 0 errors, 2 warnings, 0 notes
~~~
`
)
