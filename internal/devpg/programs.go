package devpg

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MinMajor is the oldest major version of PostgreSQL that is accepted.
const MinMajor = 14

// BinVariable is the environment variable that names the folder of PostgreSQL's programs. It goes before everything
// else: when it is set, no other place is searched.
const BinVariable = "FRAISEQL_POSTGRES_BIN"

// versionTimeout bounds `postgres --version`, which answers in milliseconds unless the program is broken.
const versionTimeout = 10 * time.Second

var (
	// ErrNotFound says that this machine has no usable PostgreSQL programs; Fetch can download them.
	ErrNotFound = errors.New("no local PostgreSQL found")

	// ErrUnsupported says that this operating system cannot run a server from here (Windows).
	ErrUnsupported = errors.New("starting a local PostgreSQL is supported on Linux and macOS only: start one yourself and give its address in FRAISEQL_DATABASE_URL")
)

// VariableError says that FRAISEQL_POSTGRES_BIN is set, and its folder has no programs that can be used.
type VariableError struct {
	Dir string
	Err error
}

func (e *VariableError) Error() string { return fmt.Sprintf("%s=%s: %v", BinVariable, e.Dir, e.Err) }

func (e *VariableError) Unwrap() error { return e.Err }

// Programs is one installation of PostgreSQL's server programs.
type Programs struct {
	Dir     string // absolute folder that holds initdb, postgres and pg_ctl
	Version string // as the program prints it: "15.13", "18beta1"
	Major   int    // 15
	Source  string // where it was found: a variable's name, "PATH", "usual folder" or "download"
}

func (p Programs) program(name string) string {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(p.Dir, name)
}

// Find looks for PostgreSQL's server programs: in the folder that FRAISEQL_POSTGRES_BIN names, else along PATH, else
// in the folders that packages use, newest version first, else among what Fetch downloaded earlier. environ has the
// form of os.Environ. A FRAISEQL_POSTGRES_BIN that is set but wrong is a *VariableError, never passed over. When nothing
// usable is there, the error matches ErrNotFound and names what was too old.
func Find(environ []string) (Programs, error) {
	return findIn(environ, usualFolders())
}

func findIn(environ, globs []string) (Programs, error) {
	if dir := lookup(environ, BinVariable); dir != "" {
		programs, err := inspect(dir, BinVariable)
		if err != nil {
			return Programs{}, &VariableError{Dir: dir, Err: err}
		}
		return programs, nil
	}
	var unusable []error
	tried := make(map[string]bool)
	try := func(dir, source string) (Programs, bool) {
		if tried[dir] {
			return Programs{}, false
		}
		tried[dir] = true
		programs, err := inspect(dir, source)
		if err != nil {
			unusable = append(unusable, err)
		}
		return programs, err == nil
	}
	for _, dir := range pathFolders(environ) {
		if programs, ok := try(dir, "PATH"); ok {
			return programs, nil
		}
	}
	if home := lookup(environ, "HOME"); home != "" {
		globs = append(slices.Clone(globs), filepath.Join(home, ".nix-profile", "bin"))
	}
	for _, pattern := range globs {
		for _, dir := range newestFirst(pattern) {
			if !complete(dir) {
				continue
			}
			if programs, ok := try(dir, "usual folder"); ok {
				return programs, nil
			}
		}
	}
	for _, folder := range downloadFolders(environ) {
		for _, dir := range newestFirst(filepath.Join(folder, "*", "bin")) {
			if programs, ok := try(dir, "download"); ok {
				return programs, nil
			}
		}
	}
	if len(unusable) > 0 {
		return Programs{}, fmt.Errorf("%w: %w", ErrNotFound, errors.Join(unusable...))
	}
	return Programs{}, fmt.Errorf("%w (searched PATH and the usual folders)", ErrNotFound)
}

// pathFolders lists the folders along PATH that lead to a whole installation. A package often puts only links into
// PATH, so the folder behind a link goes before the folder of the link itself. Relative entries are left out, as
// os/exec leaves them out.
func pathFolders(environ []string) []string {
	var dirs []string
	for _, entry := range filepath.SplitList(lookup(environ, "PATH")) {
		if !filepath.IsAbs(entry) {
			continue
		}
		for _, name := range []string{"postgres", "pg_ctl", "initdb"} {
			target, err := filepath.EvalSymlinks(Programs{Dir: entry}.program(name))
			if err != nil {
				continue
			}
			for _, dir := range []string{filepath.Dir(target), filepath.Clean(entry)} {
				if complete(dir) && !slices.Contains(dirs, dir) {
					dirs = append(dirs, dir)
				}
			}
		}
	}
	return dirs
}

func usualFolders() []string {
	return []string{
		"/usr/lib/postgresql/*/bin",   // Debian, Ubuntu
		"/usr/pgsql-*/bin",            // PGDG packages for Red Hat, Fedora, SUSE
		"/usr/lib/postgresql*/bin",    // SUSE
		"/usr/libexec/postgresql*",    // Alpine
		"/usr/lib64/postgresql-*/bin", // Gentoo
		"/opt/homebrew/opt/postgresql*/bin",
		"/usr/local/opt/postgresql*/bin",
		"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
		"/Applications/Postgres.app/Contents/Versions/*/bin",
		"/Library/PostgreSQL/*/bin",      // EDB's installer
		"/opt/local/lib/postgresql*/bin", // MacPorts
		"/usr/local/pgsql*/bin",          // built from source
		"/opt/postgresql*/bin",
		"/run/current-system/sw/bin",
		"/nix/var/nix/profiles/default/bin",
	}
}

var number = regexp.MustCompile(`\d+`)

// newestFirst lists the folders that match the pattern, the highest version in the path first: 16 before 9.6.
func newestFirst(pattern string) []string {
	dirs, err := filepath.Glob(pattern)
	if err != nil {
		return nil // only a malformed pattern, and ours are constants
	}
	slices.SortStableFunc(dirs, func(a, b string) int {
		return slices.CompareFunc(number.FindAllString(b, -1), number.FindAllString(a, -1), func(x, y string) int {
			return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y))
		})
	})
	return dirs
}

func complete(dir string) bool { return missing(dir) == nil }

// missing names the programs that the folder lacks.
func missing(dir string) []string {
	var names []string
	for _, name := range []string{"initdb", "postgres", "pg_ctl"} {
		info, err := os.Stat(Programs{Dir: dir}.program(name))
		if err != nil || info.IsDir() || (runtime.GOOS != "windows" && info.Mode()&0o111 == 0) {
			names = append(names, name)
		}
	}
	return names
}

var versionLine = regexp.MustCompile(`\) (\d+)(\S*)`)

// inspect proves that the folder holds a whole installation of a version that is new enough.
func inspect(dir, source string) (Programs, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Programs{}, fmt.Errorf("make the folder absolute: %w", err)
	}
	if info, err := os.Stat(dir); err != nil {
		return Programs{}, fmt.Errorf("the folder cannot be read: %w", err)
	} else if !info.IsDir() {
		return Programs{}, fmt.Errorf("this is a file: give the folder that holds initdb, postgres and pg_ctl, such as %s", filepath.Dir(dir))
	}
	if names := missing(dir); names != nil {
		if inner := filepath.Join(dir, "bin"); complete(inner) {
			return Programs{}, fmt.Errorf("the programs are one folder deeper: give %s", inner)
		}
		return Programs{}, fmt.Errorf("the folder has no program %s: give the folder that holds initdb, postgres and pg_ctl", strings.Join(names, ", "))
	}
	ctx, cancel := context.WithTimeout(context.Background(), versionTimeout)
	defer cancel()
	programs := Programs{Dir: dir, Source: source}
	var out, errOut bytes.Buffer
	cmd := exec.CommandContext(ctx, programs.program("postgres"), "--version")
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &errOut, time.Second
	if err := cmd.Run(); err != nil {
		return Programs{}, fmt.Errorf("%s --version: %w: %s", programs.program("postgres"), err, strings.TrimSpace(errOut.String()))
	}
	match := versionLine.FindStringSubmatch(out.String())
	if match == nil {
		return Programs{}, fmt.Errorf("%s --version answered %q, which names no version", programs.program("postgres"), strings.TrimSpace(out.String()))
	}
	programs.Version = match[1] + match[2]
	if programs.Major, err = strconv.Atoi(match[1]); err != nil {
		return Programs{}, fmt.Errorf("version %q: %w", programs.Version, err)
	}
	if programs.Major < MinMajor {
		return Programs{}, fmt.Errorf("%s holds PostgreSQL %s: version %d or newer is needed", dir, programs.Version, MinMajor)
	}
	return programs, nil
}

// lookup is the last value of the variable in environ, as os/exec reads it; unset is "".
func lookup(environ []string, name string) string {
	for _, entry := range slices.Backward(environ) {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}
