package fraiseql

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/console"
	"github.com/fraiseql/fraiseql-go/internal/engine"
	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/internal/ops"
	"github.com/fraiseql/fraiseql-go/pool"
	"github.com/fraiseql/fraiseql-go/schema"
)

// App serves one API from one database. It is an [http.Handler] from the moment it is made:
// until it is started, and again while it stops, it answers 503 with Retry-After. Several apps
// in one process share nothing.
//
//	app, err := fraiseql.New(fraiseql.Options{…})
//	…
//	err = app.Run(ctx, ":8000") // until ctx ends
//
// In a server of your own, call Start, mount the app, and call Shutdown at the end.
type App struct {
	o            Options
	declarations schema.Declarations
	routes       http.Handler // the paths of the app
	admin        http.Handler // /metrics and /pool, for a second address

	serving atomic.Pointer[serving]   // nil: not ready
	pool    atomic.Pointer[pool.Pool] // nil: not started
	console *console.Console          // the last minutes of the pool, for /pool
	looks   sync.WaitGroup            // the goroutines that it and slow run on; Start begins them, Shutdown waits for them
	slow    *engine.SlowLog           // of SlowOperation, else nil; Start sets it, before there is a serving
	metrics *ops.Requests             // of what clients ask
	export  *ops.Export               // into MeterProvider; Start sets it, Shutdown waits for Start
	jwks    *auth.JWKS                // of JWKSURL; Start sets it, Shutdown waits for Start
	unready atomic.Pointer[error]     // why the app is not ready

	credentials atomic.Pointer[auth.Authenticator] // what the files with secrets and keys make

	certificate atomic.Pointer[tls.Certificate] // of TLSCertFile; Run and Serve set it
	documents   documents                       // Start sets it, before there is a serving, and Reload then

	reloading sync.Mutex // one Reload at a time, and none once the app has stopped
	live      Options    // o with what Reconfigure has changed; guarded by reloading

	requests gate

	life    context.Context // ends when the app begins to stop
	endLife context.CancelFunc

	mu       sync.Mutex
	claimed  bool          // Run or Serve was called
	started  bool          // Start was called, or is by them
	stopping bool          // Shutdown was called
	starting chan struct{} // closed when nothing of Start is running any more

	stopOnce sync.Once
	stopped  chan struct{}
	stopErr  error // set before stopped is closed
	hardCtx  context.Context
	cut      context.CancelFunc // ends requests that outlast the shutdown
}

// serving is what one schema is served by. A request sees one from end to end.
type serving struct {
	schema *schema.Schema
	engine *engine.Engine
}

// ErrNotStarted says that something needs a started app.
var ErrNotStarted = errors.New("the app is not started: call Start or Run first")

// ErrStopped says that an app was stopped: it cannot be started again.
var ErrStopped = errors.New("the app is stopped: make a new one")

// New makes an app. It checks the options and the declarations, and reports every fault in
// them at once; it opens nothing and asks nobody.
func New(o Options) (*App, error) {
	o = o.withDefaults()
	declarations, faults := declare(o)
	if err := errors.Join(o.validate(), faults); err != nil {
		return nil, err
	}
	a := &App{o: o, live: o, declarations: declarations, stopped: make(chan struct{}), starting: make(chan struct{})}
	a.life, a.endLife = context.WithCancel(context.Background())
	a.hardCtx, a.cut = context.WithCancel(context.Background())
	a.requests.empty = make(chan struct{}, 1)
	a.because(ErrNotStarted)
	if err := a.route(); err != nil {
		a.endLife()
		a.cut()
		return nil, err
	}
	return a, nil
}

// ServeHTTP serves the paths of the app: /graphql, /health, /ready and the others.
func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.routes.ServeHTTP(w, r) }

// Handler is the app as a handler for any router; it is the app itself.
func (a *App) Handler() http.Handler { return a }

// AdminHandler serves /metrics and /pool, for those who run a server of their own for
// Options.AdminAddr.
func (a *App) AdminHandler() http.Handler { return a.admin }

// Schema is the schema in GraphQL's schema definition language; empty until the app has read
// the database.
func (a *App) Schema() string {
	if s := a.serving.Load(); s != nil {
		return s.schema.SDL()
	}
	return ""
}

// PoolStat gives the numbers of the connection pool; zeros beside its name before
// the app is started.
func (a *App) PoolStat() pool.Stat {
	if p := a.pool.Load(); p != nil {
		return p.Stat()
	}
	return pool.Stat{Name: a.o.ConnectionPoolName}
}

// poolBudget gives the pool's connection budget; false until the database told its side.
func (a *App) poolBudget() (pool.Budget, bool) {
	if p := a.pool.Load(); p != nil {
		return p.Budget()
	}
	return pool.Budget{}, false
}

// poolLeases describes the pool's leases; none before the app is started.
func (a *App) poolLeases() []pool.LeaseInfo {
	if p := a.pool.Load(); p != nil {
		return p.Leases()
	}
	return nil
}

// Ready tells why the app cannot serve now, or nil when it can. The reason is for operators:
// it names hosts, but no passwords.
func (a *App) Ready(ctx context.Context) error {
	if a.requests.closed.Load() {
		return errShuttingDown
	}
	if a.serving.Load() == nil {
		if err := a.unready.Load(); err != nil {
			return *err
		}
	}
	if p := a.pool.Load(); p != nil {
		return p.Ready(ctx)
	}
	return ErrNotStarted
}

var errShuttingDown = errors.New("the app is shutting down")

func (a *App) because(err error) { a.unready.Store(&err) }

// executor lets requests reach the schema that is served at the moment.
type executor struct{ *App }

// Execute answers a request.
func (e executor) Execute(ctx context.Context, r *gqlop.Request, out io.Writer) error {
	s := e.serving.Load()
	if s == nil {
		return e.notReady()
	}
	return s.engine.Execute(ctx, r, out)
}

// notReady tells clients to come again; nil when requests can be served.
func (a *App) notReady() *fault.Error {
	var e *fault.Error
	switch {
	case a.requests.closed.Load():
		e = fault.New(fault.ShuttingDown, "the server is shutting down: try again")
	case a.serving.Load() == nil:
		e = fault.New(fault.NotReady, "the server is not ready yet: try again")
	default:
		return nil
	}
	e.RetryAfter = retryAfter
	return e
}

// gate counts the requests under way and can be closed. A request is counted before it looks
// whether the gate is closed, so that none slips through between closing and waiting.
type gate struct {
	running atomic.Int64
	closed  atomic.Bool
	empty   chan struct{} // gets a value when the last one left a closed gate
}

func (g *gate) enter() { g.running.Add(1) }

func (g *gate) leave() {
	if g.running.Add(-1) == 0 && g.closed.Load() {
		select {
		case g.empty <- struct{}{}:
		default:
		}
	}
}

// wait returns when no request is under way, or gives the number of those that are when ctx
// ends.
func (g *gate) wait(ctx context.Context) int64 {
	for {
		n := g.running.Load()
		if n == 0 {
			return 0
		}
		select {
		case <-g.empty:
		case <-ctx.Done():
			return g.running.Load()
		}
	}
}
