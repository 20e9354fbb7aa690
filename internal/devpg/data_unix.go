//go:build linux || darwin

package devpg

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// folder is the place of one server:
//
//	lock        held while a process uses the folder
//	password    of the superuser, readable by the owner only
//	port        of the last start
//	server.log  what the programs print
//	data/       PostgreSQL's own; the only part that belongs to its user when this process is root
type folder struct {
	dir     string
	account *account
}

func (f folder) data() string         { return filepath.Join(f.dir, "data") }
func (f folder) half() string         { return filepath.Join(f.dir, "data.part") }
func (f folder) passwordFile() string { return filepath.Join(f.dir, "password") }
func (f folder) portFile() string     { return filepath.Join(f.dir, "port") }
func (f folder) logFile() string      { return filepath.Join(f.dir, "server.log") }

// prepare makes the folder and proves that nobody else can change it and that the server can reach it.
func (f folder) prepare() error {
	perm := os.FileMode(0o700)
	if f.account != nil {
		perm = 0o711
	}
	if err := makeFolders(f.dir, perm); err != nil {
		return err
	}
	if err := ownedByUs(f.dir); err != nil {
		return err
	}
	return f.account.reaches(f.dir)
}

// makeFolders is os.MkdirAll with exactly this mode: the umask may take the right to pass from the server's user.
func makeFolders(dir string, perm os.FileMode) error {
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := makeFolders(filepath.Dir(dir), perm); err != nil {
		return err
	}
	if err := os.Mkdir(dir, perm); err != nil {
		if errors.Is(err, os.ErrExist) {
			return nil // another process was faster
		}
		return err
	}
	return os.Chmod(dir, perm)
}

// major is the major version that made the data, "" when there is none.
func (f folder) major() (string, error) {
	text, err := readForeign(filepath.Join(f.data(), "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(string(text)), err
}

// ensureData makes the data when there is none, and refuses data that these programs cannot read.
func (f folder) ensureData(ctx context.Context, o Options) error {
	if o.Fresh {
		if err := f.known(); err != nil {
			return err
		}
		if err := os.RemoveAll(f.data()); err != nil {
			return fmt.Errorf("delete the old data: %w", err)
		}
	}
	switch made, err := f.major(); {
	case err != nil:
		return err
	case made == "":
		if _, err := os.Lstat(f.data()); err == nil {
			return fmt.Errorf("%s is there but holds no database: move it away, or choose another folder", f.data())
		}
		return f.create(ctx, o)
	case made != strconv.Itoa(o.Programs.Major):
		return fmt.Errorf("the data in %s was made by PostgreSQL %s, and the programs in %s are version %s: set %s to the programs of PostgreSQL %s, or start with --fresh, which deletes that data",
			f.dir, made, o.Programs.Dir, o.Programs.Version, BinVariable, made)
	}
	return nil
}

// known refuses to delete what no server has made: a folder of the user's own that happens to be named data.
func (f folder) known() error {
	made, err := f.major()
	if err != nil || made != "" {
		return err
	}
	if _, err := os.Lstat(f.passwordFile()); err == nil {
		return nil // the password is written before the data gets its name
	}
	if entries, err := os.ReadDir(f.data()); err == nil && len(entries) == 0 {
		return nil
	}
	if _, err := os.Lstat(f.data()); err == nil {
		return fmt.Errorf("%s is there but holds no database, so it is not deleted: move it away, or choose another folder", f.data())
	}
	return nil
}

// create runs initdb beside the data's final name, so that an interrupted run leaves nothing that looks whole.
func (f folder) create(ctx context.Context, o Options) error {
	o.Logger.Info("creating a PostgreSQL data folder", "dir", f.dir, "version", o.Programs.Version)
	password := rand.Text()
	given := filepath.Join(f.dir, "initdb.password")
	defer os.Remove(given) //nolint:errcheck // gone already when writing it went wrong
	if err := writePrivate(given, password+"\n"); err != nil {
		return err
	}
	if err := f.account.own(given); err != nil {
		return err
	}
	var faults []error
	for _, locale := range locales(o.Programs.Major) {
		args := append([]string{
			"--pgdata=" + f.half(), "--username=postgres", "--auth=scram-sha-256", "--pwfile=" + given,
			"--encoding=UTF8", "--no-instructions",
		}, locale...)
		if o.Ephemeral {
			args = append(args, "--no-sync")
		}
		if err := f.initdb(ctx, o.Programs, args); err != nil {
			faults = append(faults, fmt.Errorf("initdb %s: %w", strings.Join(locale, " "), err))
			if ctx.Err() != nil {
				break
			}
			continue
		}
		if err := writePrivate(f.passwordFile(), password+"\n"); err != nil {
			return err
		}
		return os.Rename(f.half(), f.data())
	}
	return errors.Join(errors.Join(faults...), os.RemoveAll(f.half()))
}

// locales lists initdb's locale options, the best first. They give the same sort order, by code point, everywhere:
// C.UTF-8 where the system or PostgreSQL itself has it, plain C (without upper case beyond ASCII) where neither has.
func locales(major int) [][]string {
	if major >= 17 {
		return [][]string{{"--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"}, {"--locale=C"}}
	}
	return [][]string{{"--locale=C.UTF-8"}, {"--locale=C"}}
}

func (f folder) initdb(ctx context.Context, programs Programs, args []string) error {
	if err := os.RemoveAll(f.half()); err != nil {
		return err
	}
	// initdb accepts an empty folder, and could not make one here itself when it runs as another user.
	if err := os.Mkdir(f.half(), 0o700); err != nil {
		return err
	}
	if err := f.account.own(f.half()); err != nil {
		return err
	}
	log, err := openLog(f.logFile())
	if err != nil {
		return err
	}
	defer log.close()
	cmd := exec.CommandContext(ctx, programs.program("initdb"), args...)
	f.dress(cmd, log)
	// The whole group, so that the server that initdb feeds ends with it.
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	dieWithUs(cmd.SysProcAttr, syscall.SIGKILL)
	runtime.LockOSThread() // see dieWithUs
	defer runtime.UnlockOSThread()
	if err := cmd.Run(); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return fmt.Errorf("%w: %s", err, log.tail())
	}
	return nil
}

// dress gives the command what every program of PostgreSQL gets here: its user, its own process group (Ctrl-C in a
// terminal must not reach it), a folder that it can read, an environment without the user's PG* variables and
// locale, and the log.
func (f folder) dress(cmd *exec.Cmd, log *logWriter) {
	cmd.Dir = f.dir
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return strings.HasPrefix(name, "PG") || strings.HasPrefix(name, "LC_") || name == "LANG" || name == "LANGUAGE" || name == "PWD"
	}), "LC_ALL=C", "PWD="+f.dir)
	cmd.Stdout, cmd.Stderr = log.file, log.file
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	f.account.become(cmd)
}

func (f folder) password() (string, error) {
	text, err := os.ReadFile(f.passwordFile())
	if err != nil {
		return "", fmt.Errorf("the password of the database is gone: %w: put the file back, or start with --fresh, which deletes the data", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// lastPort is the port of the last start, 0 when there is none.
func (f folder) lastPort() int {
	text, err := os.ReadFile(f.portFile())
	if err != nil {
		return 0
	}
	port, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || port < 1 || port > 65535 {
		return 0
	}
	return port
}

func writePrivate(path, text string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o600)
}
