// Command app is the program that the README shows: the example blog, declared in Go. It
// expects the blog's SQL files in the database that it names.
package main

import (
	"context"
	"log"
	"os/signal"
	"syscall"

	"github.com/fraiseql/fraiseql-go"
)

type User struct {
	ID    fraiseql.ID
	Name  string
	Email *string // a pointer is nullable
	Posts []Post  `by:"id=author_id"` // rows of another view, joined in SQL
}

type Post struct {
	ID    fraiseql.ID
	Title string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()

	app, err := fraiseql.New(fraiseql.Options{
		DatabaseURL:        "postgres://localhost/blog",
		ConnectionPoolSize: 20,
		Types:              []fraiseql.Type{fraiseql.Object[User]("v_user"), fraiseql.Object[Post]("v_post")},
		Queries:            []fraiseql.Query{fraiseql.List[User]("users"), fraiseql.Get[User]("user")},
	})
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(app.Run(ctx, ":8000"))
}
