package pool

import (
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A statement that pgx has prepared on a connection cannot be run any more when the columns of its result have changed
// since, by DDL, or when a type of its parameters was dropped, though another one may have its name now. PostgreSQL then fails it before it does anything, and pgx forgets it: sent once more it is prepared anew.
// That is done here, so that the caller does not notice, but only outside a transaction, which such an error ends, and
// only for single statements: the answers of a batch may be in the caller's hands before the one that fails.

// stalePlan tells whether err is of that kind, outside a transaction and while the lease lasts.
// Source: PostgreSQL documentation, appendix A: feature_not_supported is what "cached plan must not change result type"
// comes as, internal_error what a type that is gone does; texts of internal errors are not translated.
func (c Conn) stalePlan(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == codeNotSupported && e.Routine == "RevalidateCachedQuery" ||
		e.Code == codeInternal && strings.HasPrefix(e.Message, "cache lookup failed for type ")) &&
		c.live() && c.s.pg.TxStatus() == 'I'
}

// replanRows are rows whose query is sent once more in that case. Nothing was read from them by then.
type replanRows struct {
	pgx.Rows
	c     Conn
	again func() (pgx.Rows, error) // nil when it was sent twice, or gave a row
}

// retry sends the query once more if its end is of that kind; the error of that is in the rows.
func (r *replanRows) retry() bool {
	again := r.again
	r.again = nil
	if again == nil || !r.c.stalePlan(r.Rows.Err()) {
		return false
	}
	r.Rows, _ = again()
	return true
}

func (r *replanRows) Next() bool {
	for !r.Rows.Next() {
		if !r.retry() {
			return false
		}
	}
	r.again = nil
	return true
}

func (r *replanRows) Close() {
	r.Rows.Close()
	if r.retry() {
		r.Rows.Close()
	}
}

// replanRow is such a row.
type replanRow struct {
	row   pgx.Row
	c     Conn
	again func() pgx.Row
}

func (r replanRow) Scan(dest ...any) error {
	err := r.row.Scan(dest...)
	if r.c.stalePlan(err) {
		err = r.again().Scan(dest...)
	}
	return err
}
