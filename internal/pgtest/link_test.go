package pgtest_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

func proxied(t *testing.T) (*pgtest.DB, *pgtest.Link, *pgx.Conn) {
	t.Helper()
	db := pgtest.New(t)
	link := pgtest.Proxy(t, db.URL)
	return db, link, dial(t, link.URL)
}

func TestLinkCounts(t *testing.T) {
	t.Parallel()
	db, link, conn := proxied(t)
	if got := link.Counts(); got != (pgtest.Counts{Connections: 1}) || link.Open() != 1 {
		t.Errorf("after connecting: %+v, %d open", got, link.Open())
	}
	tests := []struct {
		name string
		do   func() error
		want pgtest.Counts
		sql  []string
	}{
		{
			"simple query", func() error {
				_, err := conn.Exec(t.Context(), `SELECT 1`, pgx.QueryExecModeSimpleProtocol)
				return err
			},
			pgtest.Counts{Queries: 1, ReadyForQuery: 1, RoundTrips: 1},
			[]string{`SELECT 1`},
		},
		{
			"prepared: first", func() error {
				_, err := conn.Exec(t.Context(), `SELECT $1::int`, 1)
				return err
			},
			pgtest.Counts{Parses: 1, Describes: 1, Binds: 1, Executes: 1, Syncs: 2, ReadyForQuery: 2, RoundTrips: 2},
			[]string{`SELECT $1::int`},
		},
		{
			"prepared: again", func() error {
				_, err := conn.Exec(t.Context(), `SELECT $1::int`, 2)
				return err
			},
			pgtest.Counts{Binds: 1, Executes: 1, Syncs: 1, ReadyForQuery: 1, RoundTrips: 1},
			nil,
		},
		{
			"pipeline: many statements, one Sync", func() error {
				p := conn.PgConn().StartPipeline(t.Context())
				for i := range 3 {
					p.SendQueryParams(fmt.Sprintf(`SELECT %d`, i), nil, nil, nil, nil)
				}
				return errors.Join(p.Sync(), p.Close())
			},
			pgtest.Counts{Parses: 3, Describes: 3, Binds: 3, Executes: 3, Syncs: 1, ReadyForQuery: 1, RoundTrips: 1},
			[]string{`SELECT 0`, `SELECT 1`, `SELECT 2`},
		},
		{
			"an error", func() error {
				_, err := conn.Exec(t.Context(), `nonsense`, pgx.QueryExecModeSimpleProtocol)
				if err == nil {
					return errors.New("no error")
				}
				return nil
			},
			pgtest.Counts{Queries: 1, ReadyForQuery: 1, Errors: 1, RoundTrips: 1},
			[]string{`nonsense`},
		},
		{
			"COPY", func() error {
				_, err := conn.PgConn().CopyFrom(t.Context(), strings.NewReader("1\n"), `COPY copied FROM STDIN`)
				return err
			},
			pgtest.Counts{Queries: 1, ReadyForQuery: 1, RoundTrips: 1},
			[]string{`COPY copied FROM STDIN`},
		},
	}
	if _, err := conn.Exec(t.Context(), `CREATE TABLE copied (n int)`); err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests { // one after the other, on one connection
		link.Reset()
		if err := tt.do(); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if got := link.Counts(); got != tt.want || link.RoundTrips() != tt.want.RoundTrips {
			t.Errorf("%s:\n got %+v\nwant %+v", tt.name, got, tt.want)
		}
		if got := link.Statements(); !slices.Equal(got, tt.sql) {
			t.Errorf("%s: statements %q, want %q", tt.name, got, tt.sql)
		}
	}

	link.Reset()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error)
	go func() {
		_, err := conn.Exec(ctx, `SELECT pg_sleep(600)`, pgx.QueryExecModeSimpleProtocol)
		done <- err
	}()
	watch := db.Conn(t)
	eventually(t, "the query runs", func() bool { // a cancel request that comes before it is lost
		return ask(t, watch, `SELECT count(*)::text FROM pg_stat_activity WHERE state = 'active' AND query = 'SELECT pg_sleep(600)'`) == "1"
	})
	if err := conn.PgConn().CancelRequest(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-done; err == nil {
		t.Error("not cancelled")
	}
	if got := link.Counts(); got.Cancels != 1 || got.Connections != 1 {
		t.Errorf("a cancel request: %+v", got)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Error(err)
	}
	eventually(t, "the link forgets a closed connection", func() bool { return link.Open() == 0 })
}

// TestLinkFlush: raw messages, as no driver here uses Flush. The wait for its answer is a trip of its own.
func TestLinkFlush(t *testing.T) {
	t.Parallel()
	_, link, conn := proxied(t)
	raw := hijack(t, conn)
	send := func(p []byte) {
		t.Helper()
		if _, err := raw.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	link.Reset()
	send(append(frame('P', "\x00SELECT 1\x00\x00\x00"), frame('H', "")...))
	reply := make([]byte, 5)
	if _, err := io.ReadFull(raw, reply); err != nil || reply[0] != '1' {
		t.Fatalf("%q, %v", reply, err)
	}
	for _, b := range slices.Concat(frame('B', "\x00\x00\x00\x00\x00\x00\x00\x00"), frame('E', "\x00\x00\x00\x00\x00"), frame('S', "")) {
		send([]byte{b}) // however the bytes are cut
	}
	if _, err := io.ReadFull(raw, make([]byte, len("2....D.........1C.............Z....."))); err != nil {
		t.Fatal(err)
	}
	want := pgtest.Counts{Parses: 1, Binds: 1, Executes: 1, Syncs: 1, Flushes: 1, ReadyForQuery: 1, RoundTrips: 2}
	if got := link.Counts(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// hijack takes the connection from the driver, which must have stopped reading from it in the background.
func hijack(t *testing.T, conn *pgx.Conn) net.Conn {
	t.Helper()
	if err := conn.PgConn().SyncConn(t.Context()); err != nil {
		t.Fatal(err)
	}
	hijacked, err := conn.PgConn().Hijack()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hijacked.Conn.Close() })
	return hijacked.Conn
}

func frame(kind byte, body string) []byte {
	p := binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(body)+4))
	return append(p, body...)
}

// TestLinkForwards: large answers and requests pass unchanged, also one byte at a time, and with a driver that asks for
// encryption first.
func TestLinkForwards(t *testing.T) {
	t.Parallel()
	db, link, conn := proxied(t)
	check := func(conn *pgx.Conn, size int) {
		t.Helper()
		sent := bytes.Repeat([]byte("Z\x00\x00\x00\x05I"), size/6) // looks like messages
		var back []byte
		if err := conn.QueryRow(t.Context(), `SELECT $1::bytea`, sent).Scan(&back); err != nil || !bytes.Equal(sent, back) {
			t.Fatalf("%d bytes came back as %d: %v", len(sent), len(back), err)
		}
	}
	check(conn, 3<<20)
	link.Drip(0)
	check(conn, 3000)
	check(dial(t, link.URL), 100)
	link.Drip(-1)
	link.Reset()
	check(conn, 3<<20)
	if got := link.Counts(); got.ReadyForQuery != 1 || got.RoundTrips != 1 {
		t.Errorf("after all those bytes: %+v", got)
	}

	config, err := pgx.ParseConfig(link.URL)
	if err != nil {
		t.Fatal(err)
	}
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		var dialer net.Dialer
		conn, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		if _, err := conn.Write([]byte{0, 0, 0, 8, 4, 210, 22, 47}); err != nil { // SSLRequest
			return nil, err
		}
		answer := make([]byte, 1)
		if _, err := io.ReadFull(conn, answer); err != nil || answer[0] != 'N' {
			return nil, fmt.Errorf("the answer to a request for encryption is %q, %w", answer, err)
		}
		return conn, nil
	}
	link.Reset()
	unencrypted, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	check(unencrypted, 100)
	if got := link.Counts(); got.Connections != 1 || got.Parses != 1 {
		t.Errorf("behind a request for encryption: %+v", got)
	}
	if err := unencrypted.Close(t.Context()); err != nil {
		t.Error(err)
	}

	role := db.Role(t, pgtest.RoleOptions{})
	if got := query(t, link.Through(t, role.URL), `SELECT current_user::text`); got != role.Name {
		t.Errorf("through the link as another role: %q", got)
	}
}

// TestLinkFreeze: nothing passes until the thaw, and then everything does.
func TestLinkFreeze(t *testing.T) {
	t.Parallel()
	_, link, conn := proxied(t)
	link.Freeze()
	link.Freeze()
	answers := make(chan error, 2)
	go func() {
		_, err := conn.Exec(t.Context(), `SELECT 1`)
		answers <- err
	}()
	go func() {
		late, err := pgx.Connect(t.Context(), link.URL)
		if err == nil {
			err = late.Close(t.Context())
		}
		answers <- err
	}()
	select {
	case err := <-answers:
		t.Errorf("an answer through the ice: %v", err)
	case <-time.After(100 * time.Millisecond): // only the absence of an answer can be seen
	}
	link.Thaw()
	link.Thaw()
	for range 2 {
		if err := <-answers; err != nil {
			t.Errorf("after the thaw: %v", err)
		}
	}
	link.Freeze() // the end of the test must cope with it, also with bytes that are held back
	if _, err := conn.PgConn().Conn().Write(frame('S', "")); err != nil {
		t.Error(err)
	}
}

func TestLinkBreaks(t *testing.T) {
	t.Parallel()
	db, link, conn := proxied(t)
	link.Drop()
	if n := link.Open(); n != 0 {
		t.Errorf("after Drop %d are open", n)
	}
	if _, err := conn.Exec(t.Context(), `SELECT 1`); err == nil {
		t.Error("a dropped connection answers")
	}

	// A link of its own: the driver above may still be sending a cancel request for what was broken off.
	link = pgtest.Proxy(t, db.URL)
	raw, err := net.Dial("tcp", strings.Split(strings.SplitN(link.URL, "@", 2)[1], "/")[0])
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close() //nolint:errcheck // reset by then
	eventually(t, "the link has the connection", func() bool { return link.Open() == 1 })
	link.RST()
	if _, err := raw.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("after RST: %v", err)
	}

	link.Reject(true)
	if late, err := pgx.Connect(t.Context(), link.URL); err == nil {
		_ = late.Close(t.Context())
		t.Error("a connection while rejecting")
	}
	link.Reject(false)
	if got := query(t, link.URL, `SELECT 'x'`); got != "x" {
		t.Errorf("read %q", got)
	}
}

func TestLinkLatency(t *testing.T) {
	t.Parallel()
	_, link, conn := proxied(t)
	link.Latency(40 * time.Millisecond)
	begin := time.Now()
	ask(t, conn, `SELECT 'x'`) // parse, then execute: two trips
	if took := time.Since(begin); took < 160*time.Millisecond {
		t.Errorf("two trips took %v, and their latency alone is 160ms", took)
	}
	link.Latency(0)
	ask(t, conn, `SELECT 'x'`)
}

// TestLinkCuts reads raw bytes, to see exactly what arrives.
func TestLinkCuts(t *testing.T) {
	t.Parallel()
	// The answer to the query: RowDescription, three DataRows, CommandComplete, ReadyForQuery.
	const sql = "SELECT n FROM generate_series(1, 3) n\x00"
	tests := []struct {
		name string
		arm  func(*pgtest.Link)
		want string // the types of the whole messages that arrive
		part int    // bytes of a message that is cut in two
	}{
		{"none", func(*pgtest.Link) {}, "TDDDCZ", 0},
		{"after the first message", func(l *pgtest.Link) { l.CutAfterMessages(1) }, "T", 0},
		{"after the fourth message", func(l *pgtest.Link) { l.CutAfterMessages(4) }, "TDDD", 0},
		{"before the second row", func(l *pgtest.Link) { l.CutBefore('D', 2) }, "TD", 0},
		{"before the command is complete", func(l *pgtest.Link) { l.CutBefore('C', 1) }, "TDDD", 0},
		{"before the server is ready", func(l *pgtest.Link) { l.CutBefore('Z', 1) }, "TDDDC", 0},
		{"after three bytes", func(l *pgtest.Link) { l.CutAfterBytes(3) }, "", 3},
		{"after the first message's bytes", func(l *pgtest.Link) { l.CutAfterBytes(27) }, "T", 0},
		{"in the first row", func(l *pgtest.Link) { l.CutAfterBytes(30) }, "T", 3},
		{"the last one that was armed", func(l *pgtest.Link) { l.CutAfterBytes(3); l.CutBefore('Z', 1) }, "TDDDC", 0},
	}
	for _, drip := range []bool{false, true} {
		for _, tt := range tests {
			t.Run(fmt.Sprintf("%s, drip %v", tt.name, drip), func(t *testing.T) {
				t.Parallel()
				_, link, conn := proxied(t)
				raw := hijack(t, conn)
				if drip {
					link.Drip(0)
				}
				tt.arm(link)
				if _, err := raw.Write(frame('Q', sql)); err != nil {
					t.Fatal(err)
				}
				if tt.name == "none" {
					defer link.Drop()
				} else if err := raw.SetReadDeadline(time.Now().Add(patience)); err != nil {
					t.Fatal(err)
				}
				kinds, part := readFrames(t, raw, tt.name == "none")
				if kinds != tt.want || part != tt.part {
					t.Errorf("got %q and %d bytes, want %q and %d", kinds, part, tt.want, tt.part)
				}
				// A cut acts once.
				if got := query(t, link.URL, `SELECT 'x'`); got != "x" {
					t.Errorf("read %q", got)
				}
			})
		}
	}
}

// TestLinkCutsBeforeSent: the server has got what the client sent before the cut, whole, and nothing of what came behind.
func TestLinkCutsBeforeSent(t *testing.T) {
	t.Parallel()
	for _, drip := range []bool{false, true} {
		for k := 1; k <= 4; k++ {
			t.Run(fmt.Sprintf("message %d, drip %v", k, drip), func(t *testing.T) {
				t.Parallel()
				db, link, conn := proxied(t)
				db.Exec(t, "CREATE TABLE got (n int)")
				raw := hijack(t, conn)
				if drip {
					link.Drip(0)
				}
				link.CutBeforeSent(k)
				var all []byte
				for n := 1; n <= 3; n++ {
					all = append(all, frame('Q', fmt.Sprintf("INSERT INTO got VALUES (%d)\x00", n))...)
				}
				if _, err := raw.Write(all); err != nil {
					t.Fatal(err)
				}
				watch := db.Conn(t)
				eventually(t, "the server has read what it got", func() bool {
					return ask(t, watch, `SELECT count(*)::text FROM got`) == strconv.Itoa(k-1)
				})
				if open := link.Open(); k == 4 && open != 1 {
					t.Errorf("%d connections are open before a fourth message, want 1", open)
				} else if k < 4 {
					eventually(t, "the connection is gone", func() bool { return link.Open() == 0 })
					eventually(t, "the server has ended", func() bool {
						return ask(t, watch, `SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'`) == "1"
					})
					if got := ask(t, watch, `SELECT count(*)::text FROM got`); got != strconv.Itoa(k-1) {
						t.Errorf("%s rows, want %d", got, k-1)
					}
				}
				link.Drop()
			})
		}
	}
}

// readFrames reads to the end of the connection, or to the first ReadyForQuery.
func readFrames(t *testing.T, r io.Reader, ready bool) (kinds string, part int) {
	t.Helper()
	for {
		header := make([]byte, 5)
		n, err := io.ReadFull(r, header)
		if err == nil {
			var m int64
			m, err = io.CopyN(io.Discard, r, int64(binary.BigEndian.Uint32(header[1:]))-4)
			n += int(m)
		}
		switch {
		case err == nil:
			kinds += string(header[0])
			if ready && header[0] == 'Z' {
				return kinds, 0
			}
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return kinds, n
		default:
			t.Fatal(err)
		}
	}
}

// TestLinkServerGone: a target that refuses connections ends the client's.
func TestLinkServerGone(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	target := "postgres://u@" + closed.Addr().String() + "/db?sslmode=disable"
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	link := pgtest.Proxy(t, target)
	if conn, err := pgx.Connect(t.Context(), link.URL); err == nil {
		_ = conn.Close(t.Context())
		t.Error("connected to nothing")
	}
}

func BenchmarkLink(b *testing.B) {
	db := pgtest.New(b)
	for _, way := range []struct{ name, url string }{{"direct", db.URL}, {"link", pgtest.Proxy(b, db.URL).URL}} {
		b.Run(way.name, func(b *testing.B) {
			conn, err := pgx.Connect(b.Context(), way.url)
			if err != nil {
				b.Fatal(err)
			}
			defer conn.Close(context.Background()) //nolint:errcheck // the benchmark is over
			for b.Loop() {
				if _, err := conn.Exec(b.Context(), `SELECT n FROM generate_series(1, 100) n`); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
