package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	oneTuned  = `SELECT id, name, email FROM v_user WHERE id = $1`
	listTuned = `SELECT id, name, email FROM v_user ORDER BY id LIMIT 20 OFFSET $1`

	// The nested request is two statements in one round trip. The second finds the posts again, which costs PostgreSQL no
	// more than making a list below each row, and saves it the JSON.
	pageTuned = `SELECT id, title, author_id, published_at FROM v_post WHERE status = 'published'
		ORDER BY published_at, id LIMIT 10 OFFSET $1`
	postsTuned = `SELECT post.id, post.title, author.id, author.name
		FROM (` + pageTuned + `) post JOIN v_user author ON author.id = post.author_id
		ORDER BY post.published_at, post.id`
	commentsTuned = `SELECT comment.post_id, comment.id, comment.body, writer.id, writer.name
		FROM v_comment comment JOIN v_user writer ON writer.id = comment.author_id
		WHERE comment.post_id = ANY (ARRAY(SELECT id FROM (` + pageTuned + `) page))
		ORDER BY comment.post_id, comment.id`
)

// serveTuned (b2) is the same service by someone who has a week for it: prepared statements by name, columns as text straight
// from the wire, JSON appended in Go to kept buffers. It is about the best that one request over PostgreSQL can cost in Go.
func serveTuned(ctx context.Context, s settings) (http.Handler, func() error, error) {
	config, err := pgxpool.ParseConfig(s.databaseURL)
	if err != nil {
		return nil, nil, err
	}
	config.MaxConns = int32(s.pool)
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		for name, statement := range map[string]string{
			"one":      oneTuned,
			"list":     listTuned,
			"posts":    postsTuned,
			"comments": commentsTuned,
		} {
			if _, err := conn.PgConn().Prepare(ctx, name, statement, nil); err != nil {
				return err
			}
		}
		return nil
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, nil, err
	}
	t := &tuned{pool: pool, buffers: sync.Pool{New: func() any { return new(scratch) }}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /one", t.answer(func(in input) string { return in.ID }, writeOne, "one"))
	mux.HandleFunc("POST /list", t.answer(offsetText, writeList, "list"))
	mux.HandleFunc("POST /nested", t.answer(offsetText, writeNested, "comments", "posts"))
	mux.HandleFunc("POST /readings", t.readings)
	return mux, func() error { pool.Close(); return nil }, nil
}

type tuned struct {
	pool    *pgxpool.Pool
	buffers sync.Pool // of *scratch
}

type scratch struct {
	in       bytes.Buffer
	out      []byte
	comments []byte            // JSON of all comments, in the order of their posts
	spans    map[string][2]int // where the comments of a post stand in it
}

// writer appends the JSON of one statement's rows; i counts the statements of a request.
type writer func(b *scratch, i int, rows *pgconn.ResultReader)

func offsetText(in input) string { return strconv.Itoa(in.Offset) }

func (s *tuned) answer(argument func(input) string, write writer, statements ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		b := s.buffers.Get().(*scratch)
		defer s.buffers.Put(b)
		b.in.Reset()
		var in input
		if _, err := b.in.ReadFrom(r.Body); err != nil {
			http.Error(w, "the body did not arrive: "+err.Error(), http.StatusBadRequest)
			return
		}
		if err := json.Unmarshal(b.in.Bytes(), &in); err != nil {
			http.Error(w, "the body is not JSON: "+err.Error(), http.StatusBadRequest)
			return
		}
		if err := s.query(r.Context(), b, argument(in), write, statements); err != nil {
			http.Error(w, "database: "+err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header()["Content-Type"] = []string{"application/json"}
		w.Header()["Content-Length"] = []string{strconv.Itoa(len(b.out))}
		_, _ = w.Write(b.out) // a client that has gone needs no answer
	}
}

// query sends all statements at once, each with the same argument, and reads their rows in turn.
func (s *tuned) query(ctx context.Context, b *scratch, argument string, write writer, statements []string) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	arguments := [][]byte{[]byte(argument)}
	b.out = b.out[:0]
	if len(statements) == 1 {
		rows := conn.Conn().PgConn().ExecPrepared(ctx, statements[0], arguments, nil, nil)
		write(b, 0, rows)
		_, err = rows.Close()
		return err
	}
	pipeline := conn.Conn().PgConn().StartPipeline(ctx)
	for _, statement := range statements {
		pipeline.SendQueryPrepared(statement, arguments, nil, nil)
	}
	if err := pipeline.Sync(); err != nil {
		return errors.Join(err, pipeline.Close())
	}
	for i := range statements {
		results, err := pipeline.GetResults()
		if err != nil {
			return errors.Join(err, pipeline.Close())
		}
		rows, ok := results.(*pgconn.ResultReader)
		if !ok {
			return errors.Join(fmt.Errorf("statement %d gave no rows but %T", i, results), pipeline.Close())
		}
		write(b, i, rows)
		if _, err := rows.Close(); err != nil {
			return errors.Join(err, pipeline.Close())
		}
	}
	return pipeline.Close()
}

func writeOne(b *scratch, _ int, rows *pgconn.ResultReader) {
	b.out = append(b.out, `{"data":{"user":`...)
	if rows.NextRow() {
		b.out = appendUser(b.out, rows.Values())
	} else {
		b.out = append(b.out, "null"...)
	}
	b.out = append(b.out, `}}`...)
}

func writeList(b *scratch, _ int, rows *pgconn.ResultReader) {
	b.out = append(b.out, `{"data":{"users":[`...)
	for i := 0; rows.NextRow(); i++ {
		if i > 0 {
			b.out = append(b.out, ',')
		}
		b.out = appendUser(b.out, rows.Values())
	}
	b.out = append(b.out, `]}}`...)
}

// writeNested takes the comments first, so that each post can be written whole when it comes.
func writeNested(b *scratch, i int, rows *pgconn.ResultReader) {
	if i == 0 {
		keepComments(b, rows)
		return
	}
	out := append(b.out, `{"data":{"posts":[`...)
	for i := 0; rows.NextRow(); i++ {
		if i > 0 {
			out = append(out, ',')
		}
		v := rows.Values()
		out = append(append(out, `{"id":"`...), v[0]...)
		out = appendString(append(out, `","title":`...), v[1])
		out = appendPerson(append(out, `,"author":`...), v[2], v[3])
		span := b.spans[string(v[0])] // none: empty
		out = append(append(out, `,"comments":[`...), b.comments[span[0]:span[1]]...)
		out = append(out, `]}`...)
	}
	b.out = append(out, `]}}`...)
}

func keepComments(b *scratch, rows *pgconn.ResultReader) {
	if b.spans == nil {
		b.spans = map[string][2]int{}
	}
	clear(b.spans)
	out := b.comments[:0]
	var post []byte
	start := 0
	for rows.NextRow() {
		v := rows.Values()
		if bytes.Equal(post, v[0]) {
			out = append(out, ',')
		} else {
			b.spans[string(post)] = [2]int{start, len(out)}
			post, start = append(post[:0], v[0]...), len(out)
		}
		out = append(append(out, `{"id":"`...), v[1]...)
		out = appendString(append(out, `","body":`...), v[2])
		out = append(appendPerson(append(out, `,"author":`...), v[3], v[4]), '}')
	}
	b.spans[string(post)] = [2]int{start, len(out)}
	b.comments = out
}

func appendUser(out []byte, v [][]byte) []byte {
	out = append(append(out, `{"id":"`...), v[0]...)
	out = appendString(append(out, `","name":`...), v[1])
	out = appendString(append(out, `,"email":`...), v[2])
	return append(out, '}')
}

func appendPerson(out, id, name []byte) []byte {
	out = append(append(out, `{"id":"`...), id...)
	return append(appendString(append(out, `","name":`...), name), '}')
}

// appendString writes a JSON string: whole runs that need no escape at once. The text comes from PostgreSQL and is valid UTF-8.
func appendString(out, s []byte) []byte {
	const hex = "0123456789abcdef"
	out = append(out, '"')
	start := 0
	for i, c := range s {
		if c >= ' ' && c != '"' && c != '\\' || c >= utf8.RuneSelf {
			continue
		}
		out = append(out, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			out = append(out, '\\', c)
		case '\n':
			out = append(out, '\\', 'n')
		case '\t':
			out = append(out, '\\', 't')
		case '\r':
			out = append(out, '\\', 'r')
		default:
			out = append(out, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(append(out, s[start:]...), '"')
}

// readings streams the long list of -memory: one row in memory at a time.
func (s *tuned) readings(w http.ResponseWriter, r *http.Request) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		http.Error(w, "the body did not arrive: "+err.Error(), http.StatusBadRequest)
		return
	}
	conn, err := s.pool.Acquire(r.Context())
	if err != nil {
		http.Error(w, "database: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	defer conn.Release()
	w.Header().Set("Content-Type", "application/json")
	out := bufio.NewWriterSize(w, 32<<10)
	rows := conn.Conn().PgConn().ExecParams(r.Context(), readingsSQL, nil, nil, nil, nil)
	head := `{"data":{"readings":[`
	var line []byte
	for rows.NextRow() {
		line = appendUser(append(line[:0], head...), rows.Values())
		head = ","
		if _, err = out.Write(line); err != nil {
			break
		}
	}
	_, closed := rows.Close()
	if err = errors.Join(err, closed); err == nil {
		_, err = out.WriteString(`]}}`)
	}
	if errors.Join(err, out.Flush()) != nil {
		panic(http.ErrAbortHandler) // a cut answer must not parse as a whole one
	}
}
