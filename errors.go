package fraiseql

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/fraiseql/fraiseql-go/internal/fault"
)

// Code is the stable name of a kind of error; clients find it in extensions.code. A resolver
// may use names of its own, in capitals with underscores.
type Code string

// The codes that resolvers need most; docs/reference/errors.md lists all.
const (
	CodeBadUserInput    Code = "BAD_USER_INPUT"
	CodeUnauthenticated Code = "UNAUTHENTICATED"
	CodeForbidden       Code = "FORBIDDEN"
	CodeNotFound        Code = "NOT_FOUND"
	CodeConflict        Code = "CONFLICT"
	CodeInternal        Code = "INTERNAL"
)

// Error is what a resolver, or one of the functions in [Options], returns to tell the client
// what is wrong. An error of any other type is INTERNAL: the client learns only a request id,
// and the log has the rest.
type Error struct {
	Code       Code           // empty: INTERNAL
	Message    string         // the client reads it: say what to do next, no secrets
	Extensions map[string]any // more for programs, beside the code
	Err        error          // the cause, for the log; may be nil
}

// Error tells the whole, the cause too: it is for logs.
func (e *Error) Error() string {
	if e.Err == nil {
		return string(e.Code) + ": " + e.Message
	}
	return string(e.Code) + ": " + e.Message + ": " + e.Err.Error()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

var codeForm = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)

// told turns an [Error] anywhere in err into the form that travels inside; other errors stay.
func told(err error) error {
	var e *Error
	if err == nil || !errors.As(err, &e) {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	code := fault.Code(e.Code)
	if !codeForm.MatchString(string(code)) {
		code = fault.Internal
	}
	return &fault.Error{Code: code, Message: e.Message, Extensions: e.Extensions, Err: err}
}

var errOtherSource = errors.New("the resolver describes rows of another source")

func sourceFault(typ, declared, used string) error {
	return fmt.Errorf("%w: %s is declared on %q, and From was given %q: use the declared source", errOtherSource, typ, declared, used)
}
