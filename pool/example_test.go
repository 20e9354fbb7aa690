package pool_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fraiseql/fraiseql-go/internal/devpg"
	"github.com/fraiseql/fraiseql-go/pool"
)

// exampleServer is the server of the examples, started by the first one and stopped when all tests are done.
var exampleServer struct {
	start sync.Once
	up    *devpg.Server
}

// withExamples runs tests and then ends the examples' server.
type withExamples struct{ tests interface{ Run() int } }

func (w withExamples) Run() int {
	code := w.tests.Run()
	if exampleServer.up != nil {
		if err := exampleServer.up.Stop(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return max(code, 1)
		}
	}
	return code
}

// databaseURL is the address of a database with some orders.
func databaseURL() string {
	ctx := context.Background()
	exampleServer.start.Do(func() {
		programs, err := devpg.Find(os.Environ())
		if err == nil {
			exampleServer.up, err = devpg.Start(ctx, devpg.Options{Programs: programs, Ephemeral: true, Logger: slog.New(slog.DiscardHandler)})
		}
		if err != nil {
			panic(err)
		}
	})
	conn, err := pgx.Connect(ctx, exampleServer.up.URL("postgres"))
	if err != nil {
		panic(err)
	}
	_, err = conn.PgConn().Exec(ctx, `DROP TABLE IF EXISTS orders;
CREATE TABLE orders (id int PRIMARY KEY, customer text NOT NULL, amount int NOT NULL);
INSERT INTO orders VALUES (1, 'Ada', 20), (2, 'Grace', 5), (3, 'Ada', 7);`).ReadAll()
	if err = errors.Join(err, conn.Close(ctx)); err != nil {
		panic(err)
	}
	return exampleServer.up.URL("postgres")
}

func ExampleOpen() {
	ctx := context.Background()
	p, err := pool.Open(ctx, databaseURL(), pool.Options{
		Name:        "shop", // in pg_stat_activity, logs and metrics
		Size:        20,     // kept between bursts; half of them are opened now
		MaxOverflow: 10,     // so never more than 30
		Timeout:     5 * time.Second,
	})
	if err != nil { // a malformed URL or option; a database that is away is not an error here
		fmt.Println(err)
		return
	}
	defer p.Close(ctx)

	if err := p.Ready(ctx); err != nil { // it is one here
		fmt.Println(err)
		return
	}
	s := p.Stat()
	fmt.Println(s.Name, s.State, s.MinSize, s.Size, s.MaxSize)
	// Output:
	// shop up 10 20 30
}

func ExampleOptions_Resolve() {
	limits, err := pool.Options{Size: 30, MaxOverflow: 15}.Resolve()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(limits.MinSize, limits.Size, limits.MaxSize, limits.Timeout, limits.Recycle)
	_, err = pool.Options{Recycle: time.Millisecond}.Resolve()
	fmt.Println(err)
	// Output:
	// 15 30 45 30s 1h0m0s
	// pool: Recycle is 1ms, and the limit is at least 1s: set 1s or more, or a negative value for never
}

// open is what the examples below begin with.
func open(o pool.Options) *pool.Pool {
	p, err := pool.Open(context.Background(), databaseURL(), o)
	if err != nil {
		panic(err)
	}
	return p
}

func ExamplePool_With() {
	ctx := context.Background()
	p := open(pool.Options{Size: 20})
	defer p.Close(ctx)

	var orders int
	err := p.With(ctx, func(ctx context.Context, c pool.Conn) error {
		return c.QueryRow(ctx, "select count(*) from orders").Scan(&orders)
	})
	var refused *pool.AcquireError
	switch {
	case errors.As(err, &refused): // no connection was to be had
		fmt.Println("try again in", refused.RetryAfter())
	case err != nil: // the query went wrong
		fmt.Println(err)
	default:
		fmt.Println(orders, "orders")
	}
	// Output:
	// 3 orders
}

// A lease goes to one goroutine at a time, and answers ErrReleased when it was given back.
func ExamplePool_Acquire() {
	ctx := context.Background()
	p := open(pool.Options{Size: 2})
	defer p.Close(ctx)

	c, err := p.Acquire(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Release() // best at once; a second call does nothing
	rows, err := c.Query(ctx, "select customer from orders where amount > $1 order by id", 6)
	if err != nil {
		fmt.Println(err)
		return
	}
	customers, err := pgx.CollectRows(rows, pgx.RowTo[string])
	fmt.Println(customers, err)

	c.Release()
	_, err = c.Exec(ctx, "delete from orders")
	fmt.Println(errors.Is(err, pool.ErrReleased))
	// Output:
	// [Ada Ada] <nil>
	// true
}

func ExamplePool_Tx() {
	ctx := context.Background()
	p := open(pool.Options{Size: 5})
	defer p.Close(ctx)

	err := p.Tx(ctx, pgx.TxOptions{IsoLevel: pgx.Serializable}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "update orders set amount = amount - 50 where id = 1"); err != nil {
			return err
		}
		var left int
		if err := tx.QueryRow(ctx, "select amount from orders where id = 1").Scan(&left); err != nil {
			return err
		}
		if left < 0 {
			return errors.New("not enough") // rolls back, as a panic does; nil commits
		}
		return nil
	})
	fmt.Println(err)
	// Output:
	// not enough
}

func ExamplePool_Stat() {
	ctx := context.Background()
	p := open(pool.Options{Size: 4, MaxOverflow: 2})
	defer p.Close(ctx)

	err := p.With(ctx, func(context.Context, pool.Conn) error {
		s := p.Stat()
		fmt.Println(s.Leased, "leased,", s.Waiting, "waiting, never more than", s.MaxSize)
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	s := p.Stat()
	fmt.Println(s.Acquires.Immediate+s.Acquires.Waited, "lease, held for", s.UseTime.Sum < time.Minute)
	// Output:
	// 1 leased, 0 waiting, never more than 6
	// 1 lease, held for true
}

// DBTX is what sqlc generates for pgx, and what a [pool.Conn] and a pgx.Tx have.
type DBTX interface {
	Exec(context.Context, string, ...any) (pgconn.CommandTag, error)
	Query(context.Context, string, ...any) (pgx.Rows, error)
	QueryRow(context.Context, string, ...any) pgx.Row
}

// Queries stands for sqlc's generated code.
type Queries struct{ db DBTX }

func (q *Queries) AmountOf(ctx context.Context, customer string) (n int, err error) {
	return n, q.db.QueryRow(ctx, "select sum(amount) from orders where customer = $1", customer).Scan(&n)
}

// What holds the connections of a busy pool is told by the tags of their leases.
func ExamplePool_Leases() {
	ctx := context.Background()
	p := open(pool.Options{Size: 4, MaxOverflow: 2})
	defer p.Close(ctx)

	report := "nightly report"
	err := p.With(ctx, func(_ context.Context, c pool.Conn) error {
		c.Tag(&report)
		for _, l := range p.Leases() {
			fmt.Println(l.Tag, "holds a connection, for less than a minute:", l.Held < time.Minute)
		}
		return nil
	})
	fmt.Println(len(p.Leases()), "leases,", err)
	// Output:
	// nightly report holds a connection, for less than a minute: true
	// 0 leases, <nil>
}

// Code that sqlc generated works on a lease, and in a transaction.
func ExampleConn() {
	ctx := context.Background()
	p := open(pool.Options{Size: 5})
	defer p.Close(ctx)

	err := p.With(ctx, func(ctx context.Context, c pool.Conn) error {
		n, err := (&Queries{c}).AmountOf(ctx, "Ada")
		fmt.Println(n)
		return err
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// 27
}

func ExamplePool_Resize() {
	ctx := context.Background()
	p := open(pool.Options{Size: 10, MaxOverflow: 10})
	defer p.Close(ctx)

	if err := p.Resize(4, 0); err != nil { // for a quiet night: taken literally, so 0 is no overflow
		fmt.Println(err)
	}
	s := p.Stat()
	fmt.Println(s.MinSize, s.Size, s.MaxSize)
	// Output:
	// 2 4 4
}

// Close lets leases finish until its context ends; who waits fails at once.
func ExamplePool_Close() {
	ctx := context.Background()
	p := open(pool.Options{Size: 1, MaxOverflow: -1})
	c, err := p.Acquire(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	grace, stop := context.WithTimeout(ctx, 50*time.Millisecond)
	defer stop()
	err = p.Close(grace) // c is held for longer than that, and is cut
	fmt.Println(errors.Is(err, context.DeadlineExceeded))

	_, err = c.Exec(ctx, "select 1")
	fmt.Println(errors.Is(err, pool.ErrReleased))
	_, err = p.Acquire(ctx)
	fmt.Println(errors.Is(err, pool.ErrClosed))
	// Output:
	// true
	// true
	// true
}
