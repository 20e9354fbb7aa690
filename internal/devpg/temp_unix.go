//go:build linux || darwin

package devpg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

func tempPattern() string { return fmt.Sprintf("fraiseql-pg-%d-", os.Geteuid()) }

// TempDir makes a new temporary folder that Start accepts as Dir. The caller removes it (os.RemoveAll); what a
// killed process leaves is removed by a later Start of an ephemeral server.
func TempDir() (string, error) {
	account, err := serverAccount()
	if err != nil {
		return "", err
	}
	return makeTemp(account)
}

// unlockedAge is how old a folder without a lock is when nobody is making it any more: that takes milliseconds.
const unlockedAge = time.Hour

// minMemoryBytes is how much memory must be free for data to be kept there.
const minMemoryBytes = 2 << 30

// tempBases lists the folders for temporary servers, the best first: TMPDIR when it is set; else memory, where making a
// database takes a tenth of the time, when there is plenty; else the system's folder. The server's user reaches all.
func tempBases(account *account) []string {
	var bases []string
	if os.Getenv("TMPDIR") == "" && freeBytes("/dev/shm") >= minMemoryBytes {
		bases = append(bases, "/dev/shm")
	}
	bases = append(bases, os.TempDir(), "/var/tmp")
	return slices.DeleteFunc(bases, func(base string) bool { return account.reaches(base) != nil })
}

// freeBytes is the space in a folder that this user can write to, 0 when it cannot.
func freeBytes(dir string) uint64 {
	const writable = 2 // W_OK
	var stat syscall.Statfs_t
	if syscall.Access(dir, writable) != nil || syscall.Statfs(dir, &stat) != nil {
		return 0
	}
	return stat.Bavail * uint64(stat.Bsize)
}

func makeTemp(account *account) (string, error) {
	bases := tempBases(account)
	if len(bases) == 0 {
		return "", fmt.Errorf("user %s, who PostgreSQL runs as, can pass neither %s nor /var/tmp: set TMPDIR to a folder that everybody can pass", account.name, os.TempDir())
	}
	dir, err := os.MkdirTemp(bases[0], tempPattern()+"*")
	if err != nil {
		return "", err
	}
	if account != nil {
		if err := os.Chmod(dir, 0o711); err != nil {
			return "", err
		}
	}
	// The lock's note tells a sweep that the owner lives, even while the owner's server is stopped.
	lock, err := lockFolder(dir)
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return dir, lock.release()
}

// sweepTemp removes the temporary folders of this user's processes that were killed. It is a courtesy: what it cannot
// remove stays for the next one.
func sweepTemp(ctx context.Context, account *account, log *slog.Logger) {
	for _, base := range tempBases(account) {
		dirs, err := filepath.Glob(filepath.Join(base, tempPattern()+"*"))
		if err != nil {
			continue
		}
		for _, dir := range dirs {
			if err := sweepOne(ctx, dir, log); err != nil {
				log.Debug("a temporary database folder stays", "dir", dir, "reason", err)
			}
		}
	}
}

func sweepOne(ctx context.Context, dir string, log *slog.Logger) error {
	if err := ownedByUs(dir); err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, os.ErrNotExist) {
		info, statErr := os.Lstat(dir)
		if statErr != nil || time.Since(info.ModTime()) < unlockedAge {
			return errors.New("it is just being made, or just being removed")
		}
		return os.RemoveAll(dir)
	}
	if err != nil {
		return err
	}
	lock, err := takeLock(file, dir)
	if err != nil {
		return errors.Join(err, file.Close())
	}
	pid, _ := readNote(file)
	if pid == 0 || !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return errors.Join(errors.New("its owner lives"), lock.release())
	}
	err = healData(ctx, filepath.Join(dir, "data"), log)
	if err == nil {
		err = os.RemoveAll(dir)
	}
	return errors.Join(err, lock.release())
}
