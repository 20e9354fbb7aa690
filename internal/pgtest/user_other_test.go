//go:build !linux && !darwin

package pgtest_test

import "os/exec"

func asUser(*exec.Cmd, int, int) {}

func installed() bool { return false }
