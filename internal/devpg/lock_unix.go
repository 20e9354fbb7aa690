//go:build linux || darwin

package devpg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// deathWait bounds the wait for the lock of a process that has been killed.
const deathWait = 5 * time.Second

// folderLock holds a server's folder. The kernel drops it with the process, however that ends, so there is nothing
// to heal after a crash.
type folderLock struct {
	file *os.File
}

// lockFolder takes the lock of the folder, or answers *InUseError at once.
func lockFolder(dir string) (*folderLock, error) {
	path := filepath.Join(dir, "lock")
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	lock, err := takeLock(file, dir)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if err := lock.note(0); err != nil {
		return nil, errors.Join(err, lock.release())
	}
	return lock, nil
}

// lockAfterDeath is lockFolder for a run that may follow a killed one at once: as long as the
// holder is a process that is gone, the kernel is about to drop its lock.
func lockAfterDeath(ctx context.Context, dir string) (*folderLock, error) {
	ctx, cancel := context.WithTimeout(ctx, deathWait)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		lock, err := lockFolder(dir)
		var used *InUseError
		if !errors.As(err, &used) || used.PID == 0 || !errors.Is(syscall.Kill(used.PID, 0), syscall.ESRCH) {
			return lock, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, err
		}
	}
}

func takeLock(file *os.File, dir string) (*folderLock, error) {
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock %s: %w", file.Name(), err)
		}
		holder := &InUseError{Dir: dir}
		holder.PID, holder.Port = readNote(file)
		return nil, holder
	}
	// Between opening and locking, whoever had the lock may have removed the folder: then this locks nothing.
	held, heldErr := file.Stat()
	named, namedErr := os.Lstat(file.Name())
	if err := errors.Join(heldErr, namedErr); err != nil {
		return nil, err
	}
	if !os.SameFile(held, named) {
		return nil, &InUseError{Dir: dir}
	}
	return &folderLock{file: file}, nil
}

// note writes who holds the folder, for those who find it locked.
func (l *folderLock) note(port int) error {
	var text bytes.Buffer
	fmt.Fprintf(&text, "pid %d\nport %d\n", os.Getpid(), port)
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	_, err := l.file.WriteAt(text.Bytes(), 0)
	return err
}

// readNote reads what note wrote; what is missing is 0.
func readNote(file *os.File) (pid, port int) {
	text, err := io.ReadAll(io.NewSectionReader(file, 0, 200))
	if err != nil {
		return 0, 0
	}
	if _, err := fmt.Sscanf(string(text), "pid %d\nport %d\n", &pid, &port); err != nil {
		return 0, 0
	}
	return pid, port
}

// release unlocks before it closes: a child of this process that is just being started holds a copy of the
// descriptor until it executes its program, and the lock with it.
func (l *folderLock) release() error {
	return errors.Join(syscall.Flock(int(l.file.Fd()), syscall.LOCK_UN), l.file.Close())
}
