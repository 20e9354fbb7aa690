// Package fault holds every way in which a request can be refused or cut short.
//
// An [Error] has three readers. Programs read its [Code], which never changes. The client
// reads its Message, which is safe to show and says what to do next. The log reads Err, the
// cause, which production never sends. The table in table.go joins each code to its HTTP
// status, its meaning and its cure; it also writes docs/reference/errors.md.
package fault

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Location is a place in a GraphQL document: line and column count from 1.
// Source: GraphQL specification, section 7.1.5, "Error Result Format".
type Location struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// Error is one GraphQL error.
type Error struct {
	Code       Code
	Message    string         // for the client: no SQL, no secrets, lower-case names as they were sent
	Locations  []Location     // where in the document, when known
	Path       []any          // response keys (string) and list indexes (int) down to the field
	Extensions map[string]any // more for programs, beside the code
	RetryAfter time.Duration  // when to try again; zero when trying again is no cure
	Err        error          // the cause, for the log
}

// New makes an error with a formatted message.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap makes an error with a cause for the log.
func Wrap(err error, code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Err: err}
}

// Error tells the whole, the cause too: it is for logs, not for clients.
func (e *Error) Error() string {
	if e.Err == nil {
		return string(e.Code) + ": " + e.Message
	}
	return string(e.Code) + ": " + e.Message + ": " + e.Err.Error()
}

// Line is what the sender is told, on one line: the place in the document, the code and the message.
func (e *Error) Line() string {
	where := ""
	if len(e.Locations) > 0 {
		where = fmt.Sprintf("%d:%d: ", e.Locations[0].Line, e.Locations[0].Column)
	}
	return where + string(e.Code) + ": " + e.Message
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// At gives a copy that says where in the document the error stands.
func (e *Error) At(line, column int) *Error {
	c := *e
	c.Locations = []Location{{Line: line, Column: column}}
	return &c
}

// List is what a request is refused with: one error or several, in document order.
type List []*Error

// Error joins the messages for the log.
func (l List) Error() string {
	texts := make([]string, len(l))
	for i, e := range l {
		texts[i] = e.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap lets errors.Is and errors.As see each one.
func (l List) Unwrap() []error {
	all := make([]error, len(l))
	for i, e := range l {
		all[i] = e
	}
	return all
}

// Of makes a list of any error. An error that is not of this package becomes one INTERNAL
// error whose cause it is: what we do not know is never shown to a client.
func Of(err error) List {
	var list List
	if errors.As(err, &list) {
		return list
	}
	var one *Error
	if errors.As(err, &one) {
		return List{one}
	}
	return List{Wrap(err, Internal, "internal error")}
}

// ErrAborted says that an answer was cut after some of it had left: the transfer must be
// aborted, so that the client never takes it for a whole one.
var ErrAborted = errors.New("answer aborted after a part was sent")
