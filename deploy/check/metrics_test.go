package check

import (
	"encoding/json"
	"log/slog"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/pool"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

const sql = `
CREATE VIEW v_thing AS SELECT 1 AS id, 'a' AS name;
COMMENT ON VIEW v_thing IS E'@fraiseql:type\nkey: [id]\nqueries: {list: things}';
CREATE VIEW v_slow AS SELECT 1 AS id, pg_sleep(1)::text AS name;
COMMENT ON VIEW v_slow IS E'@fraiseql:type\nkey: [id]\nqueries: {list: slows}';
CREATE VIEW v_report AS SELECT 1 AS id, pg_sleep(10.5)::text AS name;
COMMENT ON VIEW v_report IS E'@fraiseql:type\nkey: [id]\nqueries: {list: reports}';`

const quick, slow, report = `{ things { name } }`, `{ slows { name } }`, `{ reports { name } }`

// rules are the alerts by name.
func rules(t *testing.T) map[string]rulefmt.Rule {
	t.Helper()
	groups, errs := rulefmt.Parse(read(t, "prometheus", "alerts.yaml"), false, model.UTF8Validation, language, slog.New(slog.DiscardHandler))
	for _, err := range errs {
		t.Error(err)
	}
	if t.Failed() {
		t.FailNow()
	}
	all := map[string]rulefmt.Rule{}
	for _, g := range groups.Groups {
		for _, r := range g.Rules {
			all[r.Alert] = r
		}
	}
	return all
}

// panels are the queries of the dashboard by their panel's title and letter.
func panels(t *testing.T) map[string]string {
	t.Helper()
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ RefID, Expr string }
		}
	}
	if err := json.Unmarshal(read(t, "grafana", "fraiseql.json"), &dashboard); err != nil {
		t.Fatal(err)
	}
	variables := strings.NewReplacer("$job", ".*", "$instance", ".*", "$__rate_interval", "1m")
	all := map[string]string{}
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			all[p.Title+" "+target.RefID] = variables.Replace(target.Expr)
		}
	}
	return all
}

// serve starts an app whose pool has one connection, for which requests wait so long.
func serve(t *testing.T, patience time.Duration) *apptest.Site {
	t.Helper()
	return apptest.Serve(t, fraiseql.Options{ConnectionPoolTimeout: patience}, sql)
}

// steady sends queries between scrapes.
func steady(t *testing.T, p *prometheus, s *apptest.Site, scrapes int, queries ...string) {
	t.Helper()
	for range scrapes {
		for _, q := range queries {
			s.Send(t, q, nil)
		}
		p.scrape(t, s.URL)
	}
}

// TestDashboard: every query of every panel finds what it names in a real /metrics, and gives a number.
func TestDashboard(t *testing.T) {
	p, s := newPrometheus(t), serve(t, time.Minute)
	steady(t, p, s, 6, quick, quick)
	s.Link.RST() // so that a connection is made while it is watched
	steady(t, p, s, 2, quick, quick, `{ nothing }`)
	all := panels(t)
	if len(all) < 20 {
		t.Errorf("the dashboard has %d queries", len(all))
	}
	for name, query := range all {
		for _, absent := range p.missing(t, query) {
			t.Errorf("%s: there is no series %s in %s", name, absent, query)
		}
		numbers := slices.DeleteFunc(p.ask(t, query), func(s promql.Sample) bool { return math.IsNaN(s.F) })
		if len(numbers) == 0 {
			t.Errorf("%s gives no number: %s", name, query)
		}
	}
}

// cause is what happens to an app, and which alerts it fires.
type cause struct {
	name     string
	patience time.Duration // of requests for the only connection
	happens  func(t *testing.T, p *prometheus, s *apptest.Site)
	window   string   // in the place of 5m, for what lasts some seconds
	fires    []string // sorted
	slow     string   // fires too where connecting takes long
}

var causes = []cause{
	{"a good day", time.Minute, func(t *testing.T, p *prometheus, s *apptest.Site) { steady(t, p, s, 12, quick, quick) }, "5m", nil, ""},
	{"exhausted", 50 * time.Millisecond, func(t *testing.T, p *prometheus, s *apptest.Site) {
		for range 8 {
			held := make(chan struct{})
			go func() {
				defer close(held)
				s.Send(t, slow, nil)
			}()
			apptest.Until(t, "the connection is lent", func() bool { return s.App.PoolStat().Leased == 1 })
			s.Send(t, quick, nil)
			<-held
			p.scrape(t, s.URL)
		}
	}, "5m", []string{"FraiseQLErrors", "FraiseQLPoolExhausted", "FraiseQLSlow"}, ""},
	{"saturated", time.Minute, func(t *testing.T, p *prometheus, s *apptest.Site) {
		p.live()
		for range 4 {
			var asking sync.WaitGroup
			for range 3 {
				asking.Go(func() { s.Send(t, slow, nil) })
			}
			asking.Wait()
			p.scrape(t, s.URL)
		}
	}, "10s", []string{"FraiseQLPoolBusy", "FraiseQLPoolWaits", "FraiseQLSlow"}, ""},
	{"held", time.Minute, func(t *testing.T, p *prometheus, s *apptest.Site) { steady(t, p, s, 2, report) }, "5m", []string{"FraiseQLHeldLong", "FraiseQLSlow"}, ""},
	{"down", time.Minute, func(t *testing.T, p *prometheus, s *apptest.Site) {
		steady(t, p, s, 2, quick)
		s.Link.Reject(true)
		s.Link.RST()
		apptest.Until(t, "the pool is down", func() bool {
			s.Send(t, quick, nil)
			return s.App.PoolStat().State == pool.StateDown
		})
		steady(t, p, s, 4, quick)
	}, "5m", []string{"FraiseQLDatabaseDown", "FraiseQLErrors"}, ""},
	{"broken again and again", time.Minute, func(t *testing.T, p *prometheus, s *apptest.Site) {
		for range 12 {
			for range 3 {
				s.Link.RST()
				s.Send(t, quick, nil)
			}
			p.scrape(t, s.URL)
		}
	}, "5m", []string{"FraiseQLReconnects"}, "FraiseQLPoolWaits"},
}

// TestAlerts: each alert reads what is there, and fires when it should and only then.
func TestAlerts(t *testing.T) {
	all := rules(t)
	for _, c := range causes {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, s := newPrometheus(t), serve(t, c.patience)
			p.scrape(t, s.URL)
			c.happens(t, p, s)
			var fired []string
			for _, name := range slices.Sorted(maps.Keys(all)) {
				for _, absent := range p.missing(t, all[name].Expr) {
					t.Errorf("%s: there is no series %s", name, absent)
				}
				if len(p.ask(t, strings.ReplaceAll(all[name].Expr, "[5m]", "["+c.window+"]"))) > 0 && name != c.slow {
					fired = append(fired, name)
				}
			}
			if !slices.Equal(fired, c.fires) {
				t.Errorf("%q fire, and should %q", fired, c.fires)
			}
		})
	}
}

// TestEachAlertHasACause: there is no alert that no test has seen fire, and each names a page that is there.
func TestEachAlertHasACause(t *testing.T) {
	for name, rule := range rules(t) {
		if !slices.ContainsFunc(causes, func(c cause) bool { return slices.Contains(c.fires, name) }) {
			t.Errorf("nothing fires %s", name)
		}
		page := rule.Annotations["runbook"]
		if page == "" || rule.Annotations["summary"] == "" || rule.Labels["severity"] == "" {
			t.Errorf("%s lacks a runbook, a summary or a severity", name)
		}
		if text := string(read(t, "..", page)); !strings.Contains(text, name) {
			t.Errorf("%s does not name the alert %s that leads to it", page, name)
		}
	}
}
