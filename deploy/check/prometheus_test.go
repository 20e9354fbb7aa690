package check

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
)

// interval lies between two scrapes, by Prometheus's clock. Ours does not wait for it.
const interval = 15 * time.Second

var language = parser.NewParser(parser.Options{})

// prometheus is Prometheus's own query engine over what /metrics has said.
type prometheus struct {
	engine *promql.Engine
	now    time.Time
	pause  func() time.Duration      // between the scrape before and this one
	series map[string]*promql.Series // by all labels
}

func newPrometheus(t *testing.T) *prometheus {
	t.Helper()
	p := &prometheus{now: time.Now().Truncate(time.Hour), series: map[string]*promql.Series{}, pause: func() time.Duration { return interval }}
	p.engine = promql.NewEngine(promql.EngineOpts{
		Logger: slog.New(slog.DiscardHandler), MaxSamples: 1_000_000, Timeout: time.Minute, Parser: language,
	})
	t.Cleanup(func() {
		if err := p.engine.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// Querier gives the series to the engine.
func (p *prometheus) Querier(int64, int64) (storage.Querier, error) {
	return &storage.MockQuerier{SelectMockFunction: func(_ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
		set := &seriesSet{}
		for _, s := range p.series {
			if !slices.ContainsFunc(matchers, func(m *labels.Matcher) bool { return !m.Matches(s.Metric.Get(m.Name)) }) {
				set.left = append(set.left, *s)
			}
		}
		return set
	}}, nil
}

// seriesSet walks over series.
type seriesSet struct {
	left []promql.Series
	at   promql.Series
}

func (s *seriesSet) Next() bool {
	if len(s.left) == 0 {
		return false
	}
	s.at, s.left = s.left[0], s.left[1:]
	return true
}

func (s *seriesSet) At() storage.Series                { return promql.NewStorageSeries(s.at) }
func (s *seriesSet) Err() error                        { return nil }
func (s *seriesSet) Warnings() annotations.Annotations { return nil }

// live has the time between scrapes be that which has passed.
func (p *prometheus) live() {
	last := time.Now()
	p.pause = func() time.Duration {
		before := last
		last = time.Now()
		return last.Sub(before)
	}
}

// scrape stores what /metrics says, an interval after the last time.
func (p *prometheus) scrape(t *testing.T, url string) {
	t.Helper()
	resp, err := http.Get(url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("/metrics: %d %v", resp.StatusCode, err)
	}
	p.now = p.now.Add(p.pause())
	text, err := textparse.New(body, resp.Header.Get("Content-Type"), labels.NewSymbolTable(), textparse.ParserOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for {
		entry, err := text.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if entry != textparse.EntrySeries {
			continue
		}
		_, _, value := text.Series()
		var series labels.Labels
		text.Labels(&series)
		series = labels.NewBuilder(series).Set("job", "api").Set("instance", "api-0:9090").Labels()
		kept := p.series[series.String()]
		if kept == nil {
			kept = &promql.Series{Metric: series}
			p.series[series.String()] = kept
		}
		kept.Floats = append(kept.Floats, promql.FPoint{T: p.now.UnixMilli(), F: value})
	}
}

// ask evaluates a query at the time of the last scrape.
func (p *prometheus) ask(t *testing.T, query string) promql.Vector {
	t.Helper()
	q, err := p.engine.NewInstantQuery(t.Context(), p, nil, query, p.now)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer q.Close()
	r := q.Exec(t.Context())
	v, err := r.Vector()
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

// missing names the parts of a query for which there is no series: names, labels and each of the values that it lists.
func (p *prometheus) missing(t *testing.T, query string) (absent []string) {
	t.Helper()
	expr, err := language.ParseExpr(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	querier, err := p.Querier(0, p.now.UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	defer querier.Close()
	selects := func(m ...*labels.Matcher) bool {
		return querier.Select(t.Context(), false, nil, m...).Next()
	}
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		vector, ok := n.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		name := labels.MustNewMatcher(labels.MatchEqual, model.MetricNameLabel, vector.Name)
		for _, m := range vector.LabelMatchers {
			for _, value := range append(m.SetMatches(), m.Value) {
				one := m
				if value != m.Value {
					one = labels.MustNewMatcher(labels.MatchEqual, m.Name, value)
				}
				if !selects(name, one) {
					absent = append(absent, vector.Name+"{"+one.String()+"}")
				}
			}
			if !selects(name, labels.MustNewMatcher(labels.MatchNotEqual, m.Name, "")) {
				absent = append(absent, vector.Name+" has no label "+m.Name)
			}
		}
		return nil
	})
	return absent
}
