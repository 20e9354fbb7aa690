package pool_test

import (
	"fmt"
	"time"

	"github.com/fraiseql/fraiseql-go/pool"
)

// How large should the pools of three replicas be that share 500 requests/s, each holding a connection for 10 ms?
func ExampleAdvise() {
	advice, err := pool.Advise(pool.Load{RequestsPerSecond: 500, HoldTime: 10 * time.Millisecond, Replicas: 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("size", advice.Size, "overflow", advice.MaxOverflow)
	for _, reason := range advice.Reasons {
		fmt.Println("-", reason)
	}
	// Output:
	// size 6 overflow 5
	// - 500 requests/s × 10ms keep 5 connections busy at once, on average (Little's law).
	// - Each of 3 replicas has 1.67 of them. Together they keep 18 connections where one pool for all would need 12: a small pool has less to share.
	// - 6 is the smallest size at which at most 1 % of the requests wait for a connection: 0.78 % do (Erlang C).
	// - An overflow of 5 carries the bursts of a small pool.
	// - 3 replicas × 11 = 33 connections fit into the 97 that the server has for them (max_connections 100 − 3 reserved), and so do 66 while a deploy runs old and new processes at once.
}

// What do requests meet at a pool that is rather small?
func ExampleLoad_Expect() {
	load := pool.Load{RequestsPerSecond: 500, HoldTime: 10 * time.Millisecond}
	e, err := load.Expect(6)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.0f %% busy, %.0f %% of the requests wait, one in a hundred longer than %v\n",
		100*e.Utilization, 100*e.WaitProbability, e.P99Wait.Round(time.Millisecond))
	// Output:
	// 83 % busy, 59 % of the requests wait, one in a hundred longer than 41ms
}
