package coding_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/fraiseql/fraiseql-go/internal/coding"
)

func TestNegotiate(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]coding.Coding{
		"":                                  coding.Identity,
		"gzip":                              coding.Gzip,
		"x-gzip":                            coding.Gzip,
		"GZip;Q=0.5":                        coding.Gzip,
		"zstd":                              coding.Zstd,
		"br":                                coding.Identity,
		"deflate, br":                       coding.Identity,
		"gzip, deflate, br, zstd":           coding.Zstd,
		"gzip;q=1.0, zstd;q=0.9":            coding.Gzip,
		"zstd;q=0, gzip":                    coding.Gzip,
		"*":                                 coding.Zstd,
		"*, zstd;q=0":                       coding.Gzip,
		"*;q=0":                             coding.Identity,
		"gzip;q=0":                          coding.Identity,
		"identity":                          coding.Identity,
		"identity;q=1, gzip;q=0.5":          coding.Identity,
		"identity;q=0.5, gzip":              coding.Gzip,
		"identity;q=0":                      coding.Identity,
		"gzip;q=nonsense":                   coding.Identity,
		"gzip;q=2":                          coding.Identity,
		"gzip;q=nan":                        coding.Identity,
		"gzip;q=-1, zstd ; q = 0.001":       coding.Zstd,
		" , ,gzip":                          coding.Gzip,
		"gzip; level=9; q=0.2, zstd; q=0.1": coding.Gzip,
		"gzipped":                           coding.Identity,
	} {
		if got := coding.Negotiate([]string{accept}); got != want {
			t.Errorf("%q: %v, want %v", accept, got, want)
		}
	}
	if got := coding.Negotiate([]string{"gzip;q=0.5", "zstd;q=0.4"}); got != coding.Gzip {
		t.Errorf("two headers: %v", got)
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	const tag = `"abc"`
	if got := coding.Tag(tag, coding.Identity); got != tag {
		t.Errorf("identity: %s", got)
	}
	if got := coding.Tag(tag, coding.Zstd); got != `W/"abc-zstd"` {
		t.Errorf("zstd: %s", got)
	}
	for header, want := range map[string]bool{
		"": false, `"abc"`: false, `W/"abc-gzip"`: true, `"abc-gzip"`: true, `"x", W/"abc-gzip" , "y"`: true, "*": true, `"abc-zstd"`: false, "abc-gzip": false,
	} {
		if got := coding.Matches([]string{`"other"`, header}, coding.Tag(tag, coding.Gzip)); got != want {
			t.Errorf("%s: %t", header, got)
		}
	}
}

func decode(k coding.Coding, encoded []byte) ([]byte, error) {
	if k == coding.Gzip {
		r, err := gzip.NewReader(bytes.NewReader(encoded))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(r)
	}
	r, err := zstd.NewReader(bytes.NewReader(encoded), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

var both = []coding.Coding{coding.Gzip, coding.Zstd}

func rows(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, `{"id":"%d","name":"user %d","email":"user%d@example.com"},`, i, i*7919%1000, i)
	}
	return b.Bytes()
}

// TestAppend uses encoders again and from many goroutines; each text must come back as it was.
func TestAppend(t *testing.T) {
	t.Parallel()
	var c coding.Coder
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 20 {
				for _, k := range both {
					text := rows(1 + i*100 + n*50)
					encoded := c.Append([]byte("kept"), text, k)
					got, err := decode(k, encoded[4:])
					if err != nil || !bytes.Equal(got, text) || string(encoded[:4]) != "kept" {
						t.Errorf("%v: %d bytes of %d, %v", k, len(got), len(text), err)
					}
				}
			}
		})
	}
	all.Wait()
	text := rows(5000)
	for _, k := range both {
		encoded := c.Append(nil, text, k)
		t.Logf("%v: %d bytes become %d", k, len(text), len(encoded))
		if len(encoded) > len(text)/3 {
			t.Errorf("%v: %d bytes become %d", k, len(text), len(encoded))
		}
	}
}

// TestStream: each part can be read before the next one is written, and only Close makes a whole.
func TestStream(t *testing.T) {
	t.Parallel()
	for _, k := range both {
		t.Run(k.String(), func(t *testing.T) {
			t.Parallel()
			var c coding.Coder
			var out bytes.Buffer
			s := c.Stream(&out, k)
			var want []byte
			for i := range 5 {
				part := rows(100 * (i + 1))
				want = append(want, part...)
				if n, err := s.Write(part); err != nil || n != len(part) {
					t.Fatal(n, err)
				}
				got, err := decode(k, out.Bytes())
				if !bytes.Equal(got, want) || !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("after part %d: %d bytes of %d, %v", i, len(got), len(want), err)
				}
			}
			before := out.Len()
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			_ = s.Close()
			s.Drop()
			if got, err := decode(k, out.Bytes()); err != nil || !bytes.Equal(got, want) {
				t.Errorf("closed: %d bytes, %v", len(got), err)
			}
			if out.Len() == before {
				t.Error("Close has written nothing")
			}

			out.Reset()
			s = c.Stream(&out, k)
			_, _ = s.Write(want)
			s.Drop()
			s.Drop()
			if got, err := decode(k, out.Bytes()); err == nil {
				t.Errorf("dropped: %d bytes look whole", len(got))
			}
		})
	}
}

func TestStreamTellsThatItsReaderIsGone(t *testing.T) {
	t.Parallel()
	var c coding.Coder
	for _, k := range both {
		for range 3 { // the encoder is as good as new afterwards
			s := c.Stream(broken{}, k)
			if _, err := s.Write(rows(100)); !errors.Is(err, errBroken) {
				t.Errorf("%v: %v", k, err)
			}
			s.Drop()
			if got, err := decode(k, c.Append(nil, []byte("text"), k)); err != nil || string(got) != "text" {
				t.Errorf("%v: %q %v", k, got, err)
			}
		}
	}
}

var errBroken = errors.New("broken")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }

// TestStreamsAreBounded: above the limit there is no encoder, and an ended stream makes room for another one.
func TestStreamsAreBounded(t *testing.T) {
	t.Parallel()
	var c coding.Coder
	var open []*coding.Stream
	for range coding.MaxStreams {
		s := c.Stream(io.Discard, coding.Gzip)
		if s == nil {
			t.Fatalf("only %d streams", len(open))
		}
		open = append(open, s)
	}
	if c.Stream(io.Discard, coding.Zstd) != nil {
		t.Error("one more than the limit")
	}
	open[0].Drop()
	s := c.Stream(io.Discard, coding.Zstd)
	if s == nil {
		t.Fatal("an ended stream makes no room")
	}
	for _, s := range append(open, s) {
		_ = s.Close()
	}
}

// TestMemoryOfAStream holds what the comment of MaxStreams says.
func TestMemoryOfAStream(t *testing.T) {
	text := rows(5000)
	for _, k := range both {
		var c coding.Coder
		var before, after runtime.MemStats
		for range 3 { // what the pools of the coder before still hold goes in two steps
			runtime.GC()
		}
		runtime.ReadMemStats(&before)
		const n = 20
		streams := make([]*coding.Stream, n)
		for i := range streams {
			streams[i] = c.Stream(io.Discard, k)
			_, _ = streams[i].Write(text)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		each := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / n
		t.Logf("%v: %d KiB", k, each>>10)
		if each > 3<<19 {
			t.Errorf("%v: an encoder holds %d KiB", k, each>>10)
		}
		for _, s := range streams {
			s.Drop()
		}
	}
}

func TestHandler(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a long page ", 1000)
	pages := http.NewServeMux()
	pages.HandleFunc("/long", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") != "" {
			t.Error("the handler compares tags itself")
		}
		w.Header().Set("ETag", `"t"`)
		w.Header().Set("Vary", "Accept")
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Content-Length", fmt.Sprint(len(long)))
		_, _ = io.WriteString(w, long)
	})
	pages.HandleFunc("/short", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", `"s"`)
		_, _ = io.WriteString(w, "short")
	})
	pages.HandleFunc("/failed", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, long, http.StatusNotFound) })
	var c coding.Coder
	h := c.Handler(pages)
	for name, x := range map[string]struct {
		path, accept, match string
		status              int
		encoding, tag       string
	}{
		"long":               {"/long", "gzip", "", 200, "gzip", `W/"t-gzip"`},
		"zstd":               {"/long", "gzip, zstd", `"t"`, 200, "zstd", `W/"t-zstd"`},
		"plain":              {"/long", "", "", 200, "", `"t"`},
		"known":              {"/long", "gzip", `W/"t-gzip"`, 304, "", `W/"t-gzip"`},
		"known, plain":       {"/long", "", `"t"`, 304, "", `"t"`},
		"known by another":   {"/long", "gzip", `W/"t-zstd", "t"`, 200, "gzip", `W/"t-gzip"`},
		"short":              {"/short", "gzip", "", 200, "", `"s"`},
		"short, known":       {"/short", "gzip", `"s"`, 304, "", `"s"`},
		"no page":            {"/failed", "gzip", "*", 404, "", ""},
		"known by a pattern": {"/long", "gzip", "*", 304, "", `W/"t-gzip"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodGet, x.path, http.NoBody)
			r.Header.Set("Accept-Encoding", x.accept)
			if x.match != "" {
				r.Header.Set("If-None-Match", x.match)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			header := w.Header()
			if w.Code != x.status || header.Get("Content-Encoding") != x.encoding || header.Get("ETag") != x.tag {
				t.Errorf("%d %v", w.Code, header)
			}
			if vary := strings.Join(header["Vary"], ", "); x.status != 404 && !strings.HasSuffix(vary, "Accept-Encoding") || x.path == "/long" && !strings.HasPrefix(vary, "Accept,") {
				t.Errorf("Vary: %q", vary)
			}
			switch {
			case x.status == 304 && (w.Body.Len() > 0 || header.Get("Content-Length") != ""):
				t.Errorf("a 304 with a body: %v", header)
			case x.encoding != "":
				k := coding.Gzip
				if x.encoding == "zstd" {
					k = coding.Zstd
				}
				length := header.Get("Content-Length")
				if text, err := decode(k, w.Body.Bytes()); err != nil || string(text) != long || length != fmt.Sprint(w.Body.Len()) {
					t.Errorf("%d bytes, length %s, %v", len(text), length, err)
				}
			case x.path == "/long" && x.status == 200 && w.Body.String() != long:
				t.Errorf("%d bytes", w.Body.Len())
			}
		})
	}
}

// The cost of encoding an answer of about 64 KiB.
func BenchmarkAppend(b *testing.B) {
	text := rows(1000)
	for _, k := range both {
		b.Run(k.String(), func(b *testing.B) {
			var c coding.Coder
			var dst []byte
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				dst = c.Append(dst[:0], text, k)
			}
			b.ReportMetric(float64(len(text))/float64(len(dst)), "ratio")
		})
	}
}
