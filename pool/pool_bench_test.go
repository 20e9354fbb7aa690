package pool_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/pool"
	"github.com/jackc/pgx/v5/pgxpool"
)

func BenchmarkAcquire(b *testing.B) {
	db := pgtest.New(b)
	ctx := context.Background()
	b.Run("pool", func(b *testing.B) {
		p := openPool(b, db.URL, pool.Options{Size: 20, Production: true})
		warmUp(b, p, 1)
		b.ReportAllocs()
		for b.Loop() {
			c, err := p.Acquire(ctx)
			if err != nil {
				b.Fatal(err)
			}
			c.Release()
		}
	})
	b.Run("leak detection", func(b *testing.B) {
		p := openPool(b, db.URL, pool.Options{Size: 20})
		warmUp(b, p, 1)
		b.ReportAllocs()
		for b.Loop() {
			c, err := p.Acquire(ctx)
			if err != nil {
				b.Fatal(err)
			}
			c.Release()
		}
	})
	b.Run("pgxpool", func(b *testing.B) {
		p := openPgxpool(b, db.URL)
		b.ReportAllocs()
		for b.Loop() {
			c, err := p.Acquire(ctx)
			if err != nil {
				b.Fatal(err)
			}
			c.Release()
		}
	})
}

func BenchmarkAcquireContended(b *testing.B) {
	db := pgtest.New(b)
	ctx := context.Background()
	b.Run("pool", func(b *testing.B) {
		p := openPool(b, db.URL, pool.Options{Size: 20, MaxOverflow: -1, Production: true})
		warmUp(b, p, 20)
		b.ReportAllocs()
		b.SetParallelism(500)
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				c, err := p.Acquire(ctx)
				if err != nil {
					b.Error(err)
					return
				}
				c.Release()
			}
		})
	})
	b.Run("pgxpool", func(b *testing.B) {
		p := openPgxpool(b, db.URL)
		all := p.AcquireAllIdle(ctx)
		for len(all) < 20 {
			c, err := p.Acquire(ctx)
			if err != nil {
				b.Fatal(err)
			}
			all = append(all, c)
		}
		for _, c := range all {
			c.Release()
		}
		b.ReportAllocs()
		b.SetParallelism(500)
		b.ResetTimer()
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				c, err := p.Acquire(ctx)
				if err != nil {
					b.Error(err)
					return
				}
				c.Release()
			}
		})
	})
}

func BenchmarkQuery(b *testing.B) {
	db := pgtest.New(b)
	ctx := context.Background()
	b.Run("pool", func(b *testing.B) {
		p := openPool(b, db.URL, pool.Options{Size: 20})
		warmUp(b, p, 1)
		b.ReportAllocs()
		for b.Loop() {
			if err := selectOne(ctx, p); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("pgxpool", func(b *testing.B) {
		p := openPgxpool(b, db.URL)
		b.ReportAllocs()
		var n int
		for b.Loop() {
			if err := p.QueryRow(ctx, "select 1").Scan(&n); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func openPgxpool(b *testing.B, url string) *pgxpool.Pool {
	b.Helper()
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		b.Fatal(err)
	}
	config.MaxConns = 20
	p, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(p.Close)
	if err := p.Ping(context.Background()); err != nil {
		b.Fatal(err)
	}
	return p
}

// BenchmarkTimeouts has 10,000 callers time out together, and tells by how much the last one was late.
func BenchmarkTimeouts(b *testing.B) {
	const n, limit = 10_000, 50 * time.Millisecond
	db := pgtest.New(b)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	p := openPool(b, db.URL, pool.Options{Size: 1, MaxOverflow: -1, MaxWaiting: n, Timeout: limit, Production: true})
	held, err := p.Acquire(ctx)
	if err != nil {
		b.Fatal(err)
	}
	defer held.Release()
	waits := make([]time.Duration, n)
	var late time.Duration
	for b.Loop() {
		_ = together(n, func(i int) error {
			start := time.Now()
			_, err := p.Acquire(ctx)
			waits[i] = time.Since(start)
			if !errors.Is(err, pool.ErrTimeout) {
				b.Error(err)
			}
			return nil
		})
		late += slices.Max(waits) - limit
	}
	b.ReportMetric(float64(late)/float64(b.N)/1e6, "ms-late/op")
}
