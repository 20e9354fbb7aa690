package fraiseql_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

const sleepers = people + `
CREATE VIEW v_sleeper AS SELECT p.id, p.name FROM tb_person p, LATERAL (SELECT pg_sleep(0.1 * length(p.id))) AS wait;
COMMENT ON VIEW v_sleeper IS '@fraiseql:type';
CREATE FUNCTION doze() RETURNS boolean LANGUAGE sql AS $$ SELECT true FROM pg_sleep(0.2) $$;
COMMENT ON FUNCTION doze() IS '@fraiseql:mutation';`

const sleepy = `query Nap($name: String!) { sleepers(where: {name: {eq: $name}, id: {neq: "hunter2"}}) { name } }`

// slowLines starts an app and gives a function that reads the lines about slow operations so far.
func slowLines(t *testing.T, change func(*fraiseql.Options)) (*fraiseql.App, func() []map[string]any) {
	t.Helper()
	o := personOptions(pgtest.New(t, sleepers).URL)
	var log diary
	o.Logger = slog.New(slog.NewJSONHandler(writer{&log}, nil))
	change(&o)
	return started(t, o), func() (lines []map[string]any) {
		log.mu.Lock()
		defer log.mu.Unlock()
		for _, text := range log.text {
			var line map[string]any
			if err := json.Unmarshal([]byte(text), &line); err != nil {
				t.Error(err)
			}
			if line["msg"] == "slow operation" {
				lines = append(lines, line)
				if strings.Contains(text, "hunter2") || strings.Contains(text, "Ada") {
					t.Errorf("the line tells a value: %s", text)
				}
			}
		}
		return lines
	}
}

// writer has each line in a diary.
type writer struct{ to *diary }

func (w writer) Write(p []byte) (int, error) { w.to.add(string(p)); return len(p), nil }

func nap(t *testing.T, a *fraiseql.App) {
	t.Helper()
	w := send(a, map[string]any{"query": sleepy, "variables": map[string]any{"name": "Ada"}}, "X-Request-Id", "nap")
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Ada") {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
}

func TestSlowOperationsAreLogged(t *testing.T) {
	t.Parallel()
	a, lines := slowLines(t, func(o *fraiseql.Options) { o.SlowOperation = 50 * time.Millisecond })
	nap(t, a)
	if w := ask(a, `mutation { doze }`); w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	got := lines()
	if len(got) != 2 {
		t.Fatalf("%v", got)
	}
	query, mutation := got[0], got[1]
	if took, _ := query["took"].(float64); query["level"] != "WARN" || query["request_id"] != "nap" || query["operation"] != "query Nap" ||
		query["statements"] != 1.0 || query["bytes"] == 0.0 || time.Duration(took) < 50*time.Millisecond || query["pool_wait"] == nil {
		t.Errorf("%v", query)
	}
	if name, _ := mutation["operation"].(string); !strings.HasPrefix(name, "mutation #") {
		t.Errorf("%v", mutation)
	}
	for _, line := range got {
		if line["plan"] != nil || line["plan_missing"] != nil {
			t.Errorf("nobody asked for a plan: %v", line)
		}
	}
}

// TestSlowOperationIsAThreshold: what is quicker is not told, and nothing is by default.
func TestSlowOperationIsAThreshold(t *testing.T) {
	t.Parallel()
	for name, above := range map[string]time.Duration{"by default": 0, "off": -1, "an hour": time.Hour} {
		a, lines := slowLines(t, func(o *fraiseql.Options) { o.SlowOperation = above })
		nap(t, a)
		if got := lines(); len(got) != 0 {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestSlowOperationPlan: the line has the plan for any values, under the request's settings, and once a minute only.
func TestSlowOperationPlan(t *testing.T) {
	t.Parallel()
	a, lines := slowLines(t, func(o *fraiseql.Options) {
		o.SlowOperation, o.SlowOperationPlan = 50*time.Millisecond, true
		o.Session = func(context.Context) (auth.Settings, error) {
			return auth.Settings{Values: map[string]string{"enable_seqscan": "off"}}, nil // which its plan then tries not to use
		}
	})
	var got []map[string]any
	for n := 1; n <= 2; n++ {
		nap(t, a)
		for end := time.Now().Add(20 * time.Second); len(got) < n; time.Sleep(5 * time.Millisecond) {
			if got = lines(); time.Now().After(end) {
				t.Fatalf("%v", got)
			}
		}
	}
	first, second := got[0], got[1]
	plan, _ := first["plan"].(string)
	if !strings.Contains(plan, "Index Scan") || !strings.Contains(plan, "$1") || strings.Contains(plan, "hunter2") || second["plan"] != nil || second["plan_missing"] != "taken less than a minute ago" {
		t.Errorf("%v, then %v", first, second)
	}
	if s := a.PoolStat(); s.Leased != 0 {
		t.Errorf("a lease is kept: %+v", s)
	}
}

func TestSlowOperationPlanNeedsAThreshold(t *testing.T) {
	t.Parallel()
	o := personOptions("postgres:///x")
	o.SlowOperationPlan = true
	if _, err := fraiseql.New(o); err == nil || !strings.Contains(err.Error(), "SlowOperationPlan is set, and SlowOperation is not") {
		t.Errorf("%v", err)
	}
}
