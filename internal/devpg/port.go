package devpg

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// maxPorts is how many ports a start tries before it gives up.
const maxPorts = 10

// freePort prefers ports below the ranges that kernels take for outgoing connections, since a server that is stopped
// for a while wants to find its port free again.
func freePort(ctx context.Context) (int, error) {
	for range 50 {
		if port := 20000 + rand.IntN(12000); portFree(ctx, port) {
			return port, nil
		}
	}
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("no free port on 127.0.0.1: %w", err)
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

func portFree(ctx context.Context, port int) bool {
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	return err == nil && l.Close() == nil
}
