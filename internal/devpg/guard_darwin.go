//go:build darwin

package devpg

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// dieWithUs cannot be had from this kernel; guard does the work.
func dieWithUs(*syscall.SysProcAttr, syscall.Signal) {}

func guard(pid int, signal syscall.Signal) (stop func(), err error) { return watchdog(pid, signal) }

// isPostmaster tells whether the process is the server of this data folder, which stands in its command line. A
// number from an old file may meanwhile be another process's.
func isPostmaster(pid int, data string) bool {
	out, err := exec.Command("/bin/ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.Contains(string(out), "postgres") && strings.Contains(string(out), data)
}
