//go:build linux || darwin

package pgtest_test

import (
	"os/exec"
	"syscall"

	"github.com/fraiseql/fraiseql-go/internal/devpg"
)

func asUser(cmd *exec.Cmd, uid, gid int) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}

// installed tells whether PostgreSQL is found without PATH.
func installed() bool {
	_, err := devpg.Find(nil)
	return err == nil
}
