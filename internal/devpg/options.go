package devpg

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"
)

// Options says which server Start starts and where its data lives.
type Options struct {
	// Programs are the programs to run, from Find or Fetch. Required.
	Programs Programs

	// Dir is the absolute folder that belongs to this server: data, password, log and lock. It is made when it does
	// not exist and kept at Stop. DefaultDir gives a good one. Required, unless Ephemeral is set: then an empty Dir
	// means a new temporary folder that Stop removes: in TMPDIR when that is set, else in memory (/dev/shm) when 2 GiB
	// are free there, else in the system's temporary folder.
	Dir string

	// Ephemeral says that the data may be lost: nothing is flushed to the disk, which makes the server fast, and an
	// end of the process stops the server at once.
	Ephemeral bool

	// Fresh deletes the data that is in Dir before the server starts.
	Fresh bool

	// Port is the TCP port to listen on. 0, the default, takes the port of the last start in Dir when that is still
	// free, else any free port.
	Port int

	// Settings are server settings (postgresql.conf) that go before the ones this package chooses; it refuses those
	// that it must own: port, listen_addresses, unix_socket_directories and data_directory.
	Settings map[string]string

	// StartTimeout bounds the start of the server, crash recovery included, but not the creation of its data. Default
	// 60 s.
	StartTimeout time.Duration

	// Logger gets one line for each thing that takes time or was healed. Default slog.Default().
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	o.StartTimeout = cmp.Or(o.StartTimeout, 60*time.Second)
	o.Logger = cmp.Or(o.Logger, slog.Default())
	return o
}

func (o Options) validate() error {
	var faults []error
	if o.Programs.Dir == "" || o.Programs.Major == 0 {
		faults = append(faults, errors.New("Options.Programs is empty: fill it by Find or Fetch"))
	}
	switch {
	case o.Dir == "" && !o.Ephemeral:
		faults = append(faults, errors.New("Options.Dir is empty: give a folder, such as the one of DefaultDir, or set Ephemeral"))
	case o.Dir != "" && !filepath.IsAbs(o.Dir):
		faults = append(faults, fmt.Errorf("Options.Dir %q is relative: give an absolute folder", o.Dir))
	}
	if o.Port < 0 || o.Port > 65535 {
		faults = append(faults, fmt.Errorf("Options.Port is %d: give 0 for any free port, or 1 to 65535", o.Port))
	}
	for _, name := range []string{"port", "listen_addresses", "unix_socket_directories", "data_directory"} {
		if _, ok := o.Settings[name]; ok {
			faults = append(faults, fmt.Errorf("Options.Settings has %s, which the launcher chooses itself: leave it out", name))
		}
	}
	if o.StartTimeout < 0 {
		faults = append(faults, fmt.Errorf("Options.StartTimeout is %v: give 0 for 60s, or a positive duration", o.StartTimeout))
	}
	return errors.Join(faults...)
}

// ErrInUse matches every *InUseError.
var ErrInUse = errors.New("database folder in use")

// InUseError says that another process runs a server from the same folder.
type InUseError struct {
	Dir  string
	PID  int // of the process that holds the folder; 0 when it has not written it yet
	Port int // of that process's server; 0 when it has not started yet
}

func (e *InUseError) Error() string {
	who := "another process"
	if e.PID != 0 {
		who = fmt.Sprintf("process %d", e.PID)
	}
	if e.Port != 0 {
		who += fmt.Sprintf(" (its PostgreSQL listens on port %d)", e.Port)
	}
	return fmt.Sprintf("the database in %s is in use by %s: stop that run first, or choose another folder", e.Dir, who)
}

// Is makes errors.Is(err, ErrInUse) true.
func (e *InUseError) Is(target error) bool { return target == ErrInUse }
