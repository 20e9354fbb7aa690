package chaos_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/pool"
)

// breaker breaks one thing after the other.
type breaker struct {
	t      *testing.T
	p      *pool.Pool
	server *pgtest.Cluster
	link   *pgtest.Link
	watch  *watch
	r      *rand.Rand
	count  map[string]int
	served func() int64
}

// faults are all faults there are.
func (b *breaker) faults() map[string]func() {
	wait := func(least, most time.Duration) { time.Sleep(least + time.Duration(b.r.Int64N(int64(most-least)))) }
	restart := func(stop func()) func() {
		return func() {
			stop()
			wait(time.Millisecond, 300*time.Millisecond)
			b.server.Restart()
		}
	}
	const ms = time.Millisecond
	return map[string]func(){
		"terminate one": func() {
			b.sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'chaos' order by random() limit 1")
		},
		"terminate all": func() {
			b.sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'chaos'")
		},
		"fast":      restart(func() { b.server.Stop(pgtest.Fast) }),
		"immediate": restart(func() { b.server.Stop(pgtest.Immediate) }),
		"SIGKILL":   restart(b.server.Kill),
		"SIGSTOP":   func() { b.watch.blind(func() { b.server.Pause(); wait(50*ms, 1200*ms); b.server.Resume() }) },
		"freeze":    func() { b.watch.blind(func() { b.link.Freeze(); wait(50*ms, 1200*ms); b.link.Thaw() }) },
		"FIN":       func() { b.watch.blind(b.link.Drop) },
		"RST":       func() { b.watch.blind(b.link.RST) },
		"reject": func() {
			b.watch.blind(func() { b.link.Reject(true); b.link.RST(); wait(10*ms, 500*ms); b.link.Reject(false) })
		},
		"drip": func() {
			b.watch.blind(func() { b.link.Drip(50 * time.Microsecond); wait(50*ms, 300*ms); b.link.Drip(-1) })
		},
		"latency": func() { b.link.Latency(time.Duration(1+b.r.IntN(20)) * ms); wait(50*ms, 300*ms); b.link.Latency(0) },
		"cut": func() {
			b.watch.blind(func() {
				b.link.CutAfterMessages(1 + b.r.IntN(20))
				wait(10*ms, 50*ms)
				b.link.CutAfterMessages(1 << 40)
			})
		},
		"resize": func() { b.resize(1+b.r.IntN(size), b.r.IntN(overflow+1)) },
	}
}

// run breaks things for so long, each of the faults at least once; all there are when none are named.
func (b *breaker) run(d time.Duration, names []string) {
	faults := b.faults()
	if names == nil {
		for name := range faults {
			names = append(names, name)
		}
	}
	slices.Sort(names) // the seed alone decides
	end := time.Now().Add(d)
	for round := 0; round == 0 || time.Now().Before(end); round++ {
		b.r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		for _, name := range names {
			if round > 0 && time.Now().After(end) {
				return
			}
			b.watch.now(name)
			faults[name]()
			b.count[name]++
			if b.r.IntN(4) == 0 {
				continue // one upon the other
			}
			before := b.served()
			eventually(b.t, "it serves again after "+name, func() bool { return b.served() > before+30 }, func() any { return b.p.Stat() })
			time.Sleep(time.Duration(b.r.IntN(200)) * time.Millisecond)
		}
	}
}

// rest waits until the pool serves again and has come to rest on a single connection.
func (b *breaker) rest() {
	b.t.Helper()
	stat := func() any { return b.p.Stat() }
	eventually(b.t, "it serves again", func() bool {
		ctx, stop := context.WithTimeout(b.t.Context(), time.Second)
		defer stop()
		return b.p.Ready(ctx) == nil
	}, stat)
	b.resize(1, 0)
	eventually(b.t, "it comes to rest", func() bool {
		s := b.p.Stat()
		return s.Idle == 1 && s.Leased+s.Tending+s.Connecting+s.Closing+s.Waiting == 0
	}, stat)
	b.link.Reset() // it keeps the statements that have passed
	b.resize(size, overflow)
}

// resize changes the ceiling. A lower one holds as soon as the pool is under it.
func (b *breaker) resize(size, overflow int) {
	b.t.Helper()
	b.watch.limit.Store(max(b.watch.limit.Load(), int64(size+overflow)))
	if err := b.p.Resize(size, overflow); err != nil {
		b.t.Error(err)
	}
	eventually(b.t, "it shrinks", func() bool {
		s := b.p.Stat()
		return s.Idle+s.Leased+s.Tending+s.Connecting+s.Closing <= size+overflow
	}, func() any { return b.p.Stat() })
	b.watch.limit.Store(int64(size + overflow))
}

// sql runs a statement beside the pool.
func (b *breaker) sql(text string) {
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	conn, err := pgx.Connect(ctx, b.server.URL)
	if err != nil {
		b.t.Error(err)
		return
	}
	if _, err := conn.Exec(ctx, text); err != nil {
		b.t.Error(err)
	}
	_ = conn.Close(ctx)
}

// watch counts the pool's backends all the time. When the server or the network stands still or loses something, the server
// does not learn that the pool has given a connection up: what it still has then is looked at again when it knows.
type watch struct {
	t     *testing.T
	url   string
	stat  func() pool.Stat
	limit atomic.Int64
	quit  context.CancelFunc
	done  sync.WaitGroup
	most  atomic.Int64

	mu      sync.Mutex
	blinded bool   // a count taken now means nothing
	pending bool   // nor until the server has been at or under the limit for a while
	fault   string // the last one
	over    int    // counts above the limit
}

func newWatch(t *testing.T, url string, limit int, stat func() pool.Stat) *watch {
	w := &watch{t: t, url: url, stat: stat}
	w.limit.Store(int64(limit))
	ctx, quit := context.WithCancel(context.Background())
	w.quit = quit
	w.done.Go(func() { w.look(ctx) })
	t.Cleanup(func() { w.end() })
	return w
}

// blind has nothing counted while a fault lasts, nor afterwards until the server has let go of what was lost.
func (w *watch) blind(fault func()) {
	w.mu.Lock()
	w.blinded = true
	w.mu.Unlock()
	fault()
	w.mu.Lock()
	w.blinded, w.pending = false, true
	w.mu.Unlock()
	eventually(w.t, "the server lets go of lost connections", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return !w.pending
	}, func() any { return w.limit.Load() })
}

// settled is how long the server must have been at or under the limit after such a fault: what has piled up in its queue
// comes one by one, and statements of clients that are gone run on.
const settled = longest + 200*time.Millisecond

func (w *watch) now(fault string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fault = fault
}

func (w *watch) look(ctx context.Context) {
	var fine time.Time // since when the count is at or under the limit
	var conn *pgx.Conn
	hangUp := func() {
		if conn != nil {
			_ = conn.PgConn().Conn().Close()
			conn = nil
		}
	}
	defer hangUp()
	for ctx.Err() == nil {
		pause := time.NewTimer(2 * time.Millisecond)
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
		pause.Stop()
		turn, stop := context.WithTimeout(ctx, 5*time.Second)
		var err error
		if conn == nil {
			conn, err = pgx.Connect(turn, w.url)
		}
		w.mu.Lock()
		meant, limit := !w.blinded, w.limit.Load()
		w.mu.Unlock()
		var n int64
		if err == nil {
			err = conn.QueryRow(turn, "select count(*) from pg_stat_activity where application_name = 'chaos'").Scan(&n)
		}
		stop()
		if err != nil { // the server is away, too
			hangUp()
			continue
		}
		w.mu.Lock()
		limit = max(limit, w.limit.Load()) // it may have changed meanwhile
		switch {
		case !meant || w.blinded:
			fine = time.Time{}
		case w.pending && n > limit:
			fine = time.Time{}
		case w.pending && fine.IsZero():
			fine = time.Now()
		case w.pending && time.Since(fine) > settled:
			w.pending = false
		case !w.pending && n > limit:
			if w.over++; w.over < 10 {
				w.t.Errorf("%d backends, and the ceiling is %d, after %q: %s", n, limit, w.fault, w.tell(conn))
			}
		}
		if meant && !w.blinded && !w.pending {
			w.most.Store(max(w.most.Load(), n))
		}
		w.mu.Unlock()
	}
}

// tell says what the backends are doing.
func (w *watch) tell(conn *pgx.Conn) string {
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	var text *string
	err := conn.QueryRow(ctx, `select string_agg(format('%s %s, connected for %s: %s', pid, state, clock_timestamp() - backend_start, left(query, 60)), E'\n  ')
		from pg_stat_activity where application_name = 'chaos'`).Scan(&text)
	if err != nil || text == nil {
		return fmt.Sprint(err)
	}
	return fmt.Sprintf("%s\n  %+v", *text, w.stat())
}

// end stops watching and gives the most backends that were seen.
func (w *watch) end() int64 {
	w.quit()
	w.done.Wait()
	return w.most.Load()
}

// none waits until no backend is left.
func (w *watch) none(t *testing.T) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), w.url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	var n int
	eventually(t, "no backend is left", func() bool {
		err := conn.QueryRow(t.Context(), "select count(*) from pg_stat_activity where application_name = 'chaos'").Scan(&n)
		return err == nil && n == 0
	}, func() any { return n })
}
