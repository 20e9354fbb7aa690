package engine_test

import (
	"encoding/json"
	"maps"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
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

// TestCostOfHostileDocuments: whatever a body of up to 1 MiB holds, it is answered or refused within 50 ms of processor
// time and 16 MiB of memory, from its first byte to the answer's last one. The time is that of the thread that serves it, the
// memory all that is allocated meanwhile, which is at least what is live at once. Of several runs, each with a text that was
// not seen before, the mean time counts, since the clock of a thread is coarse, and the least memory. Under the race detector,
// which makes the program several times slower, the time may be ten times as long.
func TestCostOfHostileDocuments(t *testing.T) {
	const memory = 16 << 20
	processor := 50 * time.Millisecond
	if raceEnabled {
		processor *= 10
	}
	h := api(t)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for _, name := range slices.Sorted(maps.Keys(hostile)) {
		for _, size := range []int{1 << 20, 60 << 10} { // as long as a body may be; and within the limit of tokens, mostly
			body := hostileBody(t, hostile[name], size-10)
			const runs = 5
			total, heap, status := time.Duration(0), int64(1)<<40, 0
			for try := range runs {
				body := body[:len(body)-1] + strings.Repeat(" ", try) + "}"
				if try > 0 {
					body = body[:len(body)-2-try] + strings.Repeat(" ", try) + `"}`
				}
				bytes := allocated(func() {
					before := cpu(t)
					w := receive(h, body)
					total += cpu(t) - before
					status = w.Code
					if !json.Valid(w.Body.Bytes()) {
						t.Errorf("%s: neither an answer nor a refusal: %.200s", name, w.Body)
					}
				})
				heap = min(heap, bytes)
			}
			mean := total / runs
			t.Logf("%-24s %7d bytes: %8.2f ms, %6.2f MiB, status %d", name, len(body), mean.Seconds()*1000, float64(heap)/(1<<20), status)
			if mean > processor || heap > memory {
				t.Errorf("%s, %d bytes: %v of processor time and %d bytes; at most %v and %d", name, len(body), mean, heap, processor, memory)
			}
		}
	}
}
