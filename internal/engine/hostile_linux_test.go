package engine_test

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/gqlop"
)

const rusageThread = 1 // RUSAGE_THREAD, which package syscall does not name

// cpu is what this thread has used so far.
func cpu(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(rusageThread, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestCostOfHostileDocuments: a document of one field thousands of times, and documents like it, are answered or refused
// within 50 ms of processor time, from its text to the last byte. The least of several runs counts, each with a text that
// was not seen before, so that what else the machine does is not measured.
func TestCostOfHostileDocuments(t *testing.T) {
	e := start(t, "blog")
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for name, query := range map[string]string{
		"one field":   `{users(limit:1){` + strings.Repeat("id ", 5000) + `}}`,
		"all rows":    `{users{` + strings.Repeat("id ", 5000) + `}}`,
		"aliases":     `{users(limit:1){` + numbered(400, "a%d:id ") + `}}`,
		"same alias":  `{users(limit:1){` + strings.Repeat("a:id a:name ", 1500) + `}}`,
		"fragments":   `{users(limit:1){` + numbered(900, "...f%d ") + `}} ` + numbered(900, "fragment f%d on User{id} "),
		"inline":      `{users(limit:1){` + strings.Repeat("...{", 200) + "id" + strings.Repeat("}", 200) + `}}`,
		"unknown":     `{users(limit:1){` + numbered(5000, "x%d ") + `}}`,
		"directives":  `{users(limit:1){id ` + strings.Repeat("@include(if:true)", 2000) + `}}`,
		"many tokens": `{` + strings.Repeat("users{id}", 4000) + `}`,
	} {
		least := time.Hour
		for try := range 5 {
			var out bytes.Buffer
			before := cpu(t)
			err := e.Execute(t.Context(), &gqlop.Request{Query: query + strings.Repeat(" ", try)}, &out)
			least = min(least, cpu(t)-before)
			if err == nil && out.Len() == 0 {
				t.Errorf("%s: neither an answer nor a refusal", name)
			}
		}
		t.Logf("%-12s %v", name, least)
		if least > 50*time.Millisecond {
			t.Errorf("%s: %v of processor time", name, least)
		}
	}
}

func numbered(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}
