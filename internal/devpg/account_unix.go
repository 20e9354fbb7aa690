//go:build linux || darwin

package devpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// account is the user that PostgreSQL runs as when this process is root; nil means: as this process itself.
type account struct {
	name     string
	uid, gid uint32
}

// serverAccount is nil unless this process is root.
func serverAccount() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		// macOS writes nobody's id as -2; the kernel reads it as the unsigned number.
		uid, uidErr := strconv.ParseInt(u.Uid, 10, 64)
		gid, gidErr := strconv.ParseInt(u.Gid, 10, 64)
		if uidErr == nil && gidErr == nil && uid != 0 {
			return &account{name: name, uid: uint32(uid), gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("PostgreSQL does not run as root, and neither a user postgres nor nobody exists: run this command as an ordinary user")
}

// become makes the command run as the account.
func (a *account) become(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	if a != nil {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
}

// own gives the file to the account.
func (a *account) own(path string) error {
	if a == nil {
		return nil
	}
	return os.Lchown(path, int(a.uid), int(a.gid))
}

// reaches proves that the account can pass every folder down to dir.
func (a *account) reaches(dir string) error {
	if a == nil {
		return nil
	}
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	for parent := dir; ; parent = filepath.Dir(parent) {
		info, err := os.Stat(parent)
		if err != nil {
			return err
		}
		stat, perm := info.Sys().(*syscall.Stat_t), info.Mode().Perm()
		pass := perm&0o001 != 0
		switch {
		case stat.Uid == a.uid:
			pass = perm&0o100 != 0
		case stat.Gid == a.gid:
			pass = perm&0o010 != 0
		}
		if !pass {
			return fmt.Errorf("PostgreSQL runs as user %s, who cannot pass %s (mode %04o): choose a folder elsewhere, or run this command as an ordinary user", a.name, parent, perm)
		}
		if parent == filepath.Dir(parent) {
			return nil
		}
	}
}

// runs proves that the account may execute the programs: root finds some, in its home for one, that others cannot.
func (a *account) runs(ctx context.Context, programs Programs) error {
	if a == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, programs.program("postgres"), "--version")
	cmd.Dir, cmd.WaitDelay = "/", time.Second
	a.become(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return fmt.Errorf("PostgreSQL runs as user %s, who cannot execute %s: %w: %s (install PostgreSQL for all users, or run this command as an ordinary user)",
			a.name, programs.program("postgres"), err, strings.TrimSpace(string(out)))
	}
	return nil
}

func ownerOf(info os.FileInfo) int { return int(info.Sys().(*syscall.Stat_t).Uid) }
