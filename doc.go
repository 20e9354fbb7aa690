// Package fraiseql serves GraphQL straight from PostgreSQL: views become types, a request
// becomes one round trip, and rows become the answer's bytes.
//
//	type User struct {
//		ID    fraiseql.ID `graphql:",key" doc:"Public identifier."`
//		Name  string
//		Email *string // a pointer is nullable
//	}
//
//	func main() {
//		app, err := fraiseql.New(fraiseql.Options{
//			DatabaseURL:        "postgres://localhost/blog",
//			ConnectionPoolSize: 20, // one line tunes the pool
//			Types:              []fraiseql.Type{fraiseql.Object[User]("v_user")},
//			Queries:            []fraiseql.Query{fraiseql.List[User]("users"), fraiseql.Get[User]("user")},
//		})
//		if err != nil {
//			log.Fatal(err)
//		}
//		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
//		defer stop()
//		if err := app.Run(ctx, ":8000"); err != nil {
//			log.Fatal(err)
//		}
//	}
//
// Views that carry an annotation in their comment are served without any Go; the command
// "fraiseql serve" needs nothing else.
//
// [Object] says how a struct becomes a type, [Scalar] how a string or a number becomes a scalar;
// [Resolve] adds a query that is made in Go, and [Field] a field. [Options] has every parameter
// with its default. Package pool is the connection pool, package auth finds out who asks.
package fraiseql
