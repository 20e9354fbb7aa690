// Package examples holds the databases that the dev command can load: SQL that makes the tables, the rows and the
// annotated views, and queries to paste into the explorer. It is plain PostgreSQL and needs no extension.
package examples

import (
	"embed"
	"fmt"
	"slices"
	"strings"
)

//go:embed blog/*.sql world/*.sql
var sources embed.FS

// File is one SQL file of an example.
type File struct {
	Name string // as in "01_tables.sql"
	SQL  string // several statements; send them as one simple query
}

// Query is a GraphQL operation that an example answers.
type Query struct {
	Name      string         // says in a few words what it shows
	Query     string         // the document
	Variables map[string]any // nil when it takes none
}

// Names lists the examples in alphabetical order.
func Names() []string { return []string{"blog", "world"} }

// SQL gives the files of an example in the order in which they must run, each once, in an empty database. The error
// for an unknown name lists the known ones.
func SQL(name string) ([]File, error) {
	if !slices.Contains(Names(), name) {
		return nil, fmt.Errorf("there is no example %q: choose one of %s", name, strings.Join(Names(), ", "))
	}
	entries, err := sources.ReadDir(name) // sorted by name, and the names begin with a number
	if err != nil {
		return nil, fmt.Errorf("example %s: %w", name, err)
	}
	files := make([]File, 0, len(entries))
	for _, entry := range entries {
		text, err := sources.ReadFile(name + "/" + entry.Name())
		if err != nil {
			return nil, fmt.Errorf("example %s: %w", name, err)
		}
		files = append(files, File{Name: entry.Name(), SQL: string(text)})
	}
	return files, nil
}

// Queries gives three queries to try on an example, the simplest first; none for an unknown name.
func Queries(name string) []Query {
	switch name {
	case "blog":
		return blogQueries()
	case "world":
		return worldQueries()
	}
	return nil
}

func blogQueries() []Query {
	return []Query{
		{
			Name: "Everybody",
			Query: `{
  users {
    id
    name
  }
}
`,
		},
		{
			Name: "The latest posts, with authors, tags and comments",
			Query: `query LatestPosts($count: Int = 5) {
  posts(where: {status: {eq: published}}, orderBy: [{publishedAt: DESC}], limit: $count) {
    title
    publishedAt
    author { name }
    tags { name }
    comments(orderBy: [{createdAt: ASC}], limit: 3) {
      body
      author { name }
    }
  }
}
`,
			Variables: map[string]any{"count": 5},
		},
		{
			Name: "The best posts of well-known authors, filtered through a relation, with a stored document",
			Query: `{
  posts(
    where: {rating: {gte: 4.5}, author: {reputation: {gt: 900}}}
    orderBy: [{rating: DESC}, {title: ASC}]
    limit: 5
  ) {
    title
    rating
    author { name, reputation }
    summary { commentCount, tags { name } }
  }
}
`,
		},
	}
}

func worldQueries() []Query {
	return []Query{
		{
			Name: "One country",
			Query: `{
  country(code: "CH") {
    name
    native
    capital
    phone
    continent { name }
    languages(orderBy: [{position: ASC}]) { name, native }
    currencies { code, symbol }
  }
}
`,
		},
		{
			Name: "The countries of a continent with their languages",
			Query: `query Continent($code: ID!) {
  continent(code: $code) {
    name
    countries(orderBy: [{name: ASC}]) {
      code
      name
      languages { name }
    }
  }
}
`,
			Variables: map[string]any{"code": "SA"},
		},
		{
			Name: "Languages written from right to left, and who speaks them",
			Query: `{
  languages(where: {rtl: {eq: true}}, orderBy: [{name: ASC}]) {
    code
    name
    native
    countries { code, name }
  }
}
`,
		},
	}
}
