//go:build linux

package devpg

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
)

// dieWithUs makes the kernel send the signal to the child when this process ends, however it ends. The kernel
// watches the thread that started the child, so that one must live as long as the child: the caller locks it.
func dieWithUs(attr *syscall.SysProcAttr, signal syscall.Signal) { attr.Pdeathsig = signal }

// guard has nothing to add to dieWithUs here.
func guard(int, syscall.Signal) (stop func(), err error) { return func() {}, nil }

// isPostmaster tells whether the process is the server of this data folder: a postmaster's current folder is its
// data. A number from an old file may meanwhile be another process's.
func isPostmaster(pid int, data string) bool {
	cwd, err := os.Stat(fmt.Sprintf("/proc/%d/cwd", pid))
	if err != nil {
		return false
	}
	own, err := os.Stat(data)
	if err != nil || !os.SameFile(cwd, own) {
		return false
	}
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return err == nil && bytes.HasPrefix(name, []byte("postgres"))
}
