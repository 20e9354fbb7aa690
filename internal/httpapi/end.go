package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/fault"
)

// maxKeptBody bounds what a pool keeps of large bodies.
const maxKeptBody = 64 << 10

func isNoCredentials(err error) bool { return errors.Is(err, auth.ErrNoCredentials) }

// unauthenticated gives the answer to missing or bad credentials, and to those that cannot be checked now; nil when err is
// another kind of error.
func unauthenticated(err error) *fault.Error {
	if isNoCredentials(err) {
		return fault.New(fault.Unauthenticated, "credentials are needed: send them in the Authorization header")
	}
	if errors.Is(err, auth.ErrUnavailable) {
		return fault.Wrap(err, fault.AuthUnavailable, "the credentials cannot be checked now: try again later with the same ones")
	}
	if !errors.Is(err, auth.ErrInvalid) {
		return nil
	}
	var e *auth.Error
	if errors.As(err, &e) && e.Reason != "" {
		return fault.Wrap(err, fault.Unauthenticated, "the credentials are not accepted: %s", e.Reason)
	}
	return fault.Wrap(err, fault.Unauthenticated, "the credentials are not accepted")
}

// refuse answers with an error that stands before the GraphQL request: in the transport, in who sends it, or
// in what the server can do now.
func (x *exchange) refuse(err error) { x.fail(fault.Of(err), atTransport) }

// stage is how far a request came before it was refused.
type stage uint8

const (
	atTransport stage = iota // it is no GraphQL request, or may not be served
	atEnvelope               // it is JSON, but not of a GraphQL request's shape
	atDocument               // it is a well-formed GraphQL request: its document or its variables are at fault
)

// fail answers with errors and no data.
func (x *exchange) fail(list fault.List, at stage) {
	if len(list) == 0 {
		list = fault.List{fault.New(fault.Internal, "the request was refused without a reason")}
	}
	x.cause = list
	status := x.h.statusOf(list[0].Code, x.media, at)
	header := x.out.w.Header()
	if status == http.StatusServiceUnavailable || list[0].RetryAfter > 0 {
		seconds := (list[0].RetryAfter + time.Second - 1) / time.Second
		header["Retry-After"] = []string{strconv.FormatInt(int64(max(seconds, 1)), 10)}
	}
	body := x.out.buffer()
	body = append(body, `{"errors":`...)
	body = fault.Redact(list, x.id[0], x.h.o.Production).AppendJSON(body)
	x.out.whole(status, append(body, '}', '\n'))
}

// statusOf gives the status of an answer without data.
func (h *handler) statusOf(code fault.Code, m media, at stage) int {
	status := fault.Lookup(code).Status
	switch {
	case status != http.StatusBadRequest || at == atTransport:
		return status
	case at == atDocument && m == mediaJSON:
		// Clients of this media type take any other status for an intermediary's.
		return http.StatusOK
	case h.draft && code != fault.ParseFailed:
		return http.StatusUnprocessableEntity
	}
	return status
}

// abort cuts the transfer, so that no client takes a part for the whole.
func (x *exchange) abort(err error) {
	x.cause = err
	panic(http.ErrAbortHandler)
}

// end is deferred: it answers for a panic, gives the buffers back and reports.
func (x *exchange) end() {
	failure := recover()
	aborted := failure != nil
	if aborted && failure != http.ErrAbortHandler { //nolint:errorlint // the very value is what net/http compares
		x.cause = fmt.Errorf("panic: %v", failure)
		x.h.o.Logger.LogAttrs(x, slog.LevelError, "graphql request panicked",
			slog.String("request_id", x.id[0]), slog.Any("panic", failure), slog.String("stack", string(debug.Stack())))
		if !x.out.sent && x.out.err == nil {
			x.out.drop()
			x.fail(fault.List{fault.Wrap(x.cause, fault.Internal, "internal error")}, atTransport)
			aborted = false
		}
	}
	aborted = aborted || x.out.err != nil
	x.out.end()
	if x.body != nil && failure == nil && cap(*x.body) <= maxKeptBody {
		x.h.bodies.Put(x.body) // after a panic somebody may still hold a part of it
	}
	x.report(aborted)
	if aborted {
		panic(http.ErrAbortHandler)
	}
}

// report tells the metrics and the log. Never a body, a variable or a header: they may hold secrets.
func (x *exchange) report(aborted bool) {
	status, took := x.out.status, time.Since(x.start)
	if aborted {
		status = 0
	}
	if x.h.o.OnAnswer != nil {
		defer x.h.o.OnAnswer(x.r, status, took)
	}
	level, text := slog.LevelDebug, "graphql request"
	clientLeft := errors.Is(x.Context.Err(), context.Canceled)
	switch {
	case errors.Is(x.out.err, os.ErrDeadlineExceeded): // net/http has cancelled the context then, too
		level, text = slog.LevelWarn, "graphql answer cut: the client did not read it"
	case clientLeft: // whatever failed then is a consequence
	case aborted && x.out.err != nil:
	case aborted:
		level, text = slog.LevelError, "graphql answer cut"
	case status == http.StatusServiceUnavailable: // expected under overload and while starting
		level = slog.LevelWarn
	case status >= http.StatusInternalServerError:
		level = slog.LevelError
	}
	if !x.h.o.Logger.Enabled(x, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("request_id", x.id[0]), slog.String("method", x.r.Method), slog.Int("status", status),
		slog.Int64("bytes", x.out.bytes), slog.Duration("took", took),
	}
	if x.cause != nil {
		attrs = append(attrs, slog.String("error", x.cause.Error()))
	}
	x.h.o.Logger.LogAttrs(x, level, text, attrs...)
}
