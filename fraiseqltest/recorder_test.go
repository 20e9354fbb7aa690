package fraiseqltest_test

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// recorder is a test within a test that notes its failures; what it cleans up is the outer one's.
type recorder struct {
	testing.TB
	output io.Writer // nil: the outer test's

	mu   sync.Mutex // guards text
	text strings.Builder
}

func (r *recorder) note(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text.WriteString(text + "\n")
}

func (r *recorder) Errorf(format string, args ...any) { r.note(fmt.Sprintf(format, args...)) }

func (r *recorder) Fatalf(format string, args ...any) {
	r.note(fmt.Sprintf(format, args...))
	runtime.Goexit()
}

func (r *recorder) Output() io.Writer {
	if r.output != nil {
		return r.output
	}
	return r.TB.Output()
}

// run runs what may end as a test does.
func (r *recorder) run(do func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	<-done
}

func (r *recorder) says(t testing.TB, want string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !strings.Contains(r.text.String(), want) {
		t.Errorf("got %q, want %s", r.text.String(), want)
	}
}
