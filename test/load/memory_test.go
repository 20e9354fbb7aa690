package load_test

import (
	"bytes"
	"io"
	"net/http"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go"
)

const million = `
create view v_reading as select n as id, 'a text that makes the row longer ' || n as text from generate_series(1, 1000000) n;
comment on view v_reading is '@fraiseql:type
name: Reading';`

// held is what the objects of this process take at the moment, those that nobody needs any more included.
func held() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

// TestMemoryOfAMillionRows: a list of a million rows, some 60 MB of text, takes less than 64 MB, since rows leave as they
// come. It is not parallel: what is measured is the whole process, its client and its tests included.
func TestMemoryOfAMillionRows(t *testing.T) {
	const bound = 64 << 20
	for name, c := range map[string]struct {
		buffer   int
		encoding string
		within   bool
	}{
		"as it is":   {0, "identity", true},
		"compressed": {0, "zstd", true},
		"kept whole": {1 << 30, "identity", false}, // or this test would show nothing
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, fraiseql.Options{MaxPage: -1, MaxCost: -1, BufferBytes: c.buffer, StatementTimeout: -1}, million)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.addr+"/graphql", strings.NewReader(`{"query":"{ readings { id text } }"}`))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Accept-Encoding", c.encoding)
			runtime.GC()
			before, done, most := held(), make(chan struct{}), make(chan int64)
			go func() {
				peak := int64(0)
				for {
					peak = max(peak, held())
					select {
					case <-done:
						most <- peak
						return
					case <-time.After(time.Millisecond):
					}
				}
			}()
			resp, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			var end tail
			n, err := io.Copy(&end, resp.Body)
			_ = resp.Body.Close()
			close(done)
			peak := <-most - before
			if err != nil || resp.StatusCode != http.StatusOK || c.encoding == "identity" && !bytes.HasSuffix(end.last, []byte(`"a text that makes the row longer 1000000"}]}}`)) {
				t.Fatalf("status %d, %d bytes that end in %q: %v", resp.StatusCode, n, end.last, err)
			}
			t.Logf("%d bytes sent, %.1f MB more than before at the most", n, float64(peak)/1e6)
			if (peak <= bound) != c.within {
				t.Errorf("%d bytes, bound %d, within it %t", peak, bound, c.within)
			}
		})
	}
}

// tail keeps the end of what is written.
type tail struct{ last []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.last = append(t.last, p...)
	if n := len(t.last); n > 64 {
		t.last = append(t.last[:0], t.last[n-64:]...)
	}
	return len(p), nil
}
