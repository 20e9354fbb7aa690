package loadgen

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
)

// failure is why an answer does not count as good.
type failure struct{ kind, name, message string }

// judge looks at a whole answer. A GraphQL error is named before the status: its code says more.
func judge(status int, body []byte) *failure {
	if f := graphqlFailure(body); f != nil {
		return f
	}
	if status < 200 || status > 299 {
		return &failure{"status", strconv.Itoa(status), strings.TrimSpace(http.StatusText(status) + " " + string(body))}
	}
	return nil
}

func graphqlFailure(body []byte) *failure {
	if !bytes.Contains(body, []byte(`"errors"`)) { // cheap, and true for nearly no good answer
		return nil
	}
	var answer struct {
		Errors []struct {
			Message    string `json:"message"`
			Extensions struct {
				Code string `json:"code"`
			} `json:"extensions"`
		} `json:"errors"`
	}
	if json.Unmarshal(body, &answer) != nil || len(answer.Errors) == 0 {
		return nil
	}
	first := answer.Errors[0]
	if first.Extensions.Code == "" {
		return &failure{"graphql", "no code", first.Message}
	}
	return &failure{"graphql", first.Extensions.Code, first.Message}
}

func transportFailure(err error) *failure {
	name := "other"
	var timeout net.Error
	switch {
	case errors.Is(err, errTimeout), errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		name = "timeout"
	case errors.Is(err, syscall.ECONNREFUSED):
		name = "refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		name = "reset"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		name = "cut"
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.EADDRNOTAVAIL):
		name = "no more sockets here"
	}
	return &failure{"transport", name, err.Error()}
}
