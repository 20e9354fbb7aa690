package pool

import (
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5/pgconn"
)

// during gives a statement without arguments that was under way when its connection was lost an error that says so. pgx
// reports there that the connection was closed already, and so that the statement may be sent again without harm: but it
// may have run. open tells whether the connection was open before the statement.
func during(open bool, err error) error {
	if !open || !errors.Is(err, pgconn.ErrConnClosed) {
		return err
	}
	return fmt.Errorf("the connection was lost while the statement ran: %w", io.ErrUnexpectedEOF)
}

func (s *slot) isOpen() bool { return !s.pg.IsClosed() }
