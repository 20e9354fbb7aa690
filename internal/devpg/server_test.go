//go:build linux || darwin

package devpg_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fraiseql/fraiseql-go/internal/devpg"
)

// newDir is a folder for a server, which t.TempDir's are not: root's cannot be reached by the server's user.
func newDir(t *testing.T) string {
	t.Helper()
	dir, err := devpg.TempDir()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func start(t *testing.T, o devpg.Options) *devpg.Server {
	t.Helper()
	if o.Programs.Dir == "" {
		o.Programs = local(t)
	}
	o.Logger = silent()
	server, err := devpg.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, server) })
	return server
}

func stop(t *testing.T, server *devpg.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := server.Stop(ctx); err != nil {
		t.Error(err)
	}
}

func query(t *testing.T, url, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background()) //nolint:errcheck // the answer counts
	var answer string
	rows, err := conn.Query(t.Context(), sql, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		if err := rows.Scan(&answer); err != nil {
			t.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestEphemeral(t *testing.T) {
	t.Parallel()
	server := start(t, devpg.Options{Ephemeral: true, Settings: map[string]string{"work_mem": "7MB"}})
	for name, want := range map[string]string{
		"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": "200",
		"listen_addresses": "127.0.0.1", "server_encoding": "UTF8", "TimeZone": "UTC", "work_mem": "7MB",
		"port": strconv.Itoa(server.Port()), "unix_socket_directories": "",
	} {
		if got := query(t, server.URL("postgres"), "SHOW "+name); got != want {
			t.Errorf("%s is %q, not %q", name, got, want)
		}
	}
	if got := query(t, server.URL("postgres"), "SELECT upper('é') || (SELECT string_agg(x, '' ORDER BY x) FROM (VALUES ('b'), ('A'), ('a')) v(x))"); got != "ÉAab" {
		t.Errorf("letters and order: %q", got)
	}
	if got := query(t, server.URL("postgres"), "SHOW server_version"); !strings.HasPrefix(got, server.Version()) {
		t.Errorf("Version is %s, the server's %s", server.Version(), got)
	}
	stranger := strings.Replace(server.URL("postgres"), "postgres:", "postgres:x", 1)
	stranger = strings.Replace(stranger, "postgres:x//", "postgres://", 1)
	stranger = strings.Replace(stranger, "//postgres:", "//postgres:x", 1)
	if conn, err := pgx.Connect(t.Context(), stranger); err == nil {
		_ = conn.Close(t.Context())
		t.Error("a wrong password is accepted")
	}
	if group, err := syscall.Getpgid(server.PID()); err != nil || group != server.PID() {
		t.Errorf("process group %d, %v: a Ctrl-C in the terminal would reach the server", group, err)
	}
	if info, err := os.Stat(filepath.Join(server.Dir(), "password")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("password file: %v, %v", info, err)
	}

	var callers sync.WaitGroup
	for range 3 {
		callers.Go(func() { stop(t, server) })
	}
	callers.Wait()
	stop(t, server)
	select {
	case <-server.Done():
	default:
		t.Error("stopped, and not done")
	}
	if _, err := os.Stat(server.Dir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder stays: %v", err)
	}
	if err := server.Signal(syscall.SIGINT); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("a signal after the end: %v", err)
	}
}

// TestKept walks through the life of a development database.
func TestKept(t *testing.T) {
	t.Parallel()
	programs, dir := local(t), filepath.Join(newDir(t), "nested", "blog")
	options := devpg.Options{Programs: programs, Dir: dir}
	first := start(t, options)
	if got := query(t, first.URL("postgres"), "SHOW fsync"); got != "on" {
		t.Errorf("fsync is %s where data is kept", got)
	}
	query(t, first.URL("postgres"), "CREATE TABLE note AS SELECT 'kept' AS text")

	_, err := devpg.Start(t.Context(), options)
	var inUse *devpg.InUseError
	if !errors.As(err, &inUse) || !errors.Is(err, devpg.ErrInUse) {
		t.Fatalf("a second start: %v", err)
	}
	if inUse.PID != os.Getpid() || inUse.Port != first.Port() || inUse.Dir != dir {
		t.Errorf("held by %+v", inUse)
	}
	if text := err.Error(); !strings.Contains(text, strconv.Itoa(os.Getpid())) || !strings.Contains(text, dir) || !strings.Contains(text, "stop that run") {
		t.Errorf("the message does not help: %s", text)
	}
	stop(t, first)

	second := start(t, options)
	if second.URL("x") != first.URL("x") {
		t.Errorf("the address changed: %s, %s", first.URL("x"), second.URL("x"))
	}
	if got := query(t, second.URL("postgres"), "SELECT text FROM note"); got != "kept" {
		t.Errorf("read %q", got)
	}
	stop(t, second)

	// The port of the last time is taken: another one is.
	var listen net.ListenConfig
	taken, err := listen.Listen(t.Context(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(second.Port())))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close() //nolint:errcheck // a listener of the test
	third := start(t, options)
	if third.Port() == second.Port() {
		t.Error("two on one port")
	}
	stop(t, third)
	options.Port = second.Port()
	if _, err := devpg.Start(t.Context(), options); err == nil || !strings.Contains(err.Error(), "port was taken") {
		t.Errorf("a given port that is taken: %v", err)
	}
	options.Port = 0

	options.Fresh = true
	fresh := start(t, options)
	if got := query(t, fresh.URL("postgres"), "SELECT to_regclass('note') IS NULL || ''"); got != "true" {
		t.Error("fresh, and the old table is there")
	}
	stop(t, fresh)
	options.Fresh = false

	// Data of another version.
	if err := os.WriteFile(filepath.Join(dir, "data", "PG_VERSION"), []byte("12\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = devpg.Start(t.Context(), options)
	if err == nil {
		t.Fatal("data of PostgreSQL 12 is accepted")
	}
	for _, part := range []string{"PostgreSQL 12", programs.Version, "--fresh", dir} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}

	// Data without its password, and a folder that holds no database.
	if err := os.WriteFile(filepath.Join(dir, "data", "PG_VERSION"), []byte(strconv.Itoa(programs.Major)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "password")); err != nil {
		t.Fatal(err)
	}
	if _, err := devpg.Start(t.Context(), options); err == nil || !strings.Contains(err.Error(), "password") {
		t.Errorf("without a password: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "data", "PG_VERSION")); err != nil {
		t.Fatal(err)
	}
	if _, err := devpg.Start(t.Context(), options); err == nil || !strings.Contains(err.Error(), "holds no database") {
		t.Errorf("with a strange folder: %v", err)
	}
	options.Fresh = true
	if _, err := devpg.Start(t.Context(), options); err == nil || !strings.Contains(err.Error(), "is not deleted") {
		t.Errorf("fresh, with a strange folder: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "data", "base")); err != nil {
		t.Errorf("fresh has deleted a strange folder: %v", err)
	}
}

// TestStartFails: the reason is in the error, and the folder is free again.
func TestStartFails(t *testing.T) {
	t.Parallel()
	programs, dir := local(t), newDir(t)
	options := devpg.Options{Programs: programs, Dir: dir, Ephemeral: true, Settings: map[string]string{"shared_buffers": "nonsense"}, Logger: silent()}
	_, err := devpg.Start(t.Context(), options)
	if err == nil || !strings.Contains(err.Error(), `invalid value for parameter "shared_buffers"`) || !strings.Contains(err.Error(), "server.log") {
		t.Errorf("got %v", err)
	}
	options.Settings = nil
	cancelled, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("changed my mind")
	cancel(reason)
	if _, err := devpg.Start(cancelled, options); !errors.Is(err, reason) {
		t.Errorf("cancelled: %v", err)
	}
	options.StartTimeout = time.Nanosecond
	if _, err := devpg.Start(t.Context(), options); err == nil || !strings.Contains(err.Error(), "StartTimeout") {
		t.Errorf("no time: %v", err)
	}
	options.StartTimeout = 0
	stop(t, start(t, options))
}

// TestInitdbFails: nothing that looks like data stays.
func TestInitdbFails(t *testing.T) {
	t.Parallel()
	programs, dir := local(t), newDir(t)
	bin := filepath.Join(dir, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	broken := programs
	broken.Dir = bin
	for name, script := range map[string]string{
		"initdb":   "#!/bin/sh\necho the disk is full >&2\nexit 1\n",
		"postgres": "#!/bin/sh\nexec " + programs.Dir + "/postgres \"$@\"\n",
	} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	options := devpg.Options{Programs: broken, Dir: filepath.Join(dir, "server"), Logger: silent()}
	if _, err := devpg.Start(t.Context(), options); err == nil || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("got %v", err)
	}
	for _, name := range []string{"data", "data.part", "password", "initdb.password"} {
		if _, err := os.Stat(filepath.Join(options.Dir, name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s stays: %v", name, err)
		}
	}
	options.Programs = programs
	stop(t, start(t, options))
}

// TestStopHurries: a server that does not listen to a signal ends all the same, soon after ctx.
func TestStopHurries(t *testing.T) {
	t.Parallel()
	server, err := devpg.Start(t.Context(), devpg.Options{Programs: local(t), Dir: newDir(t), Logger: silent()})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Signal(syscall.SIGSTOP); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := server.Stop(ctx); err == nil || !strings.Contains(err.Error(), "recovers") {
		t.Errorf("got %v", err)
	}
	if alive(server.PID()) {
		t.Error("it lives")
	}
}

func TestOptionsRefused(t *testing.T) {
	t.Parallel()
	good := devpg.Programs{Dir: "/x", Major: 16, Version: "16.1"}
	tests := []struct {
		name    string
		options devpg.Options
		says    []string
	}{
		{"nothing set", devpg.Options{}, []string{"Options.Programs", "Options.Dir"}},
		{"relative", devpg.Options{Programs: good, Dir: "x/y"}, []string{"relative"}},
		{"port", devpg.Options{Programs: good, Dir: "/x", Port: 70000}, []string{"70000"}},
		{"settings", devpg.Options{Programs: good, Dir: "/x", Settings: map[string]string{"port": "1", "listen_addresses": "*"}}, []string{"has port", "has listen_addresses"}},
		{"timeout", devpg.Options{Programs: good, Dir: "/x", StartTimeout: -1}, []string{"StartTimeout"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := devpg.Start(t.Context(), tt.options)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, part := range tt.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
		})
	}
}

// TestRootFolders: what root must get right for the server's own user.
func TestRootFolders(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		return // only root starts servers as another user
	}
	programs := local(t)
	private := t.TempDir() // below a folder that only root may pass
	_, err := devpg.Start(t.Context(), devpg.Options{Programs: programs, Dir: filepath.Join(private, "x"), Logger: silent()})
	if err == nil || !strings.Contains(err.Error(), "cannot pass") || !strings.Contains(err.Error(), "mode 0700") {
		t.Errorf("a folder that cannot be reached: %v", err)
	}
	bin := install(t, filepath.Join(private, "bin"), programs.Version)
	_, err = devpg.Start(t.Context(), devpg.Options{Programs: devpg.Programs{Dir: bin, Major: programs.Major}, Dir: newDir(t), Logger: silent()})
	if err == nil || !strings.Contains(err.Error(), "cannot execute") {
		t.Errorf("programs that cannot be reached: %v", err)
	}
	server := start(t, devpg.Options{Programs: programs, Dir: newDir(t), Ephemeral: true})
	info, err := os.Stat(filepath.Join(server.Dir(), "data"))
	if err != nil {
		t.Fatal(err)
	}
	if uid := info.Sys().(*syscall.Stat_t).Uid; uid == 0 {
		t.Error("the data belongs to root")
	}
	if info, err = os.Stat(server.Dir()); err != nil || info.Sys().(*syscall.Stat_t).Uid != 0 {
		t.Errorf("the folder with the password is not root's: %v", err)
	}
}
