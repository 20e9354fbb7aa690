//go:build unix

package cli_test

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/cli"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

// TestServeTellsSystemd: the unit is active as soon as it listens, and its status follows the server.
func TestServeTellsSystemd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	db := pgtest.New(t, shop)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan int, 1)
	go func() {
		ended <- cli.Main(ctx, []string{"serve", "--database-url", db.URL, "--addr", "127.0.0.1:0"}, nil, io.Discard, io.Discard)
	}()
	told := func() string {
		t.Helper()
		buf := make([]byte, 1<<10)
		if err := socket.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		n, err := socket.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		return string(buf[:n])
	}
	for _, want := range []string{"READY=1\nSTATUS=waiting for the database", "STATUS=serving", "STOPPING=1\nSTATUS=requests under way may finish"} {
		if got := told(); got != want {
			t.Errorf("systemd is told %q, want %q", got, want)
		}
		if want == "STATUS=serving" {
			stop()
		}
	}
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d", code)
	}
}
