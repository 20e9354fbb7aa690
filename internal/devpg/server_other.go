//go:build !linux && !darwin

package devpg

import (
	"context"
	"log/slog"
	"os"
)

func lockDownloads(context.Context, string) (unlock func() error, err error) {
	return nil, ErrUnsupported
}

func healData(context.Context, string, *slog.Logger) error { return ErrUnsupported }

// Server is a running PostgreSQL; this operating system cannot have one from here.
type Server struct{}

// Start answers ErrUnsupported.
func Start(context.Context, Options) (*Server, error) { return nil, ErrUnsupported }

// TempDir answers ErrUnsupported.
func TempDir() (string, error) { return "", ErrUnsupported }

func ownerOf(os.FileInfo) int { return os.Geteuid() }

// URL is empty.
func (*Server) URL(string) string { return "" }

// Port is 0.
func (*Server) Port() int { return 0 }

// Dir is empty.
func (*Server) Dir() string { return "" }

// LogFile is empty.
func (*Server) LogFile() string { return "" }

// Version is empty.
func (*Server) Version() string { return "" }

// PID is 0.
func (*Server) PID() int { return 0 }

// Done is nil.
func (*Server) Done() <-chan struct{} { return nil }

// Signal answers ErrUnsupported.
func (*Server) Signal(os.Signal) error { return ErrUnsupported }

// Stop has nothing to stop.
func (*Server) Stop(context.Context) error { return nil }
