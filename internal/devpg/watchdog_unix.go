//go:build linux || darwin

package devpg

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// watchdog runs a shell that waits for the end of this process, which closes the pipe between them, and then sends
// the signal to the server. For kernels that have nothing better. stop ends the shell and waits for it.
func watchdog(pid int, signal syscall.Signal) (stop func(), err error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("watchdog: %w", err)
	}
	const script = `read -r word <&3; [ "$word" = stop ] || kill -"$2" "$1"`
	cmd := exec.Command("/bin/sh", "-c", script, "sh", strconv.Itoa(pid), strconv.Itoa(int(signal)))
	cmd.ExtraFiles = []*os.File{read}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C meant for us must not end it
	err = cmd.Start()
	closeErr := read.Close()
	if err != nil {
		return nil, fmt.Errorf("watchdog: %w", errors.Join(err, write.Close(), closeErr))
	}
	return func() {
		_, _ = write.WriteString("stop\n")
		_ = write.Close()
		_ = cmd.Wait()
	}, nil
}
