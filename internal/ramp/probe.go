package ramp

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/fraiseql/fraiseql-go/pool"
)

// RefusedError says that the target answered, and that the question is wrong: another address or another query is needed.
type RefusedError struct{ message string }

func (e *RefusedError) Error() string { return e.message }

const mostAnswer = 16 << 20 // bytes of an answer that are read before the load

// Probe sends one request, so that no load is sent where no answer can be good. Its error is a *RefusedError when the address or
// the query is to blame.
func (c *Config) Probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("no answer within %s", timeout))
	defer cancel()
	status, body, err := exchange(ctx, http.MethodPost, c.URL, c.Header, c.Body)
	if err != nil {
		return err
	}
	var answer struct {
		Data   json.RawMessage `json:"data"`
		Errors []struct {
			Message    string `json:"message"`
			Extensions struct {
				Code string `json:"code"`
			} `json:"extensions"`
		} `json:"errors"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.Data == nil && len(answer.Errors) == 0 {
		message := fmt.Sprintf("it answered %d %s, and no GraphQL: give the address of a GraphQL endpoint, such as http://127.0.0.1:8000/graphql", status, http.StatusText(status))
		if status >= 500 {
			return fmt.Errorf("it answered %d %s", status, http.StatusText(status))
		}
		return &RefusedError{message}
	}
	if answer.Data != nil || len(answer.Errors) == 0 {
		return nil // a field may fail under load or without: the load counts it
	}
	var lines []string
	for _, e := range answer.Errors {
		lines = append(lines, strings.TrimPrefix(e.Extensions.Code+": "+e.Message, ": "))
	}
	text := strings.Join(lines, "\n")
	if status >= 500 || status == http.StatusUnauthorized || status == http.StatusForbidden || status == http.StatusTooManyRequests {
		return fmt.Errorf("it answered %d %s: %s", status, http.StatusText(status), text)
	}
	return &RefusedError{text}
}

// PoolAt looks at the numbers of the pool that stand beside a GraphQL endpoint, at an address such as /pool.
func PoolAt(url string, header http.Header) func(context.Context) (pool.Stat, error) {
	return func(ctx context.Context) (s pool.Stat, err error) {
		asked := header.Clone()
		asked.Set("Accept", "application/json")
		status, body, err := exchange(ctx, http.MethodGet, url, asked, nil)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("%s answered %d", url, status)
		}
		if err == nil {
			err = json.Unmarshal(body, &s)
		}
		return s, err
	}
}

func exchange(ctx context.Context, method, url string, header http.Header, body []byte) (int, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.Header = header.Clone()
	transport := &http.Transport{DisableKeepAlives: true}
	w, err := transport.RoundTrip(r) // a redirect is not followed, for the load would not follow it
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = w.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(w.Body, mostAnswer))
	return w.StatusCode, answer, err
}
