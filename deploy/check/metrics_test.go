package check

import (
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

const sql = `
CREATE VIEW v_thing AS SELECT 1 AS id, 'a' AS name;
COMMENT ON VIEW v_thing IS E'@fraiseql:type\nkey: [id]\nqueries: {list: things}';
CREATE VIEW v_slow AS SELECT 1 AS id, pg_sleep(1)::text AS name;
COMMENT ON VIEW v_slow IS E'@fraiseql:type\nkey: [id]\nqueries: {list: slows}';`

const quick, slow = `{ things { name } }`, `{ slows { name } }`

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

// serve starts an app whose pool has one connection and no patience.
func serve(t *testing.T) *apptest.Site {
	t.Helper()
	return apptest.Serve(t, fraiseql.Options{ConnectionPoolTimeout: 50 * time.Millisecond}, sql)
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
	p, s := newPrometheus(t), serve(t)
	steady(t, p, s, 8, quick, quick)
	all := panels(t)
	if len(all) < 20 {
		t.Errorf("the dashboard has %d queries", len(all))
	}
	for name, query := range all {
		for _, absent := range p.missing(t, query) {
			t.Errorf("%s: there is no series %s in %s", name, absent, query)
		}
		if len(p.ask(t, query)) == 0 {
			t.Errorf("%s gives nothing: %s", name, query)
		}
	}
}

// TestAlerts: each alert reads what is there, its page exists, and it fires when it should and only then.
func TestAlerts(t *testing.T) {
	all := rules(t)
	cases := []struct {
		name  string
		cause func(t *testing.T, p *prometheus, s *apptest.Site)
		fires []string
	}{
		{"a good day", func(t *testing.T, p *prometheus, s *apptest.Site) { steady(t, p, s, 12, quick, quick) }, nil},
		{"exhausted", func(t *testing.T, p *prometheus, s *apptest.Site) {
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
		}, []string{"FraiseQLPoolExhausted", "FraiseQLErrors", "FraiseQLSlow"}},
		{"down", func(t *testing.T, p *prometheus, s *apptest.Site) {
			steady(t, p, s, 2, quick)
			s.Link.Reject(true)
			s.Link.RST()
			apptest.Until(t, "the pool is down", func() bool {
				s.Send(t, quick, nil)
				return s.App.PoolStat().State.String() == "down"
			})
			steady(t, p, s, 4, quick)
		}, []string{"FraiseQLDatabaseDown", "FraiseQLErrors"}},
	}
	fired := map[string]bool{}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p, s := newPrometheus(t), serve(t)
			p.scrape(t, s.URL)
			c.cause(t, p, s)
			for _, name := range slices.Sorted(maps.Keys(all)) {
				rule := all[name]
				for _, absent := range p.missing(t, rule.Expr) {
					t.Errorf("%s: there is no series %s", name, absent)
				}
				got, want := len(p.ask(t, rule.Expr)) > 0, slices.Contains(c.fires, name)
				if want && !got {
					t.Errorf("%s does not fire: %s", name, rule.Expr)
				}
				if got && len(c.fires) == 0 {
					t.Errorf("%s fires: %s", name, rule.Expr)
				}
				fired[name] = fired[name] || got
			}
		})
	}
	for name, rule := range all {
		page := rule.Annotations["runbook"]
		if page == "" || rule.Annotations["summary"] == "" || rule.Labels["severity"] == "" {
			t.Errorf("%s lacks a runbook, a summary or a severity", name)
		}
		_ = read(t, "..", page)
		if _, err := language.ParseExpr(rule.Expr); err != nil {
			t.Error(err)
		}
	}
}
