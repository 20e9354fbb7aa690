//go:build linux || darwin

package devpg_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/devpg"
)

// archive is a download whose programs are this machine's own, called by small scripts.
func archive(t *testing.T, programs devpg.Programs) []byte {
	t.Helper()
	xz, err := exec.LookPath("xz")
	if err != nil {
		if os.Getenv("FRAISEQL_REQUIRE_PG") == "1" {
			t.Fatal("the xz program is needed to make an archive: ", err)
		}
		t.Skip("the xz program is needed to make an archive: ", err)
	}
	var tarred bytes.Buffer
	tw := tar.NewWriter(&tarred)
	for _, name := range []string{"initdb", "pg_ctl", "postgres"} {
		script := "#!/bin/sh\nexec '" + programs.Dir + "/" + name + "' \"$@\"\n"
		if err := tw.WriteHeader(&tar.Header{Name: "bin/" + name, Mode: 0o755, Size: int64(len(script))}); err != nil {
			t.Fatal(err)
		}
		if _, err := tw.Write([]byte(script)); err != nil {
			t.Fatal(err)
		}
	}
	if err := tw.Close(); err != nil {
		t.Fatal(err)
	}
	compress := exec.Command(xz, "--stdout", "-0")
	compress.Stdin = &tarred
	txz, err := compress.Output()
	if err != nil {
		t.Fatal(err)
	}
	var jar bytes.Buffer
	zw := zip.NewWriter(&jar)
	file, err := zw.Create("postgres.txz")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write(txz); err != nil {
		t.Fatal(err)
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	return jar.Bytes()
}

// repository serves the archive, damaged while broken is set.
type repository struct {
	*httptest.Server
	requests atomic.Int64
	broken   atomic.Bool
}

func serve(t *testing.T, jar []byte) *repository {
	t.Helper()
	r := &repository{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.requests.Add(1)
		if strings.HasSuffix(req.URL.Path, ".sha256") {
			sum := sha256.Sum256(jar)
			_, _ = w.Write([]byte(hex.EncodeToString(sum[:])))
			return
		}
		body := bytes.Clone(jar)
		if r.broken.Load() {
			body[len(body)/2] ^= 0xff
		}
		_, _ = w.Write(body)
	}))
	t.Cleanup(func() {
		r.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return r
}

// isRoot tells that nothing is downloaded here: [TestAsOrdinaryUser] runs what is about that.
func isRoot() bool { return os.Geteuid() == 0 }

func TestFetch(t *testing.T) {
	t.Parallel()
	if isRoot() {
		return
	}
	here := local(t)
	repo, dir := serve(t, archive(t, here)), filepath.Join(realTempDir(t), "programs")
	options := devpg.FetchOptions{Dir: dir, RepositoryURL: repo.URL + "/", Logger: silent()}

	repo.broken.Store(true)
	if _, err := devpg.Fetch(t.Context(), options); err == nil || !strings.Contains(err.Error(), "checksums do not match") {
		t.Fatalf("a damaged archive: %v", err)
	}
	repo.broken.Store(false)

	// Two at once share one download.
	repo.requests.Store(0)
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			programs, err := devpg.Fetch(t.Context(), options)
			if err != nil || programs.Version != here.Version || programs.Source != "download" {
				t.Errorf("got %+v, %v", programs, err)
			}
		})
	}
	both.Wait()
	if n := repo.requests.Load(); n != 2 {
		t.Errorf("%d requests, want one for the archive and one for its checksum", n)
	}

	repo.Close()
	programs, err := devpg.Fetch(t.Context(), options)
	if err != nil {
		t.Fatalf("once fetched, it is not fetched again: %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), ".part") {
			t.Errorf("%s stays", entry.Name())
		}
	}
	server := start(t, devpg.Options{Programs: programs, Ephemeral: true})
	if got := query(t, server.URL("postgres"), "SELECT 'x'"); got != "x" {
		t.Errorf("read %q", got)
	}
}

// TestFindOrFetch: what is there is not fetched, and a wrong variable is an error, not a reason to fetch.
func TestFindOrFetch(t *testing.T) {
	t.Parallel()
	environ := []string{"FRAISEQL_POSTGRES_BIN=/nowhere"}
	_, err := devpg.FindOrFetch(t.Context(), environ, devpg.FetchOptions{Dir: "/nowhere"})
	if err == nil || errors.Is(err, devpg.ErrNotFound) || !strings.Contains(err.Error(), "FRAISEQL_POSTGRES_BIN=/nowhere") {
		t.Errorf("a wrong variable: %v", err)
	}
	here := local(t)
	got, err := devpg.FindOrFetch(t.Context(), []string{"FRAISEQL_POSTGRES_BIN=" + here.Dir}, devpg.FetchOptions{Dir: "/nowhere"})
	if err != nil || got.Dir != here.Dir {
		t.Errorf("what is here is not fetched: %+v, %v", got, err)
	}
}

func TestFetchOffline(t *testing.T) {
	t.Parallel()
	if isRoot() {
		return
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	_, err := devpg.Fetch(t.Context(), devpg.FetchOptions{Dir: realTempDir(t), RepositoryURL: gone.URL, Logger: silent()})
	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range []string{"download PostgreSQL", "unable to connect", "online", "package manager", "FRAISEQL_POSTGRES_BIN"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
}

// TestFetchCancelled: Ctrl-C during a download that makes no progress.
func TestFetchCancelled(t *testing.T) {
	t.Parallel()
	if isRoot() {
		return
	}
	asked, release := make(chan struct{}), make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(asked)
		<-release
		w.WriteHeader(http.StatusNotFound)
	}))
	defer slow.Close()
	defer http.DefaultClient.CloseIdleConnections()
	dir := realTempDir(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		<-asked
		cancel(errors.New("interrupted"))
	}()
	_, err := devpg.Fetch(ctx, devpg.FetchOptions{Dir: dir, RepositoryURL: slow.URL, Logger: silent()})
	if err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("got %v", err)
	}
	close(release)
	eventually(t, "the abandoned download clears up", func() bool {
		parts, err := filepath.Glob(filepath.Join(dir, "*.part"))
		return err == nil && len(parts) == 0
	})
}

func TestFetchAsRoot(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		return // this is about root
	}
	_, err := devpg.Fetch(t.Context(), devpg.FetchOptions{Dir: t.TempDir(), Logger: silent()})
	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range []string{"root", "ordinary user", "package manager", "FRAISEQL_POSTGRES_BIN"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
}
