package fault_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/fault"
)

func TestAppendJSON(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  fault.Error
		want string
	}{
		"bare": {
			fault.Error{Code: fault.Conflict, Message: "taken"},
			`{"message":"taken","extensions":{"code":"CONFLICT"}}`,
		},
		"whole": {
			fault.Error{
				Code: fault.BadUserInput, Message: "a \"b\"\\ \n\t <é>\x7f\xff",
				Locations:  []fault.Location{{Line: 1, Column: 2}, {Line: 3, Column: 4}},
				Path:       []any{"users", 0, "näme"},
				Extensions: map[string]any{"z": 1, "a": "<x>", "m": []any{1.5, nil, "&"}, "b": true, "code": "OTHER"},
			},
			`{"message":"a \"b\"\\ \n\u0009 <é>` + "\x7f\uFFFD" + `","locations":[{"line":1,"column":2},{"line":3,"column":4}],"path":["users",0,"näme"],` +
				`"extensions":{"code":"BAD_USER_INPUT","a":"<x>","b":true,"m":[1.5,null,"&"],"z":1}}`,
		},
		"a value that is no JSON": {
			fault.Error{Code: fault.Internal, Message: "m", Extensions: map[string]any{"x": math.Inf(1)}},
			`{"message":"m","extensions":{"code":"INTERNAL","x":"+Inf"}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := string(c.err.AppendJSON(nil))
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if !json.Valid([]byte(got)) {
				t.Error("not JSON")
			}
		})
	}
	list := fault.List{fault.New(fault.NotFound, "a"), fault.New(fault.Conflict, "b")}
	want := `x[{"message":"a","extensions":{"code":"NOT_FOUND"}},{"message":"b","extensions":{"code":"CONFLICT"}}]`
	if got := string(list.AppendJSON([]byte("x"))); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestRedact(t *testing.T) {
	t.Parallel()
	cause := errors.New("password is hunter2")
	plain := fault.New(fault.Conflict, "that name is taken")
	internal := fault.Wrap(cause, fault.Internal, "reading row 3 of v_secret")
	database := &fault.Error{Code: fault.DatabaseError, Message: "column x of v_secret", Err: cause, Extensions: map[string]any{"k": 1}}
	list := fault.List{plain, internal, database}

	production := string(fault.Redact(list, "id-1", true).AppendJSON(nil))
	if strings.Contains(production, "secret") || strings.Contains(production, "hunter2") {
		t.Errorf("production tells %s", production)
	}
	if strings.Count(production, `"requestId":"id-1"`) != 2 || !strings.Contains(production, "that name is taken") {
		t.Errorf("production: %s", production)
	}
	development := string(fault.Redact(list, "", false).AppendJSON(nil))
	if !strings.Contains(development, "reading row 3") || strings.Count(development, `"cause":"password is hunter2"`) != 2 || strings.Contains(development, "requestId") {
		t.Errorf("development: %s", development)
	}
	if internal.Extensions != nil || len(database.Extensions) != 1 || list[1] != internal {
		t.Error("the list given was changed")
	}
	same := fault.List{plain}
	if got := fault.Redact(same, "id", true); &got[0] != &same[0] {
		t.Error("a list without anything to hide must stay itself")
	}
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	if got := fault.RequestID(context.Background()); got != "" {
		t.Errorf("got %q", got)
	}
	if got := fault.RequestID(context.WithValue(context.Background(), fault.RequestIDKey{}, "x")); got != "x" {
		t.Errorf("got %q", got)
	}
}
