package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/fraiseql/fraiseql-go/internal/fault"
)

func TestOf(t *testing.T) {
	t.Parallel()
	secret := errors.New("password is hunter2")
	one := fault.Wrap(secret, fault.Conflict, "that name is taken")
	for name, c := range map[string]struct {
		err     error
		code    fault.Code
		message string
	}{
		"ours stays":            {fmt.Errorf("saving: %w", one), fault.Conflict, "that name is taken"},
		"a list stays":          {fault.List{one, one}, fault.Conflict, "that name is taken"},
		"unknown tells nothing": {secret, fault.Internal, "internal error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := fault.Of(c.err)[0]
			if got.Code != c.code || got.Message != c.message || !errors.Is(got, secret) {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestTableHasEachCodeOnce(t *testing.T) {
	t.Parallel()
	seen := map[fault.Code]bool{}
	for _, row := range fault.Table() {
		if seen[row.Code] {
			t.Errorf("%s stands twice", row.Code)
		}
		seen[row.Code] = true
		if row.Status < 400 || row.Meaning == "" || row.Cure == "" {
			t.Errorf("%s: incomplete row %+v", row.Code, row)
		}
		if fault.Lookup(row.Code) != row {
			t.Errorf("%s is not found by its code", row.Code)
		}
	}
	if fault.Lookup("NO_SUCH_CODE").Code != fault.Internal {
		t.Error("an unknown code must be INTERNAL")
	}
}
