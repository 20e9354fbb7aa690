package e2e_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// over serves a started app by HTTP/1.1 or HTTP/2.
func over(t *testing.T, s *site, two bool) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(s.App)
	server.EnableHTTP2 = two
	if two {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server
}

func request(t *testing.T, ctx context.Context, url, query, encoding string) *http.Request {
	t.Helper()
	body, _ := json.Marshal(map[string]string{"query": query})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/graphql", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept-Encoding", encoding)
	return req
}

// decoded reads what was sent in a coding, as far as it can be read.
func decoded(encoding string, sent []byte) ([]byte, error) {
	switch encoding {
	case "gzip":
		r, err := gzip.NewReader(bytes.NewReader(sent))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(r)
	case "zstd":
		r, err := zstd.NewReader(bytes.NewReader(sent), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		defer r.Close()
		return io.ReadAll(r)
	}
	return sent, nil
}

// TestRowThatFailsLate: the 50,000th row of a list cannot be made. Over HTTP/2 the stream is reset, over HTTP/1.1 the chunks
// end without the last one, and in no coding is what came a whole.
func TestRowThatFailsLate(t *testing.T) {
	t.Parallel()
	s := serve(t, streamOptions(), numbers)
	for _, two := range []bool{false, true} {
		server := over(t, s, two)
		for _, encoding := range []string{"identity", "gzip", "zstd"} {
			resp, err := server.Client().Do(request(t, t.Context(), server.URL, `{ poisons(limit: 100000) { n text } }`, encoding))
			if err != nil {
				t.Fatal(err)
			}
			sent, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if (resp.ProtoMajor == 2) != two || encoding != "identity" && resp.Header.Get("Content-Encoding") != encoding {
				t.Errorf("%s %s: %v", resp.Proto, encoding, resp.Header)
			}
			if two && (err == nil || !strings.Contains(err.Error(), "stream error") || !strings.Contains(err.Error(), "INTERNAL_ERROR")) {
				t.Errorf("%s: the stream ended by %v", encoding, err)
			}
			if !two && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s: the connection ended by %v", encoding, err)
			}
			text, err := decoded(encoding, sent)
			if len(text) == 0 || json.Valid(text) || encoding != "identity" && err == nil {
				t.Errorf("%s %s: %d bytes of %d, valid %t, %v: want a part", resp.Proto, encoding, len(text), len(sent), json.Valid(text), err)
			}
		}
	}
}

// TestCompressedListIsWhole: a list that streams through an encoder is the list.
func TestCompressedListIsWhole(t *testing.T) {
	t.Parallel()
	s := serve(t, streamOptions(), numbers)
	server := over(t, s, false)
	for _, encoding := range []string{"identity", "gzip", "zstd"} {
		resp, err := server.Client().Do(request(t, t.Context(), server.URL, `{ numbers { id text } }`, encoding))
		if err != nil {
			t.Fatal(err)
		}
		sent, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		text, err := decoded(encoding, sent)
		var a struct {
			Data struct{ Numbers []struct{ ID string } }
		}
		if err != nil || json.Unmarshal(text, &a) != nil || len(a.Data.Numbers) != 100000 {
			t.Errorf("%s: %d rows, %v", encoding, len(a.Data.Numbers), err)
		}
		t.Logf("%s: %d bytes for %d", encoding, len(sent), len(text))
	}
}

// TestClientThatGoesAway: the backend that works for it is free soon after, whichever protocol it spoke.
func TestClientThatGoesAway(t *testing.T) {
	t.Parallel()
	s := serve(t, streamOptions(), numbers, `create view v_nap as select 1 as id, pg_sleep(60)::text as nap;
comment on view v_nap is '@fraiseql:type
name: Nap';`)
	watch := s.DB.Conn(t)
	napping := func() (n int) {
		err := watch.QueryRow(t.Context(), `select count(*) from pg_stat_activity where datname = current_database() and state = 'active' and query like '%v_nap%' and pid <> pg_backend_pid()`).Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	wait := func(want int) time.Duration {
		start := time.Now()
		for napping() != want {
			if time.Since(start) > 10*time.Second {
				t.Fatalf("%d backends work, want %d", napping(), want)
			}
			time.Sleep(time.Millisecond)
		}
		return time.Since(start)
	}
	for _, two := range []bool{false, true} {
		server := over(t, s, two)
		ctx, leave := context.WithCancel(t.Context())
		ended := make(chan struct{})
		req := request(t, ctx, server.URL, `{ naps { id nap } }`, "identity")
		go func() {
			defer close(ended)
			if resp, err := server.Client().Do(req); err == nil {
				_ = resp.Body.Close()
			}
		}()
		wait(1)
		leave()
		<-ended
		took := wait(0)
		t.Logf("HTTP/2 %t: the backend is free %v after the client has left", two, took)
		if took > 2*time.Second {
			t.Errorf("HTTP/2 %t: %v", two, took)
		}
	}
	apptest.Settle(t, s.App)
}

// TestClientThatReadsAByteASecond gets an answer that fits the buffer: it holds no connection, in any coding. The pool has
// one, and others use it all the while.
func TestClientThatReadsAByteASecond(t *testing.T) {
	t.Parallel()
	o := streamOptions()
	o.ConnectionPoolSize, o.WriteStall = 1, time.Minute
	s := serve(t, o, numbers)
	for _, encoding := range []string{"identity", "gzip"} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.(*net.TCPConn).SetReadBuffer(2 << 10)
		body := `{"query":"{ numbers(limit: 4000) { id text } }"}` // about 230 KiB
		if _, err = io.WriteString(conn, "POST /graphql HTTP/1.1\r\nHost: x\r\nAccept-Encoding: "+encoding+"\r\nContent-Type: application/json\r\nContent-Length: "+itoa(len(body))+"\r\n\r\n"+body); err != nil {
			t.Fatal(err)
		}
		one := make([]byte, 1)
		for range 3 {
			if _, err := io.ReadFull(conn, one); err != nil {
				t.Fatal(err)
			}
			apptest.Settle(t, s.App) // it is not lent, although nearly nothing was read
			s.Send(t, `{ numbers(limit: 2) { id } }`, nil)
			time.Sleep(time.Second)
		}
	}
}
