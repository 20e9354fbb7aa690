package pool

import (
	"errors"

	"github.com/jackc/pgx/v5"
)

// copySource keeps a panic of the caller's source of rows, which pgx asks on a goroutine of its own, where nobody could
// recover: it goes on where CopyFrom was called.
type copySource struct {
	pgx.CopyFromSource
	panicked bool
	value    any
}

var errSourcePanicked = errors.New("the source of the rows panicked")

// copyFrom runs a COPY with the rows of src.
func copyFrom(src pgx.CopyFromSource, run func(pgx.CopyFromSource) (int64, error)) (int64, error) {
	if src == nil {
		return run(nil)
	}
	s := &copySource{CopyFromSource: src}
	n, err := run(s) // when it returns, nobody asks the source any more
	if s.panicked {
		panic(s.value)
	}
	return n, err
}

func (s *copySource) Next() (more bool) {
	defer s.keep()
	return s.CopyFromSource.Next()
}

func (s *copySource) Values() (row []any, err error) {
	defer func() {
		if s.panicked {
			err = errSourcePanicked
		}
	}()
	defer s.keep()
	return s.CopyFromSource.Values()
}

func (s *copySource) Err() (err error) {
	if s.panicked {
		return errSourcePanicked
	}
	defer func() {
		if s.panicked {
			err = errSourcePanicked
		}
	}()
	defer s.keep()
	return s.CopyFromSource.Err()
}

func (s *copySource) keep() {
	if v := recover(); v != nil {
		s.panicked, s.value = true, v
	}
}
