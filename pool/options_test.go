package pool_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/pool"
)

func TestResolve(t *testing.T) {
	t.Parallel()
	const timeout, recycle = 30 * time.Second, time.Hour
	for _, tt := range []struct {
		name string
		o    pool.Options
		want pool.Limits
	}{
		{"development", pool.Options{}, pool.Limits{MinSize: 5, Size: 10, MaxSize: 20, Timeout: timeout, Recycle: recycle}},
		{"production", pool.Options{Production: true}, pool.Limits{MinSize: 10, Size: 20, MaxSize: 30, Timeout: timeout, Recycle: recycle}},
		{"production does not overrule", pool.Options{Production: true, Size: 4}, pool.Limits{MinSize: 2, Size: 4, MaxSize: 14, Timeout: timeout, Recycle: recycle}},
		{"30 + 15", pool.Options{Size: 30, MaxOverflow: 15}, pool.Limits{MinSize: 15, Size: 30, MaxSize: 45, Timeout: timeout, Recycle: recycle}},
		{"no overflow", pool.Options{Size: 3, MaxOverflow: -1}, pool.Limits{MinSize: 1, Size: 3, MaxSize: 3, Timeout: timeout, Recycle: recycle}},
		{"one", pool.Options{Size: 1, MaxOverflow: -7}, pool.Limits{MinSize: 1, Size: 1, MaxSize: 1, Timeout: timeout, Recycle: recycle}},
		{"do not wait", pool.Options{Timeout: -1}, pool.Limits{MinSize: 5, Size: 10, MaxSize: 20, Recycle: recycle}},
		{"never recycle", pool.Options{Recycle: -1}, pool.Limits{MinSize: 5, Size: 10, MaxSize: 20, Timeout: timeout}},
		{"fractions", pool.Options{Timeout: 250 * time.Millisecond, Recycle: 1500 * time.Millisecond}, pool.Limits{MinSize: 5, Size: 10, MaxSize: 20, Timeout: 250 * time.Millisecond, Recycle: 1500 * time.Millisecond}},
		{"the limit", pool.Options{Size: 3990}, pool.Limits{MinSize: 1995, Size: 3990, MaxSize: 4000, Timeout: timeout, Recycle: recycle}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.o.Resolve()
			if err != nil || got != tt.want {
				t.Errorf("got %+v, %v\nwant %+v", got, err, tt.want)
			}
		})
	}
}

func TestResolveRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		o    pool.Options
		want []string // the option, the value, the limit and the cure
	}{
		{"long name", pool.Options{Name: strings.Repeat("n", 64)}, []string{"Name", "nnn", "63 bytes", "shorter"}},
		{"name of two lines", pool.Options{Name: "a\nb"}, []string{"Name", `a\nb`, "printable", "plain"}},
		{"name that is no text", pool.Options{Name: "a\xff"}, []string{"Name", `a\xff`, "printable", "plain"}},
		{"size", pool.Options{Size: -2}, []string{"Size", "-2", "at least 1", "set 1 or more"}},
		{"recycle", pool.Options{Recycle: 999 * time.Millisecond}, []string{"Recycle", "999ms", "at least 1s", "negative value for never"}},
		{"ceiling", pool.Options{Size: 3991}, []string{"Size 3991", "MaxOverflow 10", "4000", "lower"}},
		{"huge ceiling", pool.Options{Size: 5, MaxOverflow: 1<<63 - 1}, []string{"MaxOverflow", "4000", "lower"}},
		{"connect timeout", pool.Options{ConnectTimeout: -time.Second}, []string{"ConnectTimeout", "-1s", "above 0", "5s"}},
		{"connecting", pool.Options{MaxConnecting: -1}, []string{"MaxConnecting", "-1", "at least 1", "leave it 0"}},
		{
			"all at once",
			pool.Options{Size: -1, Recycle: 1, ConnectTimeout: -1, MaxConnecting: -1},
			[]string{"Size", "Recycle", "ConnectTimeout", "MaxConnecting"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := tt.o.Resolve()
			if err == nil {
				t.Fatal("accepted")
			}
			for _, word := range tt.want {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%q does not name %q", err, word)
				}
			}
			if _, openErr := pool.Open(t.Context(), fakeURL, tt.o); openErr == nil || openErr.Error() != err.Error() {
				t.Errorf("Open: %v", openErr)
			}
		})
	}
}

func TestOpenRefusesMalformedURLWithoutQuotingIt(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"",
		"   ",
		"postgres://user:s3cret/word@host:5432/db",
		"postgres://user:s3cret@host:port/db",
		"postgres://user:s3cret@host:5432/db?sslmode=nonsense",
		"postgres://user:s3cret@[::1:5432/db",
		"postgres://user:s3cret%zz@host/db",
		"postgres://user@host/db?password=s3cret&connect_timeout=s3cret",
		"postgres://user:42/s3cret@host/db",
		"postgres://user:a@s3cret@host/db",
		"postgresql://user@tenant:s3cret@host/db",
		"host=localhost password=s3cret port=x",
		"host=localhost password='s3cret",
		"user s3cret",
		"mysql://user:s3cret@host/db",
		"postgres://user:s3cret@host/db?target_session_attrs=s3cret",
		"postgres://user:s3cret@host/db?default_query_exec_mode=s3cret",
	} {
		_, err := pool.Open(t.Context(), url, pool.Options{})
		switch {
		case err == nil:
			t.Errorf("%q is accepted", url)
		case strings.Contains(err.Error(), "s3cret"):
			t.Errorf("%q: the error quotes the password: %v", url, err)
		case !strings.Contains(err.Error(), "want ") && !strings.Contains(err.Error(), "correct this") && !strings.Contains(err.Error(), "percent-encode them"):
			t.Errorf("%q: the error has no cure: %v", url, err)
		}
	}
}

// TestOpenTakesEverySignInItsPlace: what is encoded, or stands in a query, is taken as it is.
func TestOpenTakesEverySignInItsPlace(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"postgres://user:a%40b%2Fc@host/d%40b",
		"postgres://user:a?b#c@host/db",
		"postgres://host/db?user=me@tenant",
		"postgres://user@host?user=me@tenant",
		"user=me@tenant host=host password=a@b/c",
	} {
		if err := pool.CheckURL(url); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
}
