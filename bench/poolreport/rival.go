package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/fraiseql/fraiseql-go/pool"
)

// setup is what both pools are told, each in its own words.
type setup struct {
	name           string // the application_name
	size, overflow int
	linger         time.Duration // 0: 5 s
	recycle        time.Duration // 0: 1 h
	connectTimeout time.Duration // 0: 5 s
	shedTarget     time.Duration // ours only
}

// rival is a pool under test.
type rival interface {
	acquire(context.Context) (lease, error)
	opened() int   // connections, since the start
	attempts() int // to connect, since the start
	close()
}

// lease is a borrowed connection.
type lease interface {
	exec(ctx context.Context, sql string, args ...any) error
	release()
}

// ours opens this project's pool; close is up to the stage.
func (s *stage) ours(url string, set setup) *ourPool {
	p := &ourPool{}
	o := pool.Options{
		Name: set.name, Size: set.size, MaxOverflow: cmp.Or(set.overflow, -1), OverflowLinger: set.linger, Recycle: set.recycle,
		ConnectTimeout: set.connectTimeout, ShedTarget: set.shedTarget, LeakAfter: -1, Logger: slog.New(slog.DiscardHandler),
		BeforeConnect: func(_ context.Context, c *pgx.ConnConfig) error {
			c.DialFunc = countDials(c.DialFunc, &p.dials)
			return nil
		},
	}
	var err error
	p.Pool, err = pool.Open(s.ctx, url, o)
	s.check(err)
	s.Cleanup(p.close)
	return p
}

type ourPool struct {
	*pool.Pool
	dials atomic.Int64
}

func (p *ourPool) acquire(ctx context.Context) (lease, error) {
	c, err := p.Acquire(ctx)
	return ourLease{c}, err
}

func (p *ourPool) opened() int   { return int(p.Stat().Opened) }
func (p *ourPool) attempts() int { return int(p.dials.Load()) }

func (p *ourPool) close() {
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Second)
	defer stop()
	_ = p.Close(ctx) // it cuts what is left, which the figure has had its say about
}

type ourLease struct{ c pool.Conn }

func (l ourLease) exec(ctx context.Context, sql string, args ...any) error {
	return l.c.RawClean(func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, sql, args...)
		return err
	})
}

func (l ourLease) release() { l.c.Release() }

// theirs opens a pgxpool with the same settings, as far as it has them.
func (s *stage) theirs(url string, set setup) *theirPool {
	config, err := pgxpool.ParseConfig(url)
	s.check(err)
	recycle := cmp.Or(set.recycle, time.Hour)
	config.MaxConns = int32(set.size + set.overflow)
	config.MinConns = int32(max(set.size/2, 1))
	config.MaxConnIdleTime = cmp.Or(set.linger, 5*time.Second)
	config.MaxConnLifetime, config.MaxConnLifetimeJitter = recycle*9/10, recycle/10 // at most recycle, as ours
	config.PingTimeout = cmp.Or(set.connectTimeout, 5*time.Second)
	config.ConnConfig.ConnectTimeout = cmp.Or(set.connectTimeout, 5*time.Second)
	config.ConnConfig.RuntimeParams["application_name"] = set.name
	p := &theirPool{}
	config.BeforeConnect = func(_ context.Context, c *pgx.ConnConfig) error {
		c.DialFunc = countDials(c.DialFunc, &p.dials)
		return nil
	}
	p.Pool, err = pgxpool.NewWithConfig(s.ctx, config)
	s.check(err)
	s.Cleanup(p.close)
	return p
}

type theirPool struct {
	*pgxpool.Pool
	dials atomic.Int64
}

func (p *theirPool) acquire(ctx context.Context) (lease, error) {
	c, err := p.Acquire(ctx)
	return theirLease{c}, err
}

func (p *theirPool) opened() int   { return int(p.Stat().NewConnsCount()) }
func (p *theirPool) attempts() int { return int(p.dials.Load()) }
func (p *theirPool) close()        { p.Close() }

type theirLease struct{ c *pgxpool.Conn }

func (l theirLease) exec(ctx context.Context, sql string, args ...any) error {
	_, err := l.c.Exec(ctx, sql, args...)
	return err
}

func (l theirLease) release() { l.c.Release() }

func countDials(dial func(ctx context.Context, network, addr string) (net.Conn, error), n *atomic.Int64) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		n.Add(1)
		return dial(ctx, network, addr)
	}
}

var errAcquire = errors.New("no connection")

// do runs one statement on a borrowed connection. The error of an acquire matches errAcquire.
func do(ctx context.Context, r rival, sql string, args ...any) error {
	l, err := r.acquire(ctx)
	if err != nil {
		return errors.Join(errAcquire, err)
	}
	defer l.release()
	return l.exec(ctx, sql, args...)
}

// warm makes a pool hold n idle connections.
func (s *stage) warm(r rival, n int) {
	ctx, stop := context.WithTimeout(s.ctx, patience)
	defer stop()
	var leases []lease
	for range n {
		l, err := r.acquire(ctx)
		s.check(err)
		leases = append(leases, l)
	}
	for _, l := range leases {
		l.release()
	}
}
