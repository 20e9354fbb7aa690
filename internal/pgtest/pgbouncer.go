package pgtest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// PgBouncer starts PgBouncer in front of a server, in transaction mode unless the settings (those of its section
// [pgbouncer]) say otherwise, and gives the URL that goes through it. Whoever connects is the target URL's user. It
// listens on a free loopback port and ends with the test. Where it is not installed the test is skipped, or fails under
// FRAISEQL_REQUIRE_PG=1.
func PgBouncer(t testing.TB, targetURL string, settings map[string]string) string {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program = "/usr/sbin/pgbouncer" // Debian's, which is not on everybody's PATH
		if _, err := os.Stat(program); err != nil {
			missing(t, fmt.Errorf("pgbouncer is not installed: %w", err))
		}
	}
	target, err := pgx.ParseConfig(targetURL)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	for try := 1; ; try++ {
		port, err := freePort()
		if err != nil {
			t.Fatalf("pgtest: a port for pgbouncer: %v", err)
		}
		file := filepath.Join(t.TempDir(), "pgbouncer.ini")
		if err := os.WriteFile(file, bouncerFile(target, port, settings), 0o600); err != nil {
			t.Fatalf("pgtest: %v", err)
		}
		address := &url.URL{
			Scheme: "postgres", User: url.UserPassword(target.User, "any"), Path: "/" + target.Database,
			Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), RawQuery: "sslmode=disable",
		}
		output, started := runBouncer(t, program, file, address.String())
		if started {
			return address.String()
		}
		if try == 3 { // another program may have taken the port meanwhile, but hardly three times
			t.Fatalf("pgtest: pgbouncer does not start:\n%s", output)
		}
	}
}

func bouncerFile(target *pgx.ConnConfig, port int, settings map[string]string) []byte {
	lines := map[string]string{
		"listen_addr": "127.0.0.1", "listen_port": strconv.Itoa(port), "unix_socket_dir": "", "auth_type": "any",
		"pool_mode": "transaction", "max_client_conn": "500", "server_tls_sslmode": "disable",
	}
	for name, value := range settings {
		lines[name] = value
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "[databases]\n%s = host=%s port=%d dbname=%s user=%s password=%s\n[pgbouncer]\n",
		target.Database, target.Host, target.Port, target.Database, target.User, target.Password)
	names := make([]string, 0, len(lines))
	for name := range lines {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&b, "%s = %s\n", name, lines[name])
	}
	return b.Bytes()
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// supervise is a shell that ends a program when this process ends, however that does: it reads from a pipe that is closed
// then. A program that ends by itself is started again, as on a real machine by what looks after services: PgBouncer 1.18
// ends with "server in bad state: 11" when a cancel request crosses what its server says
// (https://github.com/pgbouncer/pgbouncer/issues/822).
const supervise = `again() {
	trap 'kill -TERM $child 2>/dev/null; wait $child; exit' TERM
	while :; do "$@" & child=$!; wait $child; sleep 0.1; done
}
again "$@" & again=$!
read -r _
kill -TERM $again
wait $again`

// runBouncer starts it and waits until it answers.
func runBouncer(t testing.TB, program, file, address string) (output string, started bool) {
	t.Helper()
	args := []string{"-c", supervise, "sh", program}
	if os.Geteuid() == 0 { // it refuses to run as root
		name := "nobody"
		if _, err := user.Lookup("postgres"); err == nil {
			name = "postgres"
		}
		args = append(args, "-u", name)
	}
	cmd := exec.Command("/bin/sh", append(args, file)...)
	cmd.Dir = "/"
	log := &bouncerLog{}
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = log, log, time.Second
	pipe, err := cmd.StdinPipe()
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	stop := func() string {
		_ = pipe.Close()
		_ = cmd.Wait() // ended by a signal, as it was told
		return log.text()
	}
	ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
	defer cancel()
	for ; ctx.Err() == nil; time.Sleep(10 * time.Millisecond) {
		conn, err := pgx.Connect(ctx, address)
		if err == nil {
			_ = conn.Close(ctx)
			t.Cleanup(func() {
				if said := stop(); t.Failed() {
					t.Logf("pgtest: pgbouncer said:\n%s", said)
				}
			})
			return "", true
		}
		if !strings.Contains(err.Error(), "connection refused") || strings.Contains(log.text(), "FATAL") {
			return stop() + err.Error(), false
		}
	}
	return stop(), false
}

// bouncerLog is what it has written so far.
type bouncerLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *bouncerLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *bouncerLog) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
