package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fraiseql/fraiseql-go/examples"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m) }

// What a request may allocate beyond what cannot be avoided: a net/http server that says hello,
// and the same query on a bare pgconn connection.
const (
	maxOwnAllocations = 25
	maxOwnBytes       = 4 << 10
)

// TestOwnAllocations measures requests whose document and plan are cached.
func TestOwnAllocations(t *testing.T) {
	files, err := examples.SQL("blog")
	if err != nil {
		t.Fatal(err)
	}
	var sql []string
	for _, f := range files {
		sql = append(sql, string(f.SQL))
	}
	db := pgtest.New(t, sql...)
	all, err := works(t.Context(), db.Conn(t))
	if err != nil {
		t.Fatal(err)
	}
	app, stop, err := serveFraiseQL(t.Context(), settings{databaseURL: db.URL, pool: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	}()
	bare, err := pgconn.Connect(t.Context(), db.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer bare.Close(context.Background())
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection empties what is kept for the next request
	byHand := map[string]string{"one": oneByHand, "list": listByHand, "nested": nestedByHand}
	for _, w := range all {
		t.Run(w.name, func(t *testing.T) {
			body, err := graphqlBody(w.graphql, w.variables[0])
			if err != nil {
				t.Fatal(err)
			}
			answer := exchange(t, app, body, 1)
			ours := perRequest(t, func(n int) { exchange(t, app, body, n) })
			hello := perRequest(t, func(n int) {
				exchange(t, http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(answer) }), body, n)
			})
			if _, err := bare.Prepare(t.Context(), w.name, byHand[w.name], nil); err != nil {
				t.Fatal(err)
			}
			params := make([][]byte, 0, 1)
			for _, v := range w.variables[0] {
				params = append(params, paramText(t, v))
			}
			query := perRequest(t, func(n int) {
				for range n {
					rows := bare.ExecPrepared(t.Context(), w.name, params, nil, nil)
					for rows.NextRow() {
					}
					if _, err := rows.Close(); err != nil {
						t.Fatal(err)
					}
				}
			})
			own := ours.minus(hello).minus(query)
			t.Logf("%s: %s a request; hello %s, the bare query %s: own %s", w.name, ours, hello, query, own)
			if own.number > maxOwnAllocations || own.bytes > maxOwnBytes && !raceDetector {
				t.Errorf("%s: own %s, at most %d in %d bytes", w.name, own, maxOwnAllocations, maxOwnBytes)
			}
		})
	}
}

func paramText(t *testing.T, v any) []byte {
	t.Helper()
	switch v := v.(type) {
	case string:
		return []byte(v)
	case int:
		return []byte(offsetText(input{Offset: v}))
	}
	t.Fatalf("a parameter of type %T", v)
	return nil
}

// exchange sends the same request n times over one connection to a server of its own, and gives the last answer's body.
// The client reads with next to no allocations: what it takes to read our headers would count as ours.
func exchange(t *testing.T, h http.Handler, body []byte, n int) []byte {
	t.Helper()
	server := httptest.NewServer(h)
	defer server.Close()
	address := server.Listener.Addr().String()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	request := append(fmt.Appendf(nil, "POST /graphql HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", address, len(body)), body...)
	r := bufio.NewReaderSize(conn, 64<<10)
	var answer []byte
	for range n {
		if _, err := conn.Write(request); err != nil {
			t.Fatal(err)
		}
		if answer, err = readAnswer(r, answer[:0]); err != nil {
			t.Fatal(err)
		}
	}
	return answer
}

// readAnswer appends the body of a 200 to buf.
func readAnswer(r *bufio.Reader, buf []byte) ([]byte, error) {
	length, chunked := 0, false
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		line = bytes.TrimRight(line, "\r\n")
		name, value, _ := bytes.Cut(line, []byte(": "))
		switch {
		case first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")):
			return nil, fmt.Errorf("the answer begins with %q", line)
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return nil, err
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = true
		}
		if len(line) == 0 {
			break
		}
	}
	for {
		if chunked {
			line, err := r.ReadSlice('\n')
			if err != nil {
				return nil, err
			}
			size, err := strconv.ParseInt(string(bytes.TrimRight(line, "\r\n")), 16, 32)
			if err != nil {
				return nil, err
			}
			length = int(size)
		}
		at := len(buf)
		buf = slices.Grow(buf, length)[:at+length]
		if _, err := io.ReadFull(r, buf[at:]); err != nil {
			return nil, err
		}
		if !chunked {
			return buf, nil
		}
		if _, err := r.Discard(len("\r\n")); err != nil || length == 0 {
			return buf, err
		}
	}
}

// allocations are those of one request.
type allocations struct{ number, bytes float64 }

func (a allocations) minus(b allocations) allocations {
	return allocations{a.number - b.number, a.bytes - b.bytes}
}

func (a allocations) String() string {
	return fmt.Sprintf("%.1f allocations in %.0f bytes", a.number, a.bytes)
}

// perRequest counts the allocations of one more request: what starting and stopping takes
// falls out of the difference between many and few.
func perRequest(t *testing.T, send func(n int)) allocations {
	t.Helper()
	count := func(n int) allocations {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		send(n)
		runtime.ReadMemStats(&after)
		return allocations{float64(after.Mallocs - before.Mallocs), float64(after.TotalAlloc - before.TotalAlloc)}
	}
	const few, many = 50, 550
	send(few)
	more := count(many).minus(count(few))
	return allocations{more.number / (many - few), more.bytes / (many - few)}
}
