//go:build linux || darwin

package devpg_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/devpg"
)

// install writes an installation whose postgres answers with the version.
func install(t *testing.T, dir, version string, names ...string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if names == nil {
		names = []string{"initdb", "postgres", "pg_ctl"}
	}
	for _, name := range names {
		script := "#!/bin/sh\necho \"" + name + " (PostgreSQL) " + version + "\"\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func link(t *testing.T, dir, target string, names ...string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := os.Symlink(filepath.Join(target, name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFind(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		setup func(t *testing.T, root string) (environ []string)
		dir   string // below root
		want  devpg.Programs
	}{
		{
			"the variable goes before PATH", func(t *testing.T, root string) []string {
				return []string{
					"FRAISEQL_POSTGRES_BIN=" + install(t, root+"/own", "15.13 (Debian 15.13-1)"),
					"PATH=" + install(t, root+"/path", "16.1"),
				}
			},
			"own",
			devpg.Programs{Version: "15.13", Major: 15, Source: "FRAISEQL_POSTGRES_BIN"},
		},
		{
			"PATH goes before the usual folders", func(t *testing.T, root string) []string {
				install(t, root+"/usual/18/bin", "18.0")
				return []string{"PATH=/nowhere:" + install(t, root+"/path", "16.1")}
			},
			"path",
			devpg.Programs{Version: "16.1", Major: 16, Source: "PATH"},
		},
		{
			"one link in PATH leads to the folder with all three", func(t *testing.T, root string) []string {
				install(t, root+"/lib/bin", "17beta2")
				return []string{"PATH=" + link(t, root+"/path", root+"/lib/bin", "initdb")}
			},
			"lib/bin",
			devpg.Programs{Version: "17beta2", Major: 17, Source: "PATH"},
		},
		{
			"links to single files elsewhere: the folder of the links", func(t *testing.T, root string) []string {
				install(t, root+"/a", "16.3", "initdb")
				install(t, root+"/b", "16.3", "postgres")
				install(t, root+"/c", "16.3", "pg_ctl")
				link(t, root+"/path", root+"/a", "initdb")
				link(t, root+"/path", root+"/b", "postgres")
				return []string{"PATH=" + link(t, root+"/path", root+"/c", "pg_ctl")}
			},
			"path",
			devpg.Programs{Version: "16.3", Major: 16, Source: "PATH"},
		},
		{
			"a client-only PATH and a newest usual folder", func(t *testing.T, root string) []string {
				install(t, root+"/usual/9.6/bin", "9.6.24")
				install(t, root+"/usual/14/bin", "14.2")
				install(t, root+"/usual/16/bin", "16.2")
				install(t, root+"/usual/18/bin", "18.0", "postgres") // not whole
				return []string{"PATH=" + install(t, root+"/path", "18.0", "psql", "pg_ctl")}
			},
			"usual/16/bin",
			devpg.Programs{Version: "16.2", Major: 16, Source: "usual folder"},
		},
		{
			"too old in PATH, new enough elsewhere", func(t *testing.T, root string) []string {
				install(t, root+"/usual/14/bin", "14devel")
				return []string{"PATH=" + install(t, root+"/path", "13.4")}
			},
			"usual/14/bin",
			devpg.Programs{Version: "14devel", Major: 14, Source: "usual folder"},
		},
		{
			"the last value of a variable counts", func(t *testing.T, root string) []string {
				return []string{"PATH=" + install(t, root+"/first", "16.1"), "PATH=" + install(t, root+"/last", "15.1")}
			},
			"last",
			devpg.Programs{Version: "15.1", Major: 15, Source: "PATH"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			root := realTempDir(t)
			got, err := devpg.FindIn(tt.setup(t, root), []string{root + "/usual/*/bin"})
			if err != nil {
				t.Fatal(err)
			}
			tt.want.Dir = filepath.Join(root, tt.dir)
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestFindRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		setup    func(t *testing.T, root string) (environ []string)
		notFound bool
		says     []string
	}{
		{"nothing at all", func(*testing.T, string) []string { return nil }, true, []string{"no local PostgreSQL", "PATH"}},
		{"a relative PATH entry is no place", func(t *testing.T, root string) []string {
			install(t, root+"/path", "16.1")
			wd, err := os.Getwd()
			if err != nil {
				t.Fatal(err)
			}
			relative, err := filepath.Rel(wd, root+"/path")
			if err != nil {
				t.Fatal(err)
			}
			return []string{"PATH=" + relative}
		}, true, []string{"no local PostgreSQL"}},
		{"only an old one", func(t *testing.T, root string) []string {
			return []string{"PATH=" + install(t, root+"/path", "13.4")}
		}, true, []string{"PostgreSQL 13.4", "14 or newer"}},
		{"variable: old", func(t *testing.T, root string) []string {
			install(t, root+"/usual/16/bin", "16.2")
			return []string{"FRAISEQL_POSTGRES_BIN=" + install(t, root+"/own", "9.6.24")}
		}, false, []string{"FRAISEQL_POSTGRES_BIN", "PostgreSQL 9.6.24", "14 or newer"}},
		{"variable: no folder", func(_ *testing.T, root string) []string {
			return []string{"FRAISEQL_POSTGRES_BIN=" + root + "/none"}
		}, false, []string{"FRAISEQL_POSTGRES_BIN", "/none", "no such file"}},
		{"variable: a file", func(t *testing.T, root string) []string {
			return []string{"FRAISEQL_POSTGRES_BIN=" + install(t, root+"/own", "16.1") + "/postgres"}
		}, false, []string{"this is a file", "/own"}},
		{"variable: programs missing", func(t *testing.T, root string) []string {
			return []string{"FRAISEQL_POSTGRES_BIN=" + install(t, root+"/own", "16.1", "postgres")}
		}, false, []string{"initdb, pg_ctl"}},
		{"variable: one folder too high", func(t *testing.T, root string) []string {
			install(t, root+"/own/bin", "16.1")
			return []string{"FRAISEQL_POSTGRES_BIN=" + root + "/own"}
		}, false, []string{"give ", "/own/bin"}},
		{"variable: not executable", func(t *testing.T, root string) []string {
			dir := install(t, root+"/own", "16.1")
			if err := os.Chmod(dir+"/postgres", 0o644); err != nil {
				t.Fatal(err)
			}
			return []string{"FRAISEQL_POSTGRES_BIN=" + dir}
		}, false, []string{"no program postgres"}},
		{"variable: another program", func(t *testing.T, root string) []string {
			return []string{"FRAISEQL_POSTGRES_BIN=" + install(t, root+"/own", "of my own")}
		}, false, []string{"names no version", "of my own"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			root := realTempDir(t)
			environ := append([]string{"HOME=" + root}, tt.setup(t, root)...)
			_, err := devpg.FindIn(environ, []string{root + "/usual/*/bin"})
			if err == nil {
				t.Fatal("no error")
			}
			if errors.Is(err, devpg.ErrNotFound) != tt.notFound {
				t.Errorf("errors.Is(%v, ErrNotFound) is not %v", err, tt.notFound)
			}
			for _, part := range tt.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
		})
	}
}

// TestFindDownloaded: what Fetch brought is found without asking for it again.
func TestFindDownloaded(t *testing.T) {
	t.Parallel()
	if isRoot() {
		return // nothing is downloaded for root; the run as an ordinary user covers this
	}
	home := realTempDir(t)
	cache := filepath.Join(home, ".cache")
	want := install(t, filepath.Join(cache, "fraiseql/programs/18.3.0/bin"), "18.3")
	got, err := devpg.FindIn([]string{"HOME=" + home, "XDG_CACHE_HOME=" + cache}, nil)
	if err != nil || got.Source != "download" || got.Dir != want {
		t.Errorf("got %+v, %v; want %s", got, err, want)
	}
}

func TestDefaultDir(t *testing.T) {
	t.Parallel()
	dir, err := devpg.DefaultDir("blog-1.dev_x")
	if err != nil || filepath.Base(dir) != "blog-1.dev_x" || !filepath.IsAbs(dir) {
		t.Errorf("got %q, %v", dir, err)
	}
	if os.Geteuid() == 0 && strings.HasPrefix(dir, os.Getenv("HOME")+"/") {
		t.Errorf("%s is in root's home, which PostgreSQL's user cannot reach", dir)
	}
	for _, name := range []string{"", ".", "..", "a/b", "../x", "a b", strings.Repeat("x", 101)} {
		if dir, err := devpg.DefaultDir(name); err == nil {
			t.Errorf("%q is accepted: %s", name, dir)
		}
	}
}

// TestOwnedByUs: a folder that somebody else prepared, or can write to, must not decide what runs.
func TestOwnedByUs(t *testing.T) {
	t.Parallel()
	root := realTempDir(t)
	dir := filepath.Join(root, "dir")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := devpg.OwnedByUs(dir); err != nil {
		t.Error(err)
	}
	if err := os.Symlink(dir, filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	if err := devpg.OwnedByUs(filepath.Join(root, "link")); err == nil {
		t.Error("a link is accepted")
	}
	if err := os.Chmod(dir, 0o770); err != nil {
		t.Fatal(err)
	}
	if err := devpg.OwnedByUs(dir); err == nil || !strings.Contains(err.Error(), "chmod") {
		t.Errorf("a folder that others can write to: %v", err)
	}
	if os.Geteuid() == 0 {
		if err := errors.Join(os.Chmod(dir, 0o700), os.Chown(dir, 12345, 12345)); err != nil {
			t.Fatal(err)
		}
	} else {
		dir = "/"
	}
	if err := devpg.OwnedByUs(dir); err == nil || !strings.Contains(err.Error(), "belongs to user") {
		t.Errorf("another user's folder: %v", err)
	}
}

// realTempDir is t.TempDir without links in it, since the answers have none.
func realTempDir(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestMakeFolders: the mode is the one that was asked for, whatever the umask says.
func TestMakeFolders(t *testing.T) {
	t.Parallel()
	root := realTempDir(t)
	dir := filepath.Join(root, "a", "b")
	for range 2 {
		if err := devpg.MakeFolders(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{filepath.Join(root, "a"), dir} {
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o777 {
			t.Errorf("%s: %v, %v", dir, info.Mode(), err)
		}
	}
}
