package blog_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

// The rows of the tables, read by plain SQL, from which the tests compute what the API must answer.
type (
	user struct {
		ID, Identifier, Name, Email string
		Bio                         *string
		Reputation                  int
		Balance                     string
		CreatedAt                   time.Time
	}
	post struct {
		ID, AuthorID, Title, Body, Status string
		Keywords                          []string
		Metadata                          string
		Rating                            *string
		PublishedAt                       *time.Time
		CreatedAt                         time.Time
	}
	comment struct {
		ID, PostID, AuthorID string
		ParentID             *string
		Body                 string
		CreatedAt            time.Time
	}
	tag  struct{ ID, Identifier, Name string }
	link struct{ PostID, TagID string }
)

// tables is all of them: users, posts and comments by their ids, tags and links as they were made.
type tables struct {
	users    []user
	posts    []post
	comments []comment
	tags     []tag
	links    []link
}

func readTables(t *testing.T, db *pgtest.DB) *tables {
	t.Helper()
	conn := db.Conn(t)
	return &tables{
		users:    read[user](t, conn, `select id::text, identifier, name, email, bio, reputation, balance::text, created_at from tb_user order by id`),
		posts:    read[post](t, conn, `select id::text, author_id::text, title, body, status::text, keywords, metadata::text, rating::text, published_at, created_at from tb_post order by id`),
		comments: read[comment](t, conn, `select id::text, post_id::text, author_id::text, parent_id::text, body, created_at from tb_comment order by id`),
		tags:     read[tag](t, conn, `select id::text, identifier, name from tb_tag order by pk_tag`),
		links:    read[link](t, conn, `select post_id::text, tag_id::text from tb_post_tag order by pk_post_tag`),
	}
}

func read[R any](t *testing.T, conn *pgx.Conn, sql string) []R {
	t.Helper()
	rows, err := conn.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowToStructByPos[R])
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (d *tables) user(id string) user {
	for _, u := range d.users {
		if u.ID == id {
			return u
		}
	}
	return user{}
}

// tagsOf gives the tags of a post in the order in which the tags were made.
func (d *tables) tagsOf(postID string) []tag {
	var out []tag
	for _, one := range d.tags {
		for _, l := range d.links {
			if l == (link{postID, one.ID}) {
				out = append(out, one)
			}
		}
	}
	return out
}

// commentsOf gives the comments of a post, by their ids.
func (d *tables) commentsOf(postID string) []comment {
	var out []comment
	for _, c := range d.comments {
		if c.PostID == postID {
			out = append(out, c)
		}
	}
	return out
}

// instant writes a time as the scalar DateTime.
func instant(at time.Time) string { return at.UTC().Format(time.RFC3339Nano) }

func instantOrNull(at *time.Time) *string {
	if at == nil {
		return nil
	}
	s := instant(*at)
	return &s
}

// object is a JSON object whose keys keep their order: names and values by turns.
type object []any

func (o object) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i := 0; i+1 < len(o); i += 2 {
		if i > 0 {
			out = append(out, ',')
		}
		name, err := encode(o[i])
		if err != nil {
			return nil, err
		}
		value, err := encode(o[i+1])
		if err != nil {
			return nil, err
		}
		out = append(append(append(out, name...), ':'), value...)
	}
	return append(out, '}'), nil
}

// encode writes a value as JSON, with <, > and & as they are.
func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}
