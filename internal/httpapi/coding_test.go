package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/fraiseql/fraiseql-go/internal/coding"
	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/internal/httpapi"
)

func compressing(e execute) httpapi.Options {
	o := quiet(e)
	o.Coder = new(coding.Coder)
	return o
}

// decoder reads what a client gets.
func decoder(t *testing.T, encoding string, r io.Reader) io.Reader {
	t.Helper()
	switch encoding {
	case "gzip":
		g, err := gzip.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		return g
	case "zstd":
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(z.Close)
		return z
	}
	return r
}

// ask posts over a real connection; the client adds and decodes nothing by itself.
func ask(t *testing.T, server *httptest.Server, encoding string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, strings.NewReader(document("{a}")))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept-Encoding", encoding)
	resp, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

// start serves by HTTP/1.1 or HTTP/2.
func start(t *testing.T, o httpapi.Options, two bool) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(httpapi.New(o))
	server.EnableHTTP2 = two
	if two {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server
}

func text(n int) string { return strings.Repeat(`{"name":"a row"},`, n/17+1)[:n] }

func TestAnswersAreCompressed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		parts  []int
		accept string
		want   string
		length bool
	}{
		"short":            {[]int{coding.MinBytes - 1}, "gzip", "", true},
		"long enough":      {[]int{coding.MinBytes}, "gzip", "gzip", true},
		"the better one":   {[]int{100 << 10}, "gzip, deflate, br, zstd", "zstd", true},
		"by quality":       {[]int{100 << 10}, "gzip;q=0.9, zstd;q=0.1", "gzip", true},
		"refused":          {[]int{100 << 10}, "gzip;q=0, zstd;q=0", "", true},
		"not asked for":    {[]int{100 << 10}, "identity", "", true},
		"streamed":         {[]int{300 << 10, 300 << 10, 10}, "gzip", "gzip", false},
		"streamed by zstd": {[]int{300 << 10, 300 << 10, 10}, "zstd", "zstd", false},
		"streamed as is":   {[]int{300 << 10, 300 << 10, 10}, "identity", "", false},
		"held and more":    {[]int{10, 10}, "zstd", "zstd", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want strings.Builder
			o := compressing(func(_ context.Context, _ *gqlop.Request, out io.Writer) error {
				for _, n := range c.parts {
					if err := write(out, text(n)); err != nil {
						return err
					}
				}
				return nil
			})
			for _, n := range c.parts {
				want.WriteString(text(n))
			}
			server := start(t, o, false)
			for range 3 { // encoders and buffers are used again
				resp := ask(t, server, c.accept)
				sent, err := io.ReadAll(resp.Body)
				if err != nil || resp.Header.Get("Content-Encoding") != c.want || (resp.ContentLength == int64(len(sent))) != c.length {
					t.Fatalf("%d bytes, %v, length %d, %v", len(sent), err, resp.ContentLength, resp.Header)
				}
				got, err := io.ReadAll(decoder(t, c.want, bytes.NewReader(sent)))
				if err != nil || string(got) != want.String() {
					t.Errorf("%d bytes of %d, %v", len(got), want.Len(), err)
				}
				if c.want != "" && want.Len() > 1000 && len(sent) > want.Len()/5 {
					t.Errorf("%d bytes became %d", want.Len(), len(sent))
				}
			}
		})
	}
	off := quiet(func(_ context.Context, _ *gqlop.Request, out io.Writer) error { return write(out, text(100<<10)) })
	if h := post(off, document("{a}"), "Accept-Encoding", "gzip, zstd").Header(); h.Get("Content-Encoding") != "" {
		t.Errorf("switched off: %v", h)
	}
}

// TestRefusalsAreCompressed: a long list of errors is an answer too.
func TestRefusalsAreCompressed(t *testing.T) {
	t.Parallel()
	o := compressing(func(context.Context, *gqlop.Request, io.Writer) error {
		return fault.New(fault.Conflict, "%s", text(10<<10))
	})
	w := post(o, document("{a}"), "Accept-Encoding", "gzip")
	body, err := io.ReadAll(decoder(t, w.Header().Get("Content-Encoding"), w.Body))
	if code, _ := firstError(t, string(body)); err != nil || code != "CONFLICT" || w.Code != 409 || w.Header().Get("Content-Encoding") != "gzip" {
		t.Errorf("%d %v %v", w.Code, w.Header(), err)
	}
}

// TestGuessing: where another site's page chooses the document and the browser adds the credentials, the length of the
// answer must not depend on how much of it repeats.
func TestGuessing(t *testing.T) {
	t.Parallel()
	o := compressing(func(_ context.Context, _ *gqlop.Request, out io.Writer) error { return write(out, text(100<<10)) })
	for name, c := range map[string]struct {
		headers []string
		want    string
	}{
		"a cookie from another site":  {[]string{"Sec-Fetch-Site", "cross-site", "Cookie", "a=b"}, ""},
		"a password, another site":    {[]string{"Sec-Fetch-Site", "cross-site", "Authorization", "Basic YTpi"}, ""},
		"a token, which a page knows": {[]string{"Sec-Fetch-Site", "cross-site", "Authorization", "Bearer x"}, "gzip"},
		"a cookie from the same site": {[]string{"Sec-Fetch-Site", "same-site", "Cookie", "a=b"}, "gzip"},
		"no browser":                  {[]string{"Cookie", "a=b"}, "gzip"},
	} {
		h := post(o, document("{a}"), append(c.headers, "Accept-Encoding", "gzip")...).Header()
		if h.Get("Content-Encoding") != c.want {
			t.Errorf("%s: %v", name, h)
		}
	}
}

// TestEachPartArrives: what was written can be read before the next part is made.
func TestEachPartArrives(t *testing.T) {
	t.Parallel()
	for _, encoding := range []string{"gzip", "zstd"} {
		t.Run(encoding, func(t *testing.T) {
			t.Parallel()
			received := make(chan struct{})
			o := compressing(func(_ context.Context, _ *gqlop.Request, out io.Writer) error {
				noise := make([]byte, 300<<10) // does not compress: what net/http holds back is a small rest
				for i := range noise {
					noise[i] = byte(i * i * 7919 >> 7)
				}
				if _, err := out.Write(noise); err != nil {
					return err
				}
				select {
				case <-received:
				case <-time.After(20 * time.Second):
					return errors.New("the client did not get the first part while the second one was made")
				}
				return write(out, "last")
			})
			resp := ask(t, start(t, o, false), encoding)
			r := decoder(t, encoding, resp.Body)
			if _, err := io.ReadFull(r, make([]byte, 200<<10)); err != nil {
				t.Fatal(err)
			}
			close(received)
			rest, err := io.ReadAll(r)
			if err != nil || len(rest) != 100<<10+4 || !strings.HasSuffix(string(rest), "last") {
				t.Errorf("%d bytes, %v", len(rest), err)
			}
		})
	}
}

// TestCutAnswersDoNotDecode: by HTTP/1.1 and HTTP/2, in each coding, the transfer itself ends in an error, and what came
// is no whole in its coding either.
func TestCutAnswersDoNotDecode(t *testing.T) {
	t.Parallel()
	for _, two := range []bool{false, true} {
		for _, encoding := range []string{"identity", "gzip", "zstd"} {
			t.Run(map[bool]string{false: "HTTP1 ", true: "HTTP2 "}[two]+encoding, func(t *testing.T) {
				t.Parallel()
				part := make(chan struct{})
				o := compressing(func(_ context.Context, _ *gqlop.Request, out io.Writer) error {
					_ = write(out, `{"data":{"rows":[`+text(300<<10))
					<-part
					return fault.ErrAborted
				})
				resp := ask(t, start(t, o, two), encoding)
				close(part)
				if major := resp.ProtoMajor; (major == 2) != two {
					t.Errorf("HTTP/%d", major)
				}
				var sent bytes.Buffer
				_, err := sent.ReadFrom(resp.Body)
				if err == nil {
					t.Error("the transfer looks whole")
				}
				if two && !strings.Contains(err.Error(), "INTERNAL_ERROR") { // RST_STREAM with that code
					t.Errorf("the stream ended by %v", err)
				}
				if !two && !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("the connection ended by %v", err)
				}
				if encoding == "identity" {
					return
				}
				if sent.Len() == 0 {
					t.Fatal("nothing came")
				}
				if got, err := io.ReadAll(decoder(t, encoding, &sent)); err == nil {
					t.Errorf("%d bytes decode as a whole", len(got))
				}
			})
		}
	}
}

// TestStalledClientOfACompressedAnswer: a client that does not read is cut, as without compression.
func TestStalledClientOfACompressedAnswer(t *testing.T) {
	t.Parallel()
	for _, encoding := range []string{"gzip", "zstd"} {
		t.Run(encoding, func(t *testing.T) {
			t.Parallel()
			ended := make(chan error, 1)
			o := compressing(func(_ context.Context, _ *gqlop.Request, out io.Writer) error {
				noise := make([]byte, 256<<10)
				for n := uint32(1); ; {
					for i := range noise {
						n = n*1664525 + 1013904223
						noise[i] = byte(n >> 24)
					}
					if _, err := out.Write(noise); err != nil {
						ended <- err
						return err
					}
				}
			})
			o.WriteStall = 200 * time.Millisecond
			conn := dial(t, start(t, o, false))
			body := document("{a}")
			if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: "+encoding+
				"\r\nContent-Type: application/json\r\nContent-Length: "+itoa(len(body))+"\r\n\r\n"+body); err != nil {
				t.Fatal(err)
			}
			select {
			case err := <-ended:
				if !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("Execute got %v", err)
				}
			case <-time.After(30 * time.Second):
				t.Fatal("the stalled client holds its request")
			}
		})
	}
}

// TestWholeCompressedAnswerDoesNotWait: an answer that fits the buffer is compressed and sent after Execute has returned.
func TestWholeCompressedAnswerDoesNotWait(t *testing.T) {
	t.Parallel()
	returned := false
	o := compressing(func(_ context.Context, _ *gqlop.Request, out io.Writer) error {
		defer func() { returned = true }()
		return write(out, text(256<<10))
	})
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(document("{a}")))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept-Encoding", "gzip")
	w := &watched{ResponseRecorder: httptest.NewRecorder(), first: func() {
		if !returned {
			t.Error("the client's speed holds up Execute")
		}
	}}
	httpapi.New(o).ServeHTTP(w, r)
	if w.Header().Get("Content-Encoding") != "gzip" || w.Body.Len() == 0 {
		t.Errorf("%v", w.Header())
	}
}

type watched struct {
	*httptest.ResponseRecorder
	first func()
}

func (w *watched) Write(p []byte) (int, error) {
	w.first()
	return w.ResponseRecorder.Write(p)
}
