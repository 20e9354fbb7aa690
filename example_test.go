package fraiseql_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"os"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/devpg"
)

// Book is a row of the view v_book.
type Book struct {
	ID     fraiseql.ID `graphql:",key" doc:"Public identifier."`
	Title  string
	Pages  *int    // a pointer is nullable
	Author *Writer `by:"author_id=id"`
}

// Writer is a row of the view v_writer.
type Writer struct {
	ID    fraiseql.ID `graphql:",key"`
	Name  string
	Books []Book `by:"id=author_id"`
}

const library = `
CREATE TABLE tb_writer (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE tb_book (id int PRIMARY KEY, author_id int REFERENCES tb_writer, title text NOT NULL, pages int);
CREATE VIEW v_writer AS SELECT * FROM tb_writer;
CREATE VIEW v_book AS SELECT * FROM tb_book;
INSERT INTO tb_writer VALUES (1, 'Austen'), (2, 'Woolf');
INSERT INTO tb_book VALUES (1, 1, 'Emma', 474), (2, 2, 'Orlando', 336), (3, 1, 'Persuasion', NULL);`

func libraryTypes() []fraiseql.Type {
	return []fraiseql.Type{fraiseql.Object[Book]("v_book"), fraiseql.Object[Writer]("v_writer")}
}

// libraryServer is where libraryURL's database is; nil until that is asked for. TestMain stops it.
var libraryServer *devpg.Server

// libraryURL is a database with the library.
var libraryURL = sync.OnceValues(func() (string, error) {
	ctx := context.Background()
	programs, err := devpg.Find(os.Environ())
	if err != nil {
		return "", err
	}
	server, err := devpg.Start(ctx, devpg.Options{Programs: programs, Ephemeral: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return "", err
	}
	libraryServer = server
	conn, err := pgx.Connect(ctx, server.URL("postgres"))
	if err != nil {
		return "", err
	}
	_, err = conn.Exec(ctx, library)
	return server.URL("postgres"), errors.Join(err, conn.Close(ctx))
})

// show starts an app and prints its answer to a query.
func show(o fraiseql.Options, query string) {
	ctx := context.Background()
	url, err := libraryURL()
	if err != nil {
		panic(err)
	}
	o.DatabaseURL, o.Logger = url, slog.New(slog.DiscardHandler)
	app, err := fraiseql.New(o)
	if err == nil {
		err = app.Start(ctx)
	}
	if err != nil {
		panic(err)
	}
	defer func() { _ = app.Shutdown(ctx) }()
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(fmt.Sprintf(`{"query":%q}`, query)))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	app.ServeHTTP(w, r)
	fmt.Println(w.Body)
}

func ExampleNew() {
	app, err := fraiseql.New(fraiseql.Options{
		DatabaseURL:        "postgres://localhost/library",
		ConnectionPoolSize: 20,
		Types:              libraryTypes(),
		Queries:            []fraiseql.Query{fraiseql.List[Book]("books"), fraiseql.Get[Book]("book")},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	// app.Run(ctx, ":8000") serves it; until then the handler answers 503.
	w := httptest.NewRecorder()
	app.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/health", nil))
	fmt.Println(w.Code)
	w = httptest.NewRecorder()
	app.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/graphql?query=%7Bbooks%7Btitle%7D%7D", nil))
	fmt.Println(w.Code)
	// Output:
	// 200
	// 503
}

func ExampleObject() {
	show(fraiseql.Options{
		Types:   libraryTypes(),
		Queries: []fraiseql.Query{fraiseql.List[Writer]("writers")},
	}, `{ writers(orderBy: [{name: DESC}]) { name books { title pages } } }`)
	// Output:
	// {"data":{"writers":[{"name":"Woolf","books":[{"title":"Orlando","pages":336}]},{"name":"Austen","books":[{"title":"Emma","pages":474},{"title":"Persuasion","pages":null}]}]}}
}

func ExampleResolve() {
	type args struct {
		Least int `default:"100" doc:"How many pages at least."`
	}
	thick := fraiseql.Resolve("thickBooks", func(_ context.Context, a args) (*fraiseql.Rows[Book], error) {
		if a.Least < 0 {
			return nil, &fraiseql.Error{Code: fraiseql.CodeBadUserInput, Message: "least must be 0 or more"}
		}
		return fraiseql.From[Book]("v_book").
			Where(fraiseql.Where{"pages": fraiseql.Where{"gte": a.Least}}).
			OrderBy(fraiseql.Order{"pages": "DESC"}), nil
	})
	pages := fraiseql.Resolve("pagesInAll", func(ctx context.Context, _ struct{}) (n int64, err error) {
		return n, fraiseql.DB(ctx).QueryRow(ctx, `SELECT sum(pages) FROM v_book`).Scan(&n)
	})
	show(fraiseql.Options{
		Types:   libraryTypes(),
		Queries: []fraiseql.Query{thick, pages},
	}, `{ thickBooks(least: 400) { title author { name } } pagesInAll }`)
	// Output:
	// {"data":{"thickBooks":[{"title":"Emma","author":{"name":"Austen"}}],"pagesInAll":"810"}}
}

// EmailAddress is a text whose form the API checks.
type EmailAddress string

func ExampleScalar() {
	email := fraiseql.Scalar("EmailAddress", fraiseql.ScalarOptions[EmailAddress]{
		Description: "An address for electronic mail.",
		SpecifiedBy: "https://www.rfc-editor.org/rfc/rfc5322",
		Parse: func(text string) (EmailAddress, error) {
			address, err := mail.ParseAddress(text)
			if err != nil {
				return "", errors.New("send an address such as ada@example.org")
			}
			return EmailAddress(strings.ToLower(address.Address)), nil
		},
	})
	invite := fraiseql.Resolve("invite", func(_ context.Context, a struct{ To EmailAddress }) (string, error) {
		return "a letter to " + string(a.To), nil
	})
	o := fraiseql.Options{Types: []fraiseql.Type{email}, Queries: []fraiseql.Query{invite}}
	show(o, `{ invite(to: "Ada@Example.org") }`)
	show(o, `{ invite(to: "Ada") }`)
	// Output:
	// {"data":{"invite":"a letter to ada@example.org"}}
	// {"errors":[{"message":"invite: the argument \"to\": EmailAddress cannot represent \"Ada\": send an address such as ada@example.org","locations":[{"line":1,"column":15}],"extensions":{"code":"BAD_USER_INPUT"}}]}
}

func ExampleField() {
	// The function gets all books of a list at once, so it can fetch what it needs in one go.
	spine := fraiseql.Field("spine", func(_ context.Context, books []Book) ([]string, error) {
		out := make([]string, len(books))
		for i, b := range books {
			out[i] = strings.ToUpper(b.Title)
		}
		return out, nil
	}, fraiseql.FieldOptions{Needs: []string{"title"}})
	show(fraiseql.Options{
		Types:   append(libraryTypes(), spine),
		Queries: []fraiseql.Query{fraiseql.Get[Book]("book")},
	}, `{ book(id: "2") { spine } }`)
	// Output:
	// {"data":{"book":{"spine":"ORLANDO"}}}
}

// Where does a value come from?
func ExampleOrigins() {
	environ := []string{"DATABASE_URL=postgres://localhost/shop", "FRAISEQL_MAX_PAGE=50"}
	o, err := fraiseql.LoadOptions("", environ)
	if err != nil {
		fmt.Println(err)
		return
	}
	origins, err := fraiseql.Origins("", environ)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range fraiseql.Parameters() {
		if from, ok := origins[p.Name]; ok {
			fmt.Println(p.Field, p.Values(o), from.Variable)
		}
	}
	// Output:
	// DatabaseURL [postgres://localhost/shop] DATABASE_URL
	// MaxPage [50] FRAISEQL_MAX_PAGE
}

// What is wrong is told before anything is opened.
func ExampleOptions_Resolve() {
	o, err := fraiseql.Options{DatabaseURL: "postgres://localhost/shop", Production: true}.Resolve()
	fmt.Println(o.ConnectionPoolSize, o.MaxDepth, err)
	_, err = fraiseql.Options{DatabaseURL: "postgres://localhost/shop", ConnectionPoolSize: -3}.Resolve()
	fmt.Println(err)
	// Output:
	// 20 20 <nil>
	// ConnectionPoolSize is -3, and a pool needs at least 1 connection: set 1 or more, or leave it out
}
