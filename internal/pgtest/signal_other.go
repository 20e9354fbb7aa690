//go:build !linux && !darwin

package pgtest

import (
	"os"

	"github.com/fraiseql/fraiseql-go/internal/devpg"
)

// No server starts on this operating system, so none of these is reached.
var (
	sigFast      = os.Interrupt
	sigImmediate = os.Kill
)

func hold(int) error              { return devpg.ErrUnsupported }
func release(int) error           { return devpg.ErrUnsupported }
func kill(int) error              { return devpg.ErrUnsupported }
func children(int) ([]int, error) { return nil, devpg.ErrUnsupported }
