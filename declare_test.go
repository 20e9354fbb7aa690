package fraiseql_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/schema"
)

type (
	status string

	base struct {
		ID        fraiseql.ID `graphql:",key" doc:"Public identifier."`
		CreatedAt time.Time
	}
	author struct {
		base
		Name    string
		Email   *string `db:"mail" deprecated:"Use contact."`
		Status  status
		Posts   []post `by:"id=author_id, tenant=tenant"`
		Address address
		Geo     *struct {
			Lat float64
			Lng float64
		}
		Tags     []string
		Notes    []*string
		Avatar   []byte
		Extra    map[string]any
		Secret   string `graphql:"-"`
		internal int
	}
	post struct {
		ID     fraiseql.ID
		Title  string  `graphql:"headline"`
		Author *author `by:"author_id=id"`
		Votes  int64
		Price  fraiseql.Decimal
		Took   time.Duration
	}
	address struct{ Street, City string }
)

const (
	active   status = "active"
	archived status = "put away"
)

func blogTypes() []fraiseql.Type {
	return []fraiseql.Type{
		fraiseql.Object[author]("app.v_author", fraiseql.ObjectOptions{Name: "Author", Filters: []string{"name"}}),
		fraiseql.Object[post]("v_post", fraiseql.ObjectOptions{Name: "Post", Document: "none"}),
		fraiseql.Enum(active, archived).Named(archived, "ARCHIVED").Deprecate(archived, "Nothing is put away."),
	}
}

func declared(t *testing.T, o fraiseql.Options) schema.Declarations {
	t.Helper()
	d, err := fraiseql.Declare(o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestObjectFields(t *testing.T) {
	t.Parallel()
	_ = author{internal: 1} // what is not exported is not in the API
	d := declared(t, fraiseql.Options{Types: blogTypes()})
	var got []string
	for _, ty := range d.Types {
		got = append(got, ty.Name+" "+ty.Source+" "+ty.Document+" "+strings.Join(ty.Filters, ","))
		for _, f := range ty.Fields {
			line := "  " + f.Name + ": " + f.Type
			if f.SQLName != "" {
				line += " db " + f.SQLName
			}
			if f.Key {
				line += " key"
			}
			for _, p := range f.By {
				line += " " + p.Local + "=" + p.Remote
			}
			got = append(got, line)
		}
		if !ty.Closed || ty.Queries != nil {
			t.Errorf("%s: only the fields of the struct belong to the API, and only declared queries", ty.Name)
		}
	}
	want := `Author app.v_author  name
  name: String!
  email: String db mail
  status: status!
  posts: [Post!]! id=author_id tenant=tenant
  address: address!
  geo: AuthorGeo
  tags: [String!]!
  notes: [String]!
  avatar: Bytes!
  extra: JSON
  id: ID! key
  createdAt: DateTime!
AuthorGeo   
  lat: Float!
  lng: Float!
Post v_post none 
  id: ID!
  headline: String!
  author: Author author_id=id
  votes: BigInt!
  price: Decimal!
  took: Duration!
address   
  street: String!
  city: String!`
	if g := strings.Join(got, "\n"); g != want {
		t.Errorf("got\n%s\nwant\n%s", g, want)
	}
	e := d.Enums[0]
	if e.Name != "status" || e.Values[0] != (schema.EnumValue{Name: "active", Label: "active"}) ||
		e.Values[1] != (schema.EnumValue{Name: "ARCHIVED", Label: "put away", Deprecated: "Nothing is put away."}) {
		t.Errorf("enum: %+v", e)
	}
}

func TestQueriesAndArguments(t *testing.T) {
	t.Parallel()
	type Near struct {
		Lat, Lng float64
		Radius   int `default:"10"`
	}
	type args struct {
		Term   string `default:"go" doc:"What to look for."`
		Near   *Near
		Status *status                `default:"put away"`
		Ids    []fraiseql.ID          `default:"[]"`
		Limit  fraiseql.Optional[int] `default:"5"`
		Since  fraiseql.Optional[time.Time]
	}
	search := fraiseql.Resolve("search", func(context.Context, args) (*fraiseql.Rows[post], error) { return nil, nil },
		fraiseql.QueryOptions{Description: "Finds posts.", Deprecated: "Use posts."})
	d := declared(t, fraiseql.Options{
		Title: "Blog", Description: "About it.", Types: blogTypes(),
		Queries: []fraiseql.Query{
			fraiseql.List[author]("authors"), fraiseql.Get[author]("author"), search, fraiseql.Connection[author]("pages"),
			fraiseql.Resolve("top", func(context.Context, struct{}) (*fraiseql.Row[post], error) { return nil, nil }),
			fraiseql.Resolve("now", func(context.Context, struct{}) (time.Time, error) { return time.Time{}, nil }),
			fraiseql.Resolve("pairs", func(context.Context, struct{}) ([]struct{ A, B int }, error) { return nil, nil }),
		},
	})
	var got []string
	for _, q := range d.Queries {
		line := q.Name + ": " + q.Type
		for _, a := range q.Args {
			line += "\n  " + a.Name + ": " + a.Type + " = " + a.Default
		}
		got = append(got, line)
	}
	for _, in := range d.Inputs {
		line := "input " + in.Name
		for _, a := range in.Fields {
			line += "\n  " + a.Name + ": " + a.Type + " = " + a.Default
		}
		got = append(got, line)
	}
	want := `authors: Author
author: Author
search: [Post!]
  term: String! = "go"
  near: Near = 
  status: status = ARCHIVED
  ids: [ID!]! = []
  limit: Int = 5
  since: DateTime = 
pages: Author
top: Post
now: DateTime
pairs: [PairsResult!]
input Near
  lat: Float! = 
  lng: Float! = 
  radius: Int! = 10`
	if g := strings.Join(got, "\n"); g != want {
		t.Errorf("got\n%s\nwant\n%s", g, want)
	}
	if q := d.Queries[2]; d.Title != "Blog" || d.Description != "About it." || q.Description != "Finds posts." || q.Deprecated != "Use posts." || q.Args[0].Description != "What to look for." {
		t.Errorf("descriptions are lost: %+v", q)
	}
	if d.Queries[0].Kind != schema.List || d.Queries[1].Kind != schema.One || d.Queries[2].Kind != schema.Resolve || d.Queries[3].Kind != schema.Connection {
		t.Error("the kinds of the root fields are wrong")
	}
}

func TestGoFields(t *testing.T) {
	t.Parallel()
	f := func(context.Context, []author) ([]*string, error) { return nil, nil }
	d := declared(t, fraiseql.Options{Types: append(blogTypes(),
		fraiseql.Field("avatarUrl", f, fraiseql.FieldOptions{Description: "Where it is.", Needs: []string{"id"}}),
		fraiseql.Field("initials", f))})
	b := d.Batches[0]
	if b.On != "Author" || b.Name != "avatarUrl" || b.Type != "String" || b.Description != "Where it is." || strings.Join(b.Needs, ",") != "id" {
		t.Errorf("got %+v", b)
	}
	if needs := strings.Join(d.Batches[1].Needs, ","); needs != "name,email,status,address,geo,tags,notes,avatar,extra,id,createdAt" {
		t.Errorf("by default all fields but relations are needed, got %s", needs)
	}
}

// Every fault must name where it is and what to do.
func TestFaultsOfDeclarations(t *testing.T) {
	t.Parallel()
	type twice struct {
		A int
		B int `graphql:"a"`
	}
	type odd struct {
		C chan int
		U uint64
		P **int
		F [3]int
		N sql.NullString
		O fraiseql.Optional[int]
		D int    `default:"1"`
		K int    `graphql:"k,primary"`
		Y int    `graphql:"9y"`
		B string `by:"a=b"`
		M string `by:"a"`
		Q []post `by:"id=author_id" beside:"aggregate=a,aggregate=b"`
		W []int  `beside:"groups"`
		h string `graphql:"x"`
	}
	_ = odd{h: "its tag is the fault"}
	type embeds struct{ *base }
	type empty struct{ _ int }
	type inner struct {
		Posts []post `by:"id=author_id"`
	}
	type holder struct{ I inner }
	type badArgs struct {
		N int    `default:"x"`
		S status `default:"gone"`
		L *post  `default:"{}"`
		P int    `by:"a=b"`
		D string `deprecated:"No."`
	}
	type wrapped struct {
		P *fraiseql.Optional[int]
		L []fraiseql.Optional[int]
		O fraiseql.Optional[fraiseql.Optional[int]]
	}
	type tagged struct {
		base `by:"a=b"`
	}
	nothing := func(context.Context, struct{}) (int, error) { return 0, nil }
	type loose string
	for name, c := range map[string]struct {
		types   []fraiseql.Type
		queries []fraiseql.Query
		want    []string
	}{
		"nil":            {[]fraiseql.Type{nil}, []fraiseql.Query{nil}, []string{"Types[0] is nil", "Queries[0] is nil"}},
		"not a struct":   {[]fraiseql.Type{fraiseql.Object[time.Time]("v")}, nil, []string{"Object[time.Time]: an object is made of a struct"}},
		"no source":      {[]fraiseql.Type{fraiseql.Object[post]("")}, nil, []string{"fraiseql_test.post", "no source"}},
		"declared twice": {append(blogTypes(), fraiseql.Object[post]("v_p")), nil, []string{`twice (on "v_post" and "v_p")`}},
		"bad name":       {[]fraiseql.Type{fraiseql.Object[post]("v", fraiseql.ObjectOptions{Name: "a b"})}, nil, []string{"ObjectOptions.Name"}},
		"one name for two": {append(blogTypes(), fraiseql.Object[twice]("v", fraiseql.ObjectOptions{Name: "Post"})), nil, []string{
			"fraiseql_test.post, Go type fraiseql_test.twice would all be named Post", "field B: another field is named a too",
		}},
		"unknown key": {[]fraiseql.Type{fraiseql.Object[address]("v", fraiseql.ObjectOptions{Key: []string{"id"}, Filters: []string{"x"}})}, nil, []string{
			`ObjectOptions.Key names "id"`, `ObjectOptions.Filters names "x"`, "street, city",
		}},
		"odd fields": {append(blogTypes(), fraiseql.Object[odd]("v")), nil, []string{
			"odd, field C: chan int has no counterpart", "field U: uint64 holds more", "field P: **int", "field F: [3]int has a fixed length",
			"field N: sql.NullString stands for a single value", "field O: fraiseql.Optional is for arguments", "field D: default is for arguments",
			`field K: graphql:"k,primary": "primary" is not known`, `field Y: "9y" cannot be a GraphQL name`, "field B: by leads to String, which has no source",
			`field M: by:"a": the form is`, `field Q: beside:"aggregate=a,aggregate=b": the form is`, "field W: beside is for relations", "field h: it has tags but is not exported",
		}},
		"embedded pointer": {[]fraiseql.Type{fraiseql.Object[embeds]("v")}, nil, []string{"field base: an embedded pointer"}},
		"no fields":        {[]fraiseql.Type{fraiseql.Object[empty]("v")}, nil, []string{"empty has no exported fields"}},
		"relation without a source": {append(blogTypes(), fraiseql.Object[holder]("v")), nil, []string{
			"inner, field Posts: by joins rows, and fraiseql_test.inner has no source",
		}},
		"enum": {[]fraiseql.Type{fraiseql.Enum[string]("a"), fraiseql.Enum(active, archived), fraiseql.Enum[loose]().Named("x", "Y")}, nil, []string{
			"Enum[string]: an enum needs a string type of its own", `"put away" cannot be a GraphQL name: add .Named`, "loose: fraiseql.Enum has no values",
			`"x" is not among the values`,
		}},
		"enum names": {[]fraiseql.Type{fraiseql.Enum(active, active), fraiseql.Enum[loose]("a", "b").Named("a", "b").Named("b", "c")}, nil, []string{
			"the value active stands twice", `"b" is both a value and the name of another one`,
		}},
		"queries": {nil, []fraiseql.Query{
			fraiseql.List[post]("posts"), fraiseql.Resolve("posts", nothing), fraiseql.Resolve("a-b", nothing),
			fraiseql.Resolve[int]("n", func(context.Context, int) (int, error) { return 0, nil }),
			fraiseql.Resolve[struct{}, int]("f", nil),
			fraiseql.Resolve("rows", func(context.Context, struct{}) (*fraiseql.Rows[post], error) { return nil, nil }),
			fraiseql.Resolve("fn", func(context.Context, struct{}) (func(), error) { return nil, nil }),
			fraiseql.Connection[post]("pages"),
		}, []string{
			`fraiseql.Connection[fraiseql_test.post]("pages"): fraiseql_test.post has no source: add fraiseql.Object`,
			`List[fraiseql_test.post]("posts"): fraiseql_test.post has no source: add fraiseql.Object`, `Resolve("posts"): fraiseql.List[fraiseql_test.post]("posts") has that name already`,
			`"a-b" cannot be a GraphQL name`, `Resolve("n"): the arguments are int: they must be a struct`, `Resolve("f"): the function is nil`,
			`Resolve("rows"): it returns rows of fraiseql_test.post, which has no source`, `Resolve("fn"): the result: func() has no counterpart`,
		}},
		"arguments": {blogTypes(), []fraiseql.Query{fraiseql.Resolve("q", func(context.Context, badArgs) (int, error) { return 0, nil })}, []string{
			`Resolve("q"): arguments, field N: default:"x"`, `field S: default:"gone": it is no value of the enum status`, `field L: default:"{}": only scalars`,
			"field P: by is for objects", "field D: it is deprecated and yet required",
		}},
		"an Optional inside": {nil, []fraiseql.Query{fraiseql.Resolve("q", func(context.Context, wrapped) (int, error) { return 0, nil })}, []string{
			"field P: *fraiseql.Optional[int]: fraiseql.Optional stands for a whole", "field L: []fraiseql.Optional[int]: fraiseql.Optional stands for a whole",
			"is an Optional of an Optional",
		}},
		"tags of an embedded struct": {[]fraiseql.Type{fraiseql.Object[tagged]("v")}, nil, []string{"field base: its tags have no effect"}},
		"go fields": {append(
			blogTypes(),
			fraiseql.Field[author, int]("x", nil),
			fraiseql.Field("name", func(context.Context, []author) ([]int, error) { return nil, nil }),
			fraiseql.Field("y", func(context.Context, []twice) ([]int, error) { return nil, nil }),
			fraiseql.Field("z", func(context.Context, []author) ([]int, error) { return nil, nil }, fraiseql.FieldOptions{Needs: []string{"posts"}}),
		), nil, []string{
			`("x"): the function is nil`, `("name"): fraiseql_test.author has a field of that name already`, `("y"): fraiseql_test.twice is not a type of the API`,
			`("z"): FieldOptions.Needs names "posts", which is no plain field`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := fraiseql.Declare(fraiseql.Options{Types: c.types, Queries: c.queries})
			if err == nil {
				t.Fatal("accepted")
			}
			for _, w := range c.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q is missing in:\n%v", w, err)
				}
			}
		})
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for goName, want := range map[string]string{
		"ID": "id", "UserID": "userId", "HTMLBody": "htmlBody", "UserIDs": "userIds", "IDs": "ids", "URL": "url",
		"DNS1ID": "dns1Id", "A": "a", "FirstName": "firstName", "Snake_Case": "snakeCase", "HTTPServer2": "httpServer2",
		"URLsOfUser": "urlsOfUser", "X9Y": "x9Y",
	} {
		if got := fraiseql.LowerCamel(goName); got != want {
			t.Errorf("%s: got %s, want %s", goName, got, want)
		}
	}
}
