//go:build linux || darwin

package devpg

import (
	"os"
	"os/exec"
	"syscall"
)

// Watchdog is what ends the server on systems without a parent-death signal.
func Watchdog(pid int, signal syscall.Signal) (stop func(), err error) { return watchdog(pid, signal) }

// AsServer makes the command run as the user that servers run as.
func AsServer(cmd *exec.Cmd) error {
	account, err := serverAccount()
	if err == nil {
		account.become(cmd)
	}
	return err
}

// IsPostmaster tells whether the process is the server of the data folder.
func IsPostmaster(pid int, data string) bool { return isPostmaster(pid, data) }

// MakeFolders makes a folder and its parents.
func MakeFolders(dir string, perm os.FileMode) error { return makeFolders(dir, perm) }
