package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/internal/httpapi"
)

// exchange posts over a real connection and gives the response with its whole body.
func exchange(t *testing.T, o httpapi.Options) (*http.Response, []byte, error) {
	t.Helper()
	server := httptest.NewServer(httpapi.New(o))
	defer server.Close()
	resp, err := http.Post(server.URL, "application/json", strings.NewReader(document("{a}")))
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, body, err
}

func TestOneWriteHasALength(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 2 << 10, 40 << 10, 256 << 10} {
		text := strings.Repeat("x", size)
		resp, body, err := exchange(t, quiet(func(_ context.Context, _ *gqlop.Request, out io.Writer) error { return write(out, text) }))
		if err != nil || resp.ContentLength != int64(size) || string(body) != text || resp.StatusCode != 200 {
			t.Errorf("%d: length %d, %d bytes, %v", size, resp.ContentLength, len(body), err)
		}
	}
}

func TestWritesAreStreamed(t *testing.T) {
	t.Parallel()
	received := make(chan struct{})
	o := quiet(func(_ context.Context, _ *gqlop.Request, out io.Writer) error {
		buf := []byte("first,")
		if err := write(out, string(buf)); err != nil {
			return err
		}
		copy(buf, "XXXXXX") // a writer keeps nothing of what it was given
		if err := write(out, strings.Repeat("y", 300<<10)); err != nil {
			return err
		}
		select {
		case <-received:
		case <-time.After(10 * time.Second):
			return errors.New("the client did not get the first part while the second one was made")
		}
		return write(out, ",last")
	})
	resp := overTheWire(t, o)
	head := make([]byte, 100)
	if _, err := io.ReadFull(resp.Body, head); err != nil || !strings.HasPrefix(string(head), "first,y") {
		t.Fatalf("%q %v", head, err)
	}
	close(received)
	rest, err := io.ReadAll(resp.Body)
	if err != nil || len(rest) != 300<<10+6-100+5 || !strings.HasSuffix(string(rest), "y,last") || resp.ContentLength != -1 {
		t.Errorf("%d bytes, length %d, %v", len(rest), resp.ContentLength, err)
	}
}

func TestCutAnswers(t *testing.T) {
	t.Parallel()
	part := strings.Repeat("x", 300<<10)
	for name, e := range map[string]execute{
		"aborted": func(_ context.Context, _ *gqlop.Request, out io.Writer) error {
			_ = write(out, part)
			return fmt.Errorf("null at a: %w", fault.ErrAborted)
		},
		"aborted, held": func(_ context.Context, _ *gqlop.Request, out io.Writer) error {
			_ = write(out, "{}")
			return fault.ErrAborted
		},
		"an error too late": func(_ context.Context, _ *gqlop.Request, out io.Writer) error {
			_ = write(out, "{}")
			return fault.New(fault.Conflict, "x")
		},
		"a panic too late": func(_ context.Context, _ *gqlop.Request, out io.Writer) error {
			_ = write(out, part)
			panic("oops")
		},
		"abort by panic": func(context.Context, *gqlop.Request, io.Writer) error { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			statuses := make(chan int, 1)
			o, log := logged(e)
			o.OnAnswer = func(_ *http.Request, status int, _ time.Duration) { statuses <- status }
			if resp, body, err := exchange(t, o); err == nil {
				t.Errorf("the client got a whole answer: %d, %d bytes", resp.StatusCode, len(body))
			}
			if got := <-statuses; got != 0 {
				t.Errorf("status %d was reported, want 0", got)
			}
			if !strings.Contains(log(), `"level":"ERROR"`) {
				t.Errorf("log: %s", log())
			}
		})
	}
}

func TestPanic(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]execute{
		"nothing written": func(context.Context, *gqlop.Request, io.Writer) error { panic("secret state") },
		"still held": func(_ context.Context, _ *gqlop.Request, out io.Writer) error {
			_ = write(out, `{"data":1}`)
			panic("secret state")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, log := logged(e)
			o.Production = true
			resp, body, err := exchange(t, o)
			if err != nil {
				t.Fatal(err)
			}
			if code, _ := firstError(t, string(body)); resp.StatusCode != 500 || code != "INTERNAL" || strings.Contains(string(body), "secret") {
				t.Errorf("%d %s", resp.StatusCode, body)
			}
			if !strings.Contains(log(), "secret state") || !strings.Contains(log(), "answer_test.go") {
				t.Errorf("the log has no cause and stack: %s", log())
			}
		})
	}
}

func TestExecutorThatWritesNothing(t *testing.T) {
	t.Parallel()
	w := post(quiet(func(context.Context, *gqlop.Request, io.Writer) error { return nil }), document("{a}"))
	if code, _ := firstError(t, w.Body.String()); w.Code != 500 || code != "INTERNAL" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w = post(quiet(func(context.Context, *gqlop.Request, io.Writer) error { return fault.List{} }), document("{a}"))
	if code, _ := firstError(t, w.Body.String()); w.Code != 500 || code != "INTERNAL" {
		t.Errorf("an empty list: %d %s", w.Code, w.Body)
	}
}

func TestErrorAnswer(t *testing.T) {
	t.Parallel()
	o := quiet(func(context.Context, *gqlop.Request, io.Writer) error {
		return fault.List{
			{Code: fault.ValidationFailed, Message: "no field <x>", Locations: []fault.Location{{Line: 1, Column: 2}}, Path: []any{"a", 0}, Extensions: map[string]any{"b": 1}},
			fault.New(fault.BadUserInput, "second"),
		}
	})
	w := post(o, document("{a}"), "Accept", "application/graphql-response+json")
	want := `{"errors":[{"message":"no field <x>","locations":[{"line":1,"column":2}],"path":["a",0],"extensions":{"code":"GRAPHQL_VALIDATION_FAILED","b":1}},` +
		`{"message":"second","extensions":{"code":"BAD_USER_INPUT"}}]}` + "\n"
	if w.Code != 400 || w.Body.String() != want || w.Header().Get("Content-Length") != fmt.Sprint(len(want)) || w.Header().Get("Content-Type") != gqlType {
		t.Errorf("%d %v\n%s", w.Code, w.Header(), w.Body)
	}
}

func TestRedaction(t *testing.T) {
	t.Parallel()
	for production, tells := range map[bool]bool{true: false, false: true} {
		o, log := logged(func(context.Context, *gqlop.Request, io.Writer) error {
			return fmt.Errorf("reading v_secret: %w", errors.New("cause"))
		})
		o.Production = production
		w := post(o, document("{a}"), "X-Request-Id", "id-7")
		if strings.Contains(w.Body.String(), "v_secret") != tells || !strings.Contains(w.Body.String(), `"requestId":"id-7"`) {
			t.Errorf("production %v: %s", production, w.Body)
		}
		if !strings.Contains(log(), "v_secret") || !strings.Contains(log(), `"request_id":"id-7"`) || !strings.Contains(log(), `"level":"ERROR"`) {
			t.Errorf("log: %s", log())
		}
	}
}

func TestLogTellsNoSecrets(t *testing.T) {
	t.Parallel()
	o, log := logged(scripted)
	var mu sync.Mutex
	answers := map[int]int{}
	o.OnAnswer = func(_ *http.Request, status int, took time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		if took < 0 {
			t.Error("a negative time")
		}
		answers[status]++
	}
	post(o, `{"query":"{hunter2}","variables":{"password":"hunter2"}}`, "Authorization", "Bearer hunter2", "X-Request-Id", "id")
	post(o, document("{internal}"))
	post(o, `{`)
	if mu.Lock(); answers[200] != 1 || answers[500] != 1 || answers[400] != 1 {
		t.Errorf("OnAnswer: %v", answers)
	}
	mu.Unlock()
	lines := strings.Split(strings.TrimSpace(log()), "\n")
	if len(lines) != 3 || strings.Contains(log(), "hunter2") {
		t.Fatalf("log: %s", log())
	}
	var line struct {
		Level, Method string
		Status, Bytes int
		ID            string `json:"request_id"`
	}
	if err := json.Unmarshal([]byte(lines[0]), &line); err != nil || line.Level != "DEBUG" || line.Status != 200 || line.Method != "POST" || line.Bytes != 31 || line.ID != "id" {
		t.Errorf("%+v, %v: %s", line, err, lines[0])
	}
}

func TestMarkPartialComesTooLate(t *testing.T) {
	t.Parallel()
	o := quiet(func(_ context.Context, _ *gqlop.Request, out io.Writer) error {
		if err := write(out, strings.Repeat("x", 300<<10)); err != nil {
			return err
		}
		out.(interface{ MarkPartial() }).MarkPartial()
		return nil
	})
	o.Profile = httpapi.ProfileDraft2026
	if w := post(o, document("{a}"), "Accept", "application/graphql-response+json"); w.Code != 200 || w.Body.Len() != 300<<10 {
		t.Errorf("%d", w.Code)
	}
}
