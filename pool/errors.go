package pool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// The reasons why no connection was lent, matched by errors.Is on the error of Acquire.
var (
	// ErrTimeout: Options.Timeout passed before a connection was usable.
	ErrTimeout = errors.New("no connection within the limit")
	// ErrSaturated: no connection is idle and the pool is told not to wait.
	ErrSaturated = errors.New("no connection is free")
	// ErrQueueFull: Options.MaxWaiting callers wait already.
	ErrQueueFull = errors.New("too many callers wait for a connection")
	// ErrShed: the pool is overloaded, and the caller would have waited, or has waited, longer than Options.ShedTarget; or
	// it would have waited beyond its own deadline.
	ErrShed = errors.New("the pool is overloaded")
	// ErrUnavailable: the database cannot be reached or refuses the pool.
	ErrUnavailable = errors.New("the database is unavailable")
	// ErrClosed: the pool is closing or closed.
	ErrClosed = errors.New("the pool is closed")
	// ErrNested: the request holds a lease already; waiting for a second one could deadlock.
	ErrNested = errors.New("a lease is held already: use it, or release it first")
	// ErrReleased: the lease was given back; the value does not reach its next holder.
	ErrReleased = errors.New("the connection was released already")
)

// Reason says in one word why no connection was lent.
type Reason string

// The reasons of an AcquireError.
const (
	ReasonTimeout     Reason = "timeout"
	ReasonSaturated   Reason = "saturated"
	ReasonQueueFull   Reason = "queueFull"
	ReasonShed        Reason = "shed"
	ReasonUnavailable Reason = "unavailable"
	ReasonClosed      Reason = "closed"
	ReasonNested      Reason = "nested"
	ReasonCanceled    Reason = "canceled" // the caller's context ended; Unwrap gives its error
)

func (r Reason) sentinel() error {
	switch r {
	case ReasonTimeout:
		return ErrTimeout
	case ReasonSaturated:
		return ErrSaturated
	case ReasonQueueFull:
		return ErrQueueFull
	case ReasonShed:
		return ErrShed
	case ReasonUnavailable:
		return ErrUnavailable
	case ReasonClosed:
		return ErrClosed
	case ReasonNested:
		return ErrNested
	}
	return nil
}

// AcquireError is the error of Acquire, With, Tx and Ready when no connection could be lent.
type AcquireError struct {
	Reason   Reason
	Waited   time.Duration // since the call
	Position int           // place in the queue when the caller joined it; 0 when it did not queue
	Stat     *Stat         // the pool at that moment; those who fail together share it, so it is only to be read

	// LastConnect is the last connection error since the last success, if any. It never holds a password.
	LastConnect error

	retryAfter time.Duration
	ctxErr     error // the caller's context error and its cause

	// Of a caller that was shed: the pool's target, and, when it was refused at once, the wait that was foreseen and the
	// one that was allowed.
	shedTarget, foreseen, allowed time.Duration
}

// RetryAfter is a guess at when a new try is worth its while, at least a second.
func (e *AcquireError) RetryAfter() time.Duration { return max(e.retryAfter, time.Second) }

// blame names the connection error that the caller failed for, when another attempt has succeeded since.
func (e *AcquireError) blame(err error) {
	if e.LastConnect == nil {
		e.LastConnect = err
	}
}

func (e *AcquireError) Error() string {
	var b strings.Builder
	stat := cmp.Or(e.Stat, &Stat{}) // there is none in an error that somebody else made
	fmt.Fprintf(&b, "pool %s: ", stat.Name)
	switch e.Reason {
	case ReasonCanceled:
		fmt.Fprintf(&b, "waiting for a connection: %v", e.ctxErr)
	case ReasonTimeout:
		fmt.Fprintf(&b, "no connection within %v", e.Waited.Round(time.Millisecond))
	case ReasonUnavailable:
		b.WriteString(ErrUnavailable.Error())
	default:
		b.WriteString(e.Reason.sentinel().Error())
	}
	if e.Reason == ReasonShed {
		b.WriteString(": " + e.shedCause())
	}
	switch e.Reason {
	case ReasonTimeout, ReasonSaturated, ReasonQueueFull, ReasonShed:
		fmt.Fprintf(&b, " (%d of %d connections leased, %d callers waiting): raise the size of the pool, or hold connections for less time",
			stat.Leased, stat.MaxSize, stat.Waiting)
	}
	if e.LastConnect != nil && e.Reason != ReasonClosed && e.Reason != ReasonNested {
		fmt.Fprintf(&b, ": last connect: %v", e.LastConnect)
	}
	return b.String()
}

// shedCause says which wait was too long for what.
func (e *AcquireError) shedCause() string {
	switch {
	case e.foreseen == 0:
		return fmt.Sprintf("waited %v, and the ShedTarget is %v", roughly(e.Waited), e.shedTarget)
	case e.allowed == e.shedTarget:
		return fmt.Sprintf("a wait of %v is foreseen, and the ShedTarget is %v", roughly(e.foreseen), e.shedTarget)
	}
	return fmt.Sprintf("a wait of %v is foreseen, and the caller's deadline is in %v", roughly(e.foreseen), roughly(e.allowed))
}

func roughly(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }

// Unwrap gives the sentinel of the reason, the caller's context error and the last connection error.
func (e *AcquireError) Unwrap() []error {
	var errs []error
	for _, err := range []error{e.Reason.sentinel(), e.ctxErr, e.LastConnect} {
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// connectError is what is left of a failed connection attempt: the text without the password, and the causes without
// the configuration that pgx attaches to its own error.
type connectError struct {
	text  string
	cause error
}

func (e *connectError) Error() string { return e.text }
func (e *connectError) Unwrap() error { return e.cause }

func newConnectError(err error, password string) error {
	text, cause := err.Error(), err
	var connectErr *pgconn.ConnectError
	if errors.As(err, &connectErr) {
		cause = errors.Unwrap(connectErr)
	}
	var parseErr *pgconn.ParseConfigError
	if errors.As(err, &parseErr) {
		text, cause = parseFault(parseErr), nil
	}
	return &connectError{text: strings.ReplaceAll(redact(text, password), "\n\t", " "), cause: cause}
}

func redact(text, password string) string {
	if password == "" {
		return text
	}
	return strings.ReplaceAll(text, password, "xxxxx")
}

// queryError joins the error of a query with the end of the caller's context that caused it.
type queryError struct{ ctxErr, err error }

func (e *queryError) Error() string   { return e.ctxErr.Error() + ": " + e.err.Error() }
func (e *queryError) Unwrap() []error { return []error{e.ctxErr, e.err} }

// explain makes the error of a query match the end of ctx when that is what ended the query: the server then only says
// that a statement was cancelled.
func explain(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil || errors.Is(err, ctx.Err()) {
		return err
	}
	if sqlState(err) == codeQueryCanceled || pgconn.Timeout(err) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &queryError{ctxErr: contextError(ctx), err: err}
	}
	return err
}

// contextError is ctx.Err, together with its cause when somebody gave one that does not say so itself.
func contextError(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if cause == nil || errors.Is(cause, err) {
		return err
	}
	return &queryError{ctxErr: err, err: cause}
}

// SQLSTATE codes that the pool acts on.
const (
	codeProtocolViolation  = "08P01"
	codeQueryCanceled      = "57014"
	codeAdminShutdown      = "57P01"
	codeCrashShutdown      = "57P02"
	codeDatabaseDropped    = "57P04"
	codeReadOnly           = "25006"
	codeTooManyConnections = "53300"
	codeInvalidPassword    = "28P01"
	codeInvalidAuth        = "28000"
	codeNoDatabase         = "3D000"
	codeNotSupported       = "0A000"
	codeNoStatement        = "26000"
	codeInternal           = "XX000"
)

func sqlState(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
