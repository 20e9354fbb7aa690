package fraiseql

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/catalog"
	"github.com/fraiseql/fraiseql-go/internal/engine"
	"github.com/fraiseql/fraiseql-go/internal/execute"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/internal/ops"
	"github.com/fraiseql/fraiseql-go/pool"
)

const (
	retryAfter = time.Second      // what clients are told while the app is not ready
	healFirst  = time.Second      // between two tries to read the database's catalog
	healMost   = 15 * time.Second // the longest such pause
	failGrace  = 5 * time.Second  // for clearing up after a start that failed, and for OnShutdown when its context has ended
)

// Start opens the connection pool, reads the database's catalog, makes the schema and runs
// Options.OnStart; then the app serves.
//
// Declarations that do not fit the database are an error, and so are a pool that may need more
// connections than the database has and an error of OnStart; the app has stopped then, OnShutdown
// included. A database that cannot be reached is no error
// unless Options.FailFast is set: Start returns nil, the app answers 503, tells the reason at
// /ready, and goes on trying until Shutdown. What is wrong with a database that is reached
// only then is told at /ready and in the log.
func (a *App) Start(ctx context.Context) error {
	if err := a.begin(false); err != nil {
		return err
	}
	return a.launch(ctx)
}

// launch is Start once nobody else can start the app.
func (a *App) launch(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(a.life, cancel)()
	giveUp := func(err error) error {
		a.because(err)
		close(a.starting)
		clearing, cancel := context.WithTimeout(context.WithoutCancel(ctx), failGrace)
		defer cancel()
		return errors.Join(err, a.Shutdown(clearing))
	}
	ended := true
	defer func() {
		if ended { // by runtime.Goexit, as a test's Fatal does it
			_ = giveUp(errors.New("OnStart ended its goroutine"))
		}
	}()
	ready, err := a.start(ctx)
	ended = false
	if err != nil {
		return giveUp(err)
	}
	if ready {
		close(a.starting)
		return nil
	}
	go func() {
		defer close(a.starting)
		a.heal(a.life)
	}()
	return nil
}

var errStarted = errors.New("the app is started already: Start and Run are for once")

// claim gives Run and Serve the app for themselves, before they listen: a second one, and a Start, find it taken and leave
// it alone.
func (a *App) claim() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.stopping:
		return ErrStopped
	case a.started, a.claimed:
		return errStarted
	}
	a.claimed = true
	return nil
}

// begin notes the start by whoever has claimed the app, or by a caller of Start, who has not.
func (a *App) begin(claimed bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.stopping:
		return ErrStopped
	case a.started, a.claimed != claimed:
		return errStarted
	}
	a.started = true
	return nil
}

// start does what Start waits for. It gives false when the database is to be waited for in the
// background.
func (a *App) start(ctx context.Context) (ready bool, err error) {
	a.warnOfAccess()
	if err := a.openAccess(ctx); err != nil {
		return false, err
	}
	if a.documents, err = a.o.readDocuments(); err != nil {
		return false, err
	}
	o := a.o.pool()
	o.Trace = &pool.Trace{}
	if a.o.MeterProvider != nil {
		if a.export, err = ops.NewExport(a.o.MeterProvider, a.o.ConnectionPoolName, Version(), a.PoolStat); err != nil {
			return false, fmt.Errorf("MeterProvider: %w", err)
		}
		*o.Trace = *a.export.Trace()
	}
	o.Trace.StateChanged = a.console.StateChanged
	p, err := pool.Open(ctx, a.o.DatabaseURL, o)
	if err != nil {
		return false, fmt.Errorf("opening the connection pool: %w", err)
	}
	a.pool.Store(p)
	a.looks.Go(a.console.Run)
	if a.o.SlowOperation > 0 {
		a.slow = engine.NewSlowLog(a.o.SlowOperation, a.o.SlowOperationPlan, a.o.Logger)
		a.looks.Go(func() { a.slow.Run(a.life) })
	}
	if err := p.Ready(ctx); err != nil {
		return false, a.absent(ctx, err)
	}
	s, err := a.read(ctx, a.o, a.documents)
	if err != nil {
		if gone := p.Ready(ctx); gone != nil { // it went while it was being read
			return false, a.absent(ctx, gone)
		}
		return false, err
	}
	if err := a.hook(ctx, "OnStart", a.o.OnStart); err != nil {
		return false, err
	}
	if err := a.serveBy(ctx, s); err != nil {
		return false, err
	}
	return true, nil
}

// absent decides what it means that the pool is not ready. A database that has too few
// connections for it is an error; so is one that cannot be reached, under FailFast or when the
// caller gave up, else it is something to wait for.
func (a *App) absent(ctx context.Context, err error) error {
	if gaveUp := ctx.Err(); gaveUp != nil && !errors.Is(err, gaveUp) {
		err = fmt.Errorf("%w: %w", gaveUp, err) // whoever stopped it must be able to tell
	}
	var unavailable *pool.AcquireError
	if a.o.FailFast || ctx.Err() != nil || !errors.As(err, &unavailable) {
		return fmt.Errorf("reaching the database: %w", err)
	}
	a.because(fmt.Errorf("the database cannot be reached: %w", err))
	a.o.Logger.Warn("the database cannot be reached: answering 503 until it can", "error", err)
	return nil
}

// heal tries to read the database until it can be served or the app stops. Each new reason is
// logged once.
func (a *App) heal(ctx context.Context) {
	last := ""
	for pause := healFirst; ; pause = min(2*pause, healMost) {
		s, err := a.read(ctx, a.o, a.documents)
		if err == nil {
			if err = a.hook(ctx, "OnStart", a.o.OnStart); err != nil { // it runs once, so there is nothing to try again
				a.because(err)
				a.o.Logger.Error("the app stays not ready: OnStart went wrong", "error", err)
				return
			}
			if err = a.serveBy(ctx, s); err != nil {
				a.because(err)
				a.o.Logger.Error("the app stays not ready", "error", err)
				return
			}
			a.o.Logger.Info("the database is there: serving")
			return
		}
		if ctx.Err() != nil {
			return
		}
		var unavailable *pool.AcquireError
		if errors.As(err, &unavailable) {
			a.because(fmt.Errorf("the database cannot be reached: %w", err))
		} else {
			a.because(err)
		}
		if text := err.Error(); text != last && unavailable == nil {
			last = text
			a.o.Logger.Error("the app is not ready: the database is there, but cannot be served; trying again", "error", err)
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// read makes what serves out of the database's catalog and the declarations.
func (a *App) read(ctx context.Context, o Options, d documents) (*serving, error) {
	p := a.pool.Load()
	var sources []string
	for _, t := range a.declarations.Types {
		if t.Source != "" {
			sources = append(sources, t.Source)
		}
	}
	var functions []string
	for _, m := range a.declarations.Mutations {
		if m.Function != "" {
			functions = append(functions, m.Function)
		}
	}
	facts, err := catalog.ReadFrom(ctx, p, catalog.Options{Schemas: o.Schemas, Sources: sources, Functions: functions}, a.checkRole)
	if err != nil {
		return nil, err
	}
	built, problems, err := catalog.Build(facts, a.declarations, catalog.BuildOptions{
		Discover: !o.NoAutoDiscover, Expose: o.Expose, Title: o.Title, Description: o.Description,
		CompatibleOperators: o.CompatibleOperators, PlainNumbers: o.PlainNumbers, GlobalNode: o.GlobalNode,
	})
	for _, found := range problems {
		if !found.Fatal {
			o.Logger.Warn("not served as it is", "object", found.Object, "why", found.Message, "cure", found.Cure)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the declarations do not fit the database: %w", err)
	}
	e, err := engine.New(engine.Config{
		Pool: p, Schema: built, Persisted: d.store,
		Limits: gqlop.Limits{
			MaxTokens: o.MaxTokens, MaxDepth: o.MaxDepth, MaxRootFields: o.MaxRootFields, MaxAliases: o.MaxAliases,
			NoIntrospection: o.NoIntrospection, NoSuggestions: o.HideForbidden,
		},
		MaxPage: max(o.MaxPage, 0), MaxCost: max(o.MaxCost, 0),
		Session:    a.session(),
		Authorizer: a.authorizer(), Conceal: o.HideForbidden,
		BufferBytes: max(o.BufferBytes, 0),
		Production:  o.Production, Logger: o.Logger,

		AllOrNothing: o.MutationsAllOrNothing, Isolation: o.MutationIsolation, Retries: max(o.MutationRetries, 0),
		Constraints: constraints(facts),

		Tracer: a.tracer(), Database: a.database(), Slow: a.slow, OnAnswer: a.observe,
	})
	if err != nil {
		return nil, fmt.Errorf("making the engine: %w", err)
	}
	if e.Guards() && a.authenticator() == nil && o.Context == nil {
		o.Logger.Warn("something requires a role or a scope, and without Auth nobody has one: it is FORBIDDEN to everybody; set Auth, JWKSURL, JWTPublicKeyFiles, JWTSecretFile or APIKeysFile")
	}
	d.check(e, o.Logger)
	return &serving{schema: built, engine: e}, nil
}

// constraints are what the catalog knows of them, for errors.
func constraints(f *catalog.Facts) map[execute.ConstraintName]execute.Constraint {
	all := make(map[execute.ConstraintName]execute.Constraint, len(f.Constraints))
	for _, c := range f.Constraints {
		all[execute.ConstraintName{Schema: c.Schema, Table: c.Table, Name: c.Name}] = execute.Constraint{Columns: c.Columns, Text: c.Text}
	}
	return all
}

// session is the function of the options, or the one that their table makes; nil for none.
func (a *App) session() func(context.Context) (auth.Settings, error) {
	session := a.o.Session
	if len(a.o.SessionClaims) > 0 {
		session, _ = auth.SessionFromClaims(a.o.SessionClaims) // New has refused a table with faults
	}
	if session == nil {
		return nil
	}
	return func(ctx context.Context) (auth.Settings, error) {
		s, err := session(ctx)
		return s, told(err)
	}
}

// authorizer is the user's own with its errors in the form that travels inside; nil for none.
func (a *App) authorizer() auth.Authorizer {
	if a.o.Authorizer == nil {
		return nil
	}
	return auth.AuthorizerFunc(func(ctx context.Context, access auth.Access) (auth.Decision, error) {
		d, err := a.o.Authorizer.Authorize(ctx, access)
		return d, told(err)
	})
}

// checkRole warns of a role under which row-level security means nothing.
func (a *App) checkRole(ctx context.Context, c pgx.Tx) error {
	if !a.o.Production {
		return nil
	}
	var role string
	var super, bypass bool
	err := c.QueryRow(ctx, `SELECT rolname, rolsuper, rolbypassrls FROM pg_catalog.pg_roles WHERE rolname = current_user`).Scan(&role, &super, &bypass)
	if err != nil {
		return fmt.Errorf("looking up the database role: %w", err)
	}
	why := "BYPASSRLS"
	if super {
		why = "SUPERUSER"
	}
	if super || bypass {
		a.o.Logger.Warn("the database role goes past row-level security: connect as a role without "+why, "role", role)
	}
	return nil
}

// hook runs a function of the user's; a panic in it is an error, so that what was opened is
// closed all the same.
func (a *App) hook(ctx context.Context, name string, f func(context.Context, *App) error) (err error) {
	if f == nil {
		return nil
	}
	defer func() {
		if r := recover(); r != nil {
			a.o.Logger.Error("Options."+name+" panicked", "panic", r, "stack", string(debug.Stack()))
			err = fmt.Errorf("%s panicked: %v", name, r)
		}
	}()
	if err := f(ctx, a); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// farewell runs OnShutdown. It is waited for until ctx ends and failGrace longer, since the requests may have used up all of
// ctx: then the pool is closed under it, as it is when OnShutdown ends its goroutine.
func (a *App) farewell(ctx context.Context) error {
	if a.o.OnShutdown == nil {
		return nil
	}
	ended := make(chan error, 1)
	go func() {
		err := errors.New("OnShutdown ended its goroutine")
		defer func() { ended <- err }()
		err = a.hook(ctx, "OnShutdown", a.o.OnShutdown)
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	timer := time.NewTimer(failGrace)
	defer timer.Stop()
	select {
	case err := <-ended:
		return err
	case <-timer.C:
		return fmt.Errorf("OnShutdown has not returned within %v of the end of its context: the connections are closed under it", failGrace)
	}
}

// Shutdown stops the app: it is not ready any more, new requests are answered 503, those under
// way may finish until ctx ends and are cut off then, Options.OnShutdown runs, and the
// connections are closed. It may be called again and at the same time: each call waits under
// its own ctx, and the first one's is the limit for the requests.
func (a *App) Shutdown(ctx context.Context) error {
	a.stopOnce.Do(func() {
		a.requests.closed.Store(true)
		a.mu.Lock()
		a.stopping = true
		started := a.started
		a.mu.Unlock()
		a.endLife()
		go a.drain(ctx, started)
	})
	select {
	case <-a.stopped:
		return a.stopErr
	default:
	}
	select {
	case <-a.stopped:
		return a.stopErr
	case <-ctx.Done():
		return fmt.Errorf("shutting down: %w", context.Cause(ctx))
	}
}

func (a *App) drain(ctx context.Context, started bool) {
	defer close(a.stopped)
	defer a.cut()
	if !started {
		return
	}
	<-a.starting
	a.reloading.Lock() // which ends with the app's life
	defer a.reloading.Unlock()
	var faults []error
	if left := a.requests.wait(ctx); left > 0 {
		faults = append(faults, fmt.Errorf("%d requests did not end in time and were cut off", left))
		a.cut()
	}
	faults = append(faults, a.farewell(ctx), a.closeAccess(ctx))
	if p := a.pool.Load(); p != nil {
		if err := p.Close(ctx); err != nil {
			faults = append(faults, fmt.Errorf("closing the connection pool: %w", err))
		}
	}
	a.looks.Wait() // it ends with the app's life
	if a.export != nil {
		if err := a.export.Stop(); err != nil {
			faults = append(faults, fmt.Errorf("taking the pool's metrics out of the meter provider: %w", err))
		}
	}
	if a.stopErr = errors.Join(faults...); a.stopErr != nil {
		a.o.Logger.LogAttrs(ctx, slog.LevelWarn, "the app did not stop in order", slog.Any("error", a.stopErr))
	}
}
