package execute

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/pool"
)

// explain turns what PostgreSQL, the pool or a context said into an error for the client. The
// cause stays inside for the log.
func explain(ctx context.Context, err error) *fault.Error {
	var known *fault.Error
	if errors.As(err, &known) {
		return known
	}
	var acquire *pool.AcquireError
	if errors.As(err, &acquire) {
		return explainAcquire(acquire)
	}
	if ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return fault.Wrap(err, fault.DeadlineExceeded, "the request's own deadline passed, or its client went away")
	}
	var pg *pgconn.PgError
	if errors.Is(err, errLost) || !errors.As(err, &pg) {
		f := fault.Wrap(err, fault.DatabaseError, "the connection to the database was lost: send the request again")
		f.RetryAfter = time.Second
		return f
	}
	return explainState(pg)
}

func explainState(pg *pgconn.PgError) *fault.Error {
	wrap := func(code fault.Code, message string) *fault.Error { return fault.Wrap(pg, code, "%s", message) }
	if text := textOfState(pg.Code); text != "" {
		return wrap(codeOfState(pg.Code), text)
	}
	if what := unread(pg); what != "" {
		return wrap(fault.BadUserInput, "the database could not read "+what)
	}
	return wrap(fault.DatabaseError, "the database refused the statement")
}

// codeOfState gives the code of an SQLSTATE; DATABASE_ERROR for those of which nothing is known.
// Source: PostgreSQL documentation, appendix A.
func codeOfState(state string) fault.Code {
	switch state {
	case "23505", "23503", "23P01", "23001", "55P03":
		return fault.Conflict
	case "23514", "23502", "22P02", "22003", "22007", "22008", "22021", "22001", "22004", "22P05", "2201B", "22025", "44000":
		return fault.BadUserInput
	case "42501", "28000":
		return fault.Forbidden
	case "P0002":
		return fault.NotFound
	case "25006":
		return fault.ReadOnly
	case "57014":
		return fault.StatementTimeout
	case "40001", "40P01":
		return fault.SerializationFailure
	}
	return fault.DatabaseError
}

// ofServer tells an SQLSTATE by which PostgreSQL speaks of its own trouble: a connection, its resources and limits, an operator,
// the system, its configuration, a foreign server, an internal fault. A function that raises one passes on what it caught.
// Source: PostgreSQL documentation, appendix A.
func ofServer(state string) bool {
	switch state[:min(2, len(state))] {
	case "08", "53", "54", "57", "58", "F0", "HV", "XX":
		return true
	}
	return false
}

// textOfState tells what an SQLSTATE means to a client; empty for those of which nothing is known.
func textOfState(state string) string {
	switch state {
	case "P0002":
		return "what this needs is not there"
	case "23505":
		return "another one has this value already: choose another"
	case "23503":
		return "this refers to something that is not there, or something else still refers to it"
	case "23001":
		return "something else still refers to this"
	case "23P01":
		return "this overlaps with something that is there already"
	case "23514", "44000":
		return "a value breaks a rule of the database"
	case "23502", "22004":
		return "a value is missing that must not be null"
	case "55P03":
		return "somebody else is changing this: try again"
	case "25006":
		return "a query tried to write: queries are read-only"
	case "57014":
		return "the database stopped the statement at its time limit: ask for less"
	case "42501":
		return "the database does not allow this role to read that"
	case "40001", "40P01":
		return "the transaction lost against another one: send the operation again"
	case "22003":
		return "a number is out of the range of the type that it stands for"
	case "22001":
		return "a text is too long for its place"
	case "22P02", "22007", "22008", "22021", "22P05":
		return "the database could not read a value as the type it stands for"
	case "2201B":
		return "the database could not read a regular expression: correct its parentheses, brackets and repetitions"
	case "22025":
		return "a LIKE pattern ends with its escape character: write \\\\ for a backslash, or use contains, startsWith or endsWith"
	}
	return ""
}

// unread names what a client sent in a language of its own that PostgreSQL could not read, or
// is empty. Their states are those of faults in a statement, or of no particular kind; the file
// of PostgreSQL's source that found the fault tells them apart.
func unread(pg *pgconn.PgError) string {
	switch pg.File {
	case "ltree_io.c":
		return "a path or an lquery: write labels of letters, digits and _ joined by dots, as in top.*.physics"
	case "ltxtquery_io.c":
		return "an ltxtquery: write labels joined by & | and !, as in science & !history"
	case "tsquery.c", "tsvector_parser.c": // the latter reads its words
		return "a full-text query: write words joined by & | ! and <->, or use plainQuery or websearchQuery"
	case "jsonpath.c", "jsonpath_gram.y", "jsonpath_gram.c", "jsonpath_scan.l", "jsonpath_scan.c", "jsonpath_internal.h":
		return "an SQL/JSON path: write one such as $.items[*].price"
	case "rangetypes.c":
		if pg.Code == "22000" {
			return "a range: its lower bound must not be greater than its upper bound"
		}
	}
	return ""
}

func explainAcquire(e *pool.AcquireError) *fault.Error {
	code, message := fault.Internal, "no database connection could be borrowed"
	switch {
	case errors.Is(e, pool.ErrTimeout):
		code, message = fault.PoolTimeout, "no database connection became free in time: try again, or ask the operator to raise the pool's size"
	case errors.Is(e, pool.ErrSaturated), errors.Is(e, pool.ErrQueueFull), errors.Is(e, pool.ErrShed):
		code, message = fault.PoolSaturated, "every database connection is in use: try again, or ask the operator to raise the pool's size"
	case errors.Is(e, pool.ErrUnavailable):
		code, message = fault.PoolUnavailable, "the database cannot be reached: try again later; the operator finds the reason at /ready"
	case errors.Is(e, pool.ErrClosed):
		code, message = fault.ShuttingDown, "the server is stopping: send the request again"
	case errors.Is(e, context.DeadlineExceeded), errors.Is(e, context.Canceled):
		code, message = fault.DeadlineExceeded, "the request's own deadline passed before a database connection was free: give it more time, or try again when there is less to do"
	}
	f := fault.Wrap(e, code, "%s", message)
	if fault.Lookup(code).Status == http.StatusServiceUnavailable {
		f.RetryAfter = e.RetryAfter()
	}
	return f
}

// changed tells whether a statement failed because what it was planned for has changed: then
// it may be parsed again and sent once more.
// Source: PostgreSQL documentation, appendix A: feature_not_supported is what "cached plan must
// not change result type" comes as, invalid_sql_statement_name an unknown prepared statement, and
// internal_error a type of a parameter that was dropped since, even when another one has its name
// now. Texts of internal errors are not translated.
func changed(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	switch pg.Code {
	case "26000":
		return true
	case "0A000":
		return pg.Routine == "RevalidateCachedQuery"
	}
	return pg.Code == "XX000" && strings.HasPrefix(pg.Message, "cache lookup failed for type ")
}
