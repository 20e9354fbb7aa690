package pool_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fraiseql/fraiseql-go/pool"
)

const (
	shedTarget = 100 * time.Millisecond
	meanUse    = 20 * time.Millisecond
)

// useTimes are distributions of how long a lease is held, each with the mean meanUse.
func useTimes() map[string]func(*rand.Rand) time.Duration {
	return map[string]func(*rand.Rand) time.Duration{
		"constant":    func(*rand.Rand) time.Duration { return meanUse },
		"exponential": func(r *rand.Rand) time.Duration { return time.Duration(r.ExpFloat64() * float64(meanUse)) },
		"bimodal": func(r *rand.Rand) time.Duration {
			if r.IntN(10) == 0 {
				return 110 * time.Millisecond
			}
			return 10 * time.Millisecond
		},
		"uniform": func(r *rand.Rand) time.Duration { return time.Duration(r.Int64N(int64(2 * meanUse))) },
	}
}

// load is ten seconds of callers that come at random, as a Poisson process.
type load struct {
	factor   float64 // of what the connections can do
	duration time.Duration
	use      func(*rand.Rand) time.Duration
	seed     uint64
}

// outcome is what became of them.
type outcome struct {
	callers, served, shed int
	atOnce                int // of those shed
	others                []error
	busy                  float64 // which part of the connections' time was used
	waits                 []time.Duration
	longestRefusal        time.Duration
}

// wait is what so many percent of those who were served waited at most.
func (o *outcome) wait(percent int) time.Duration {
	slices.Sort(o.waits)
	return o.waits[len(o.waits)*percent/100]
}

func (o *outcome) String() string {
	return fmt.Sprintf("%d callers, %d served, %d shed (%d at once), %.3f of the capacity used, wait %v, p95 %v, p99 %v, longest %v", o.callers, o.served, o.shed, o.atOnce, o.busy,
		o.wait(50).Round(time.Millisecond), o.wait(95).Round(time.Millisecond), o.wait(99).Round(time.Millisecond), o.waits[len(o.waits)-1].Round(time.Millisecond))
}

// run puts the load on a pool whose connections are all open. It runs in a bubble, where one goroutine at a time is
// told of the end of an Acquire, so that the outcome needs no lock but the one that the race detector asks for.
func (l load) run(ctx context.Context, p *pool.Pool, connections int) *outcome {
	type end struct {
		err        error
		wait, used time.Duration
	}
	r := rand.New(rand.NewPCG(l.seed, 17))
	ends := make(chan end, 1<<20)
	out := &outcome{}
	start := time.Now()
	finish := start.Add(l.duration)
	mean := float64(meanUse) / float64(connections) / l.factor
	for at := start; ; {
		at = at.Add(time.Duration(r.ExpFloat64() * mean))
		if !at.Before(finish) {
			break
		}
		hold := l.use(r)
		time.Sleep(time.Until(at))
		out.callers++
		go func() {
			called := time.Now()
			c, err := p.Acquire(ctx)
			e := end{err: err, wait: time.Since(called)}
			if err == nil {
				e.used = max(min(hold, time.Until(finish)), 0)
				time.Sleep(hold)
				c.Release()
			}
			ends <- e
		}()
	}
	var used time.Duration
	for range out.callers {
		e := <-ends
		switch {
		case e.err == nil:
			out.served++
			out.waits = append(out.waits, e.wait)
			used += e.used
		case errors.Is(e.err, pool.ErrShed):
			out.shed++
			if e.wait == 0 {
				out.atOnce++
			}
			out.longestRefusal = max(out.longestRefusal, e.wait)
		default:
			out.others = append(out.others, e.err)
		}
	}
	out.busy = float64(used) / float64(l.duration) / float64(connections)
	return out
}

// TestShedding puts three times as much load on a pool as it can do: it does what it can, and those whom it serves do
// not wait for long. Under a load that it can do it turns nobody away.
func TestShedding(t *testing.T) {
	t.Parallel()
	for name, use := range useTimes() {
		for seed := range uint64(2 * slow(10)) {
			t.Run(fmt.Sprintf("%s/%d", name, seed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					p := openPool(t, fakeURL, newFakeServer().options(pool.Options{Size: 7, MaxOverflow: 3, ShedTarget: shedTarget}))
					warmUp(t, p, 10)
					l := load{factor: 0.7, duration: 10 * time.Second, use: use, seed: seed}
					light := l.run(t.Context(), p, 10)
					t.Logf("70 %%: %v", light)
					if light.shed > 0 || len(light.others) > 0 || light.served != light.callers {
						t.Errorf("under 70 %% load %d were shed and %d failed: %v", light.shed, len(light.others), light.others)
					}
					l.factor = 3
					heavy := l.run(t.Context(), p, 10)
					t.Logf("300 %%: %v", heavy)
					if heavy.busy < 0.9 || len(heavy.others) > 0 {
						t.Errorf("under 3 × overload: %.3f of the capacity used, other errors: %v", heavy.busy, heavy.others)
					}
					if p99 := heavy.wait(99); p99 > 2*shedTarget {
						t.Errorf("p99 of the wait of those served is %v", p99)
					}
					if p95 := heavy.wait(95); p95 > shedTarget*11/10 {
						t.Errorf("shedding does not keep the wait at the target: p95 is %v", p95)
					}
					if heavy.atOnce < heavy.shed*8/10 {
						t.Errorf("of %d shed only %d were told at once", heavy.shed, heavy.atOnce)
					}
					if heavy.longestRefusal > 2*shedTarget {
						t.Errorf("somebody was shed after %v", heavy.longestRefusal)
					}
					s := p.Stat()
					if s.Failures.Shed != uint64(heavy.shed) || s.Acquires.Immediate+s.Acquires.Waited != uint64(10+light.served+heavy.served) || s.Waiting != 0 {
						t.Errorf("the counters do not add up to %v and %v: %+v", light, heavy, s)
					}
					l.factor = 0.7
					if after := l.run(t.Context(), p, 10); after.shed > 0 {
						t.Errorf("afterwards, under 70 %% load, %d were shed", after.shed)
					}
				})
			})
		}
	}
}

// TestNoSheddingByDefault: the same overload without a target is stored, all of it.
func TestNoSheddingByDefault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := openPool(t, fakeURL, newFakeServer().options(pool.Options{Size: 7, MaxOverflow: 3, Timeout: time.Minute, MaxWaiting: -1}))
		warmUp(t, p, 10)
		out := load{factor: 3, duration: 10 * time.Second, use: useTimes()["exponential"]}.run(t.Context(), p, 10)
		t.Log(out)
		if out.served != out.callers || out.wait(99) < 10*time.Second {
			t.Errorf("%d of %d served: %v; p99 of the wait %v", out.served, out.callers, out.others, out.wait(99))
		}
	})
}
