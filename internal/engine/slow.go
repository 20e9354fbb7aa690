package engine

import (
	"context"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/compile"
	"github.com/fraiseql/fraiseql-go/internal/execute"
)

const (
	planPause = time.Minute // between two plans of one statement
	mostPlans = 4           // of one operation
)

// SlowLog tells of operations that took long: never with variables or literals. It outlives a schema and its engine.
type SlowLog struct {
	above time.Duration
	log   *slog.Logger

	mu    sync.Mutex
	queue chan slow // what waits for its plan; nil: no plans are taken
	ended bool      // nobody takes plans any more; guarded by mu, so that nothing is queued behind the end

	planned map[string]time.Time // when a statement's plan was taken last; Run's own
}

// NewSlowLog makes a log of operations that take longer than above. With plans, Run has to be called.
func NewSlowLog(above time.Duration, plans bool, log *slog.Logger) *SlowLog {
	l := &SlowLog{above: above, log: log}
	if plans {
		l.queue, l.planned = make(chan slow, 1), map[string]time.Time{}
	}
	return l
}

// slow is an operation that is to be told.
type slow struct {
	line       []slog.Attr
	runner     *execute.Runner
	settings   auth.Settings
	statements []*compile.Statement
}

// Run takes the plans, one after another, until ctx ends. Without plans it returns at once.
func (l *SlowLog) Run(ctx context.Context) {
	if l.queue == nil {
		return
	}
	for {
		select {
		case s := <-l.queue:
			l.tell(ctx, append(s.line, l.plans(ctx, s)...))
		case <-ctx.Done():
			l.mu.Lock()
			l.ended = true
			l.mu.Unlock()
			for {
				select {
				case s := <-l.queue:
					l.tell(ctx, s.line)
				default:
					return
				}
			}
		}
	}
}

// add tells of an operation: at once, or with its plans, which others take.
func (l *SlowLog) add(ctx context.Context, s slow) {
	if l.queue != nil && len(s.statements) > 0 {
		l.mu.Lock()
		queued := false
		if !l.ended {
			select {
			case l.queue <- s:
				queued = true
			default:
			}
		}
		l.mu.Unlock()
		if queued {
			return
		}
		s.line = append(s.line, slog.String("plan_missing", "others are being taken"))
	}
	l.tell(ctx, s.line)
}

func (l *SlowLog) tell(ctx context.Context, line []slog.Attr) {
	l.log.LogAttrs(ctx, slog.LevelWarn, "slow operation", line...)
}

// plans takes the plans of an operation's statements, each at most once a minute.
func (l *SlowLog) plans(ctx context.Context, s slow) []slog.Attr {
	now := time.Now()
	maps.DeleteFunc(l.planned, func(_ string, at time.Time) bool { return now.Sub(at) >= planPause })
	var found []string
	why := "taken less than a minute ago"
	for _, statement := range s.statements {
		if _, recent := l.planned[statement.SQL]; recent || len(found) == mostPlans {
			continue
		}
		plan, err := s.runner.Explain(ctx, s.settings, statement)
		if err != nil {
			why = err.Error()
			break
		}
		l.planned[statement.SQL] = now
		found = append(found, plan)
	}
	if len(found) == 0 {
		return []slog.Attr{slog.String("plan_missing", why)}
	}
	return []slog.Attr{slog.String("plan", strings.Join(found, "\n\n"))}
}

// statementsOf are those of a query's plan. A mutation's call a function, whose inside no plan shows.
func statementsOf(plan *compile.Plan) []*compile.Statement {
	if plan == nil || plan.Writes {
		return nil
	}
	var all []*compile.Statement
	for i := range plan.Roots {
		for _, s := range []*compile.Statement{plan.Roots[i].Facts, plan.Roots[i].Statement} {
			if s != nil {
				all = append(all, s)
			}
		}
	}
	return all
}
