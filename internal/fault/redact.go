package fault

import (
	"context"
	"maps"
)

// RequestIDKey is the key under which a request's context holds its id, a string.
type RequestIDKey struct{}

// RequestID gives the id of the request that ctx belongs to: the one in the answer's X-Request-Id and in the log.
// Outside a request it is empty.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(RequestIDKey{}).(string)
	return id
}

// Redact makes a list ready to be sent. INTERNAL and DATABASE_ERROR get the request id as extensions.requestId, so that
// a reader of the log finds the cause. In production their message becomes a general one, but for a connection that was lost; in development the
// cause is told in extensions.cause. Other errors, and the list given, stay as they are.
func Redact(list List, requestID string, production bool) List {
	var out List
	for i, e := range list {
		if e.Code != Internal && e.Code != DatabaseError {
			continue
		}
		if out == nil {
			out = append(List(nil), list...)
		}
		c := *e
		c.Extensions = maps.Clone(e.Extensions)
		if c.Extensions == nil {
			c.Extensions = make(map[string]any, 2)
		}
		if requestID != "" {
			c.Extensions["requestId"] = requestID
		}
		switch {
		case production && e.Code == DatabaseError && e.RetryAfter > 0: // a connection was lost: the message is ours, and says what to do
		case production && e.Code == Internal:
			c.Message = "internal error: the server's log tells the cause under the request id"
		case production:
			c.Message = "the database refused the statement: the server's log tells the cause under the request id"
		case e.Err != nil:
			c.Extensions["cause"] = e.Err.Error()
		}
		out[i] = &c
	}
	if out == nil {
		return list
	}
	return out
}
