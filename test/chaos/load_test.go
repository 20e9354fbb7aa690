package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fraiseql/fraiseql-go/pool"
)

const ledger = `create table ledger (worker int not null)`

// longest is the time that the longest statement takes. The server does not notice before its end that its client has gone.
const longest = 400 * time.Millisecond

// crowd are workers that do all that borrowers do, in order and out of order, and keep books about it.
type crowd struct {
	p    *pool.Pool
	seed uint64

	tries, leased, refused atomic.Int64 // leased + refused = tries
	served, lost, left     atomic.Int64 // uses that succeeded, lost their connection, were cut short by their own context
	panics, cancelled      atomic.Int64

	mu      sync.Mutex
	faults  map[string]int // what should not have happened
	acked   map[int]int64  // commits that were confirmed, by worker
	unknown map[int]int64  // commits whose answer was lost
}

func newCrowd(p *pool.Pool, seed uint64) *crowd {
	return &crowd{p: p, seed: seed, faults: map[string]int{}, acked: map[int]int64{}, unknown: map[int]int64{}}
}

// work runs n workers until ctx ends.
func (c *crowd) work(ctx context.Context, n int) (wait func()) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			r := rand.New(rand.NewPCG(c.seed, uint64(i)))
			for ctx.Err() == nil {
				c.once(i, r)
			}
		})
	}
	return all.Wait
}

func (c *crowd) fault(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if text := fmt.Sprintf(format, args...); len(c.faults) < 20 || c.faults[text] > 0 {
		c.faults[text]++
	}
}

// once borrows a connection and does something with it. Every context ends, so that a frozen network holds nobody for ever.
func (c *crowd) once(worker int, r *rand.Rand) {
	limit := 3 * time.Second
	kind := r.IntN(11)
	if kind == 10 { // impatient, whatever it is
		kind = r.IntN(10)
		limit = time.Duration(r.IntN(8000)) * time.Microsecond
	}
	ctx, stop := context.WithTimeout(context.Background(), limit)
	defer stop()
	c.tries.Add(1)
	err := c.borrow(ctx, worker, kind, r)
	var refused *pool.AcquireError
	if errors.As(err, &refused) {
		c.refused.Add(1)
		c.judgeRefusal(ctx, refused)
		if refused.Reason == pool.ReasonUnavailable {
			pause := time.NewTimer(time.Millisecond) // it is said at once
			<-pause.C
		}
		return
	}
	c.leased.Add(1)
	switch {
	case err == nil:
		c.served.Add(1)
	case ctx.Err() != nil && (errors.Is(err, ctx.Err()) || pgconn.Timeout(err) || cancelled(err)):
		c.left.Add(1)
	case lost(err):
		c.lost.Add(1)
	default:
		c.fault("an error of no known kind (%T): %v", err, err)
	}
}

func (c *crowd) judgeRefusal(ctx context.Context, e *pool.AcquireError) {
	switch {
	case e.Reason == pool.ReasonTimeout && errors.Is(e, pool.ErrTimeout), e.Reason == pool.ReasonUnavailable && errors.Is(e, pool.ErrUnavailable) && e.LastConnect != nil:
	case e.Reason == pool.ReasonCanceled && ctx.Err() != nil && errors.Is(e, ctx.Err()):
	default:
		c.fault("refused for %s: %v", e.Reason, e)
	}
}

// lost tells whether the connection went under a statement, and says so.
func lost(err error) bool {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return strings.HasPrefix(pgErr.Code, "57P")
	}
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, pgconn.ErrConnClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// cancelled is what the server says to a query that was cancelled: under RawClean the error is pgx's own.
func cancelled(err error) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && pgErr.Code == "57014"
}

var errMine = errors.New("the borrower's own")

// borrow calls Acquire once.
func (c *crowd) borrow(ctx context.Context, worker, kind int, r *rand.Rand) (err error) {
	switch kind {
	case 0: // cancelled
		return c.p.With(ctx, func(ctx context.Context, l pool.Conn) error {
			short, stop := context.WithTimeout(ctx, time.Duration(r.IntN(8000))*time.Microsecond)
			defer stop()
			start := time.Now()
			_, err := l.Exec(short, "select pg_sleep(0.4)")
			switch took := time.Since(start); {
			case err == nil && took >= longest: // no cancel request came through
			case !lost(err) && !errors.Is(err, context.DeadlineExceeded) && !pgconn.Timeout(err):
				return fmt.Errorf("a sleep of %v ended after %v: %w", longest, took, err)
			}
			c.cancelled.Add(1)
			_, err = l.Exec(ctx, "select 1")
			return err
		})
	case 1, 2: // a transaction that counts
		var committing bool
		err = c.p.Tx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, "insert into ledger values ($1)", worker)
			committing = err == nil
			return err
		})
		c.mu.Lock()
		defer c.mu.Unlock()
		if err == nil {
			c.acked[worker]++
		} else if committing {
			c.unknown[worker]++
		}
		return err
	case 3: // a panic
		defer func() {
			switch v := recover(); v {
			case nil:
			case errMine:
				c.panics.Add(1)
			default:
				panic(v)
			}
		}()
		return c.p.With(ctx, func(ctx context.Context, l pool.Conn) error {
			if _, err := l.Exec(ctx, "begin; insert into ledger values (-1)"); err != nil {
				return err
			}
			panic(errMine)
		})
	case 4: // a session in disorder
		return c.p.With(ctx, func(ctx context.Context, l pool.Conn) error {
			_, err := l.Exec(ctx, dirt[r.IntN(len(dirt))])
			var failed *pgconn.PgError
			if errors.As(err, &failed) && failed.Code == "42883" {
				return nil // the one that is wrong on purpose
			}
			return err
		})
	case 5: // rows left open
		return c.p.With(ctx, func(ctx context.Context, l pool.Conn) error {
			rows, err := l.Query(ctx, "select generate_series(1, 1000)")
			if err != nil {
				return err
			}
			if r.IntN(4) > 0 {
				rows.Close()
			}
			return rows.Err()
		})
	case 6: // released again and again
		l, err := c.p.Acquire(ctx)
		if err != nil {
			return err
		}
		_, err = l.Exec(ctx, "select 1")
		l.Release()
		l.Release()
		if _, again := l.Exec(ctx, "select 1"); !errors.Is(again, pool.ErrReleased) {
			return fmt.Errorf("used after its release: %w", again)
		}
		return err
	default: // in order, and it finds the session in order
		return c.p.With(ctx, func(ctx context.Context, l pool.Conn) error {
			return l.RawClean(func(conn *pgx.Conn) error {
				if status := conn.PgConn().TxStatus(); status != 'I' && !conn.IsClosed() {
					c.fault("the last holder left behind: a transaction in state %q", status)
				}
				var left string
				err := conn.QueryRow(ctx, disorder, float64(r.IntN(20))/1000).Scan(&left)
				if err == nil && left != "" {
					c.fault("the last holder left behind: %s", left)
				}
				return err
			})
		})
	}
}

// dirt are ways to leave a session in disorder.
var dirt = []string{
	"set statement_timeout = '7s'", "set role pg_monitor", "create temp table rubbish (n int)", "listen rubbish", "select pg_advisory_lock_shared(7)",
	"begin", "begin; select no_such_function_at_all(1)", "declare rubbish cursor with hold for select 1", "prepare rubbish as select 1; deallocate rubbish",
}

// disorder names what is left of them, after a short while in the database.
const disorder = `select concat_ws(', ',
	case when current_setting('statement_timeout') <> '0' then 'a setting' end,
	case when current_user <> session_user then 'a role' end,
	(select 'a temporary table' from pg_class where relname = 'rubbish' and pg_table_is_visible(oid) limit 1),
	(select 'a channel' from pg_listening_channels() limit 1),
	(select 'a lock' from pg_locks where locktype = 'advisory' and pid = pg_backend_pid() limit 1),
	(select 'a cursor' from pg_cursors where name = 'rubbish'))
	from pg_sleep($1)`
