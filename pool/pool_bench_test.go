package pool_test

import (
	"context"
	"testing"

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
