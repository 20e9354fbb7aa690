package execute_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fraiseql/fraiseql-go/internal/execute"
	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/pool"
)

func TestExplain(t *testing.T) {
	t.Parallel()
	state := func(code string) error {
		return fmt.Errorf("reading: %w", &pgconn.PgError{Severity: "ERROR", Code: code, Message: "secret row", Detail: "Key (email)=(a@b)"})
	}
	from := func(file, code string) error {
		return &pgconn.PgError{Severity: "ERROR", Code: code, File: file, Message: "secret row"}
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx  context.Context
		err  error
		want fault.Code
	}{
		"read-only":            {t.Context(), state("25006"), fault.ReadOnly},
		"statement timeout":    {t.Context(), state("57014"), fault.StatementTimeout},
		"cancelled by its ctx": {over, state("57014"), fault.DeadlineExceeded},
		"permission":           {t.Context(), state("42501"), fault.Forbidden},
		"serialization":        {t.Context(), state("40001"), fault.SerializationFailure},
		"deadlock":             {t.Context(), state("40P01"), fault.SerializationFailure},
		"invalid text":         {t.Context(), state("22P02"), fault.BadUserInput},
		"no such character":    {t.Context(), state("22P05"), fault.BadUserInput},
		"out of range":         {t.Context(), state("22003"), fault.BadUserInput},
		"regular expression":   {t.Context(), state("2201B"), fault.BadUserInput},
		"pattern":              {t.Context(), state("22025"), fault.BadUserInput},
		"lquery":               {t.Context(), from("ltree_io.c", "42601"), fault.BadUserInput},
		"ltxtquery":            {t.Context(), from("ltxtquery_io.c", "42601"), fault.BadUserInput},
		"tsquery":              {t.Context(), from("tsquery.c", "42601"), fault.BadUserInput},
		"a word of a tsquery":  {t.Context(), from("tsvector_parser.c", "42601"), fault.BadUserInput},
		"jsonpath":             {t.Context(), from("jsonpath_scan.l", "42601"), fault.BadUserInput},
		"range":                {t.Context(), from("rangetypes.c", "22000"), fault.BadUserInput},
		"range, otherwise":     {t.Context(), from("rangetypes.c", "XX000"), fault.DatabaseError},
		"syntax of ours":       {t.Context(), from("scan.l", "42601"), fault.DatabaseError},
		"any other":            {t.Context(), state("22012"), fault.DatabaseError},
		"connection lost":      {t.Context(), io.ErrUnexpectedEOF, fault.DatabaseError},
		"deadline":             {t.Context(), context.DeadlineExceeded, fault.DeadlineExceeded},
		"ours stays":           {t.Context(), fault.New(fault.NotFound, "no"), fault.NotFound},
		"pool timeout":         {t.Context(), &pool.AcquireError{Reason: pool.ReasonTimeout}, fault.PoolTimeout},
		"pool saturated":       {t.Context(), &pool.AcquireError{Reason: pool.ReasonSaturated}, fault.PoolSaturated},
		"pool queue full":      {t.Context(), &pool.AcquireError{Reason: pool.ReasonQueueFull}, fault.PoolSaturated},
		"pool sheds":           {t.Context(), &pool.AcquireError{Reason: pool.ReasonShed}, fault.PoolSaturated},
		"pool unavailable":     {t.Context(), &pool.AcquireError{Reason: pool.ReasonUnavailable}, fault.PoolUnavailable},
		"pool closed":          {t.Context(), &pool.AcquireError{Reason: pool.ReasonClosed}, fault.ShuttingDown},
		"a second lease":       {t.Context(), &pool.AcquireError{Reason: pool.ReasonNested}, fault.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := execute.Explain(c.ctx, c.err)
			if f.Code != c.want || strings.Contains(f.Message, "secret") || strings.Contains(f.Message, "@") {
				t.Errorf("got %s: %s, want %s", f.Code, f.Message, c.want)
			}
			var acquire *pool.AcquireError
			if status := fault.Lookup(f.Code).Status; status == 503 && f.RetryAfter <= 0 || status != 503 && errors.As(c.err, &acquire) && f.RetryAfter != 0 {
				t.Errorf("%s, status %d, with %v as the time to try again", f.Code, status, f.RetryAfter)
			}
		})
	}
}

func TestChanged(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want bool
	}{
		{&pgconn.PgError{Code: "26000"}, true},
		{&pgconn.PgError{Code: "0A000", Routine: "RevalidateCachedQuery"}, true},
		{&pgconn.PgError{Code: "0A000", Routine: "somewhere else"}, false},
		{&pgconn.PgError{Code: "XX000", Message: "cache lookup failed for type 16386"}, true},
		{&pgconn.PgError{Code: "XX000", Message: "something else failed"}, false},
		{errors.New("26000"), false},
	} {
		if got := execute.Changed(c.err); got != c.want {
			t.Errorf("%v: %t, want %t", c.err, got, c.want)
		}
	}
}
