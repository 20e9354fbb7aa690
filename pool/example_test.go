package pool_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fraiseql/fraiseql-go/pool"
)

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

func ExamplePool_With() {
	ctx := context.Background()
	p, err := pool.Open(ctx, "postgres://localhost/shop", pool.Options{Size: 20})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close(ctx)

	var orders int
	err = p.With(ctx, func(ctx context.Context, c pool.Conn) error {
		return c.QueryRow(ctx, "select count(*) from orders").Scan(&orders)
	})
	var refused *pool.AcquireError
	if errors.As(err, &refused) {
		fmt.Println("try again in", refused.RetryAfter())
	}
}
