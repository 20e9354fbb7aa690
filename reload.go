package fraiseql

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"

	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/sdldiff"
)

// Reload reads again what the app has read at its start: the database's catalog, and the files with secrets, keys,
// certificates and trusted documents. Requests that begin afterwards are served by what it found, those under way end by
// what they began with, and none fails for it. When something cannot be read, or the declarations do not fit the database any
// more, nothing at all has changed and the error says why. What has changed in the schema is logged.
func (a *App) Reload(ctx context.Context) error {
	a.reloading.Lock()
	defer a.reloading.Unlock()
	return a.reload(ctx, a.live)
}

// Reconfigure is Reload with other options. Of those that have a flag, it takes what says which objects are served (Schemas,
// Expose, NoAutoDiscover), how an operation is limited (MaxPage to MaxCost) and how mutations run, and the size and the
// overflow of the pool; connections above a lower size are closed as they come back. Others that differ from what the
// app was made with are named in the log: they need a restart.
func (a *App) Reconfigure(ctx context.Context, o Options) error {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return err
	}
	a.reloading.Lock()
	defer a.reloading.Unlock()
	next := a.live
	next.takeLive(o)
	for _, p := range Parameters() {
		if !slices.Equal(p.Values(next), p.Values(o)) {
			a.o.Logger.Warn("an option has changed that needs a restart: it stays as it was", "option", p.Field, "flag", "--"+p.Name)
		}
	}
	return a.reload(ctx, next)
}

// takeLive takes the options that can change in a running app.
func (o *Options) takeLive(from Options) {
	o.Schemas, o.Expose, o.NoAutoDiscover = from.Schemas, from.Expose, from.NoAutoDiscover
	o.CompatibleOperators, o.PlainNumbers, o.GlobalNode = from.CompatibleOperators, from.PlainNumbers, from.GlobalNode
	o.MaxPage, o.MaxDepth, o.MaxTokens, o.MaxRootFields = from.MaxPage, from.MaxDepth, from.MaxTokens, from.MaxRootFields
	o.MaxAliases, o.MaxCost = from.MaxAliases, from.MaxCost
	o.MutationsAllOrNothing, o.MutationIsolation, o.MutationRetries = from.MutationsAllOrNothing, from.MutationIsolation, from.MutationRetries
	o.ConnectionPoolSize, o.ConnectionPoolMaxOverflow = from.ConnectionPoolSize, from.ConnectionPoolMaxOverflow
}

// errNoSchema says that there is nothing to reload yet.
var errNoSchema = errors.New("the app has no schema yet: it reads the database by itself as soon as it can")

// reload swaps what is served for what o and the database say now. a.reloading is held.
func (a *App) reload(ctx context.Context, o Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(a.life, cancel)()
	before := a.serving.Load()
	switch {
	case a.life.Err() != nil:
		return ErrStopped
	case before == nil:
		return errNoSchema
	}
	checks, documents, certificate, err := a.reread(o)
	if err != nil {
		return fmt.Errorf("the app goes on as it was: %w", err)
	}
	after, err := a.read(ctx, o, documents)
	if err != nil {
		return fmt.Errorf("the app goes on as it was: %w", err)
	}
	if err := a.register(ctx, after.schema.SDL()); err != nil {
		return fmt.Errorf("the app goes on as it was: %w", err)
	}
	if o.ConnectionPoolSize != a.live.ConnectionPoolSize || o.ConnectionPoolMaxOverflow != a.live.ConnectionPoolMaxOverflow {
		if err := a.pool.Load().Resize(o.ConnectionPoolSize, o.ConnectionPoolMaxOverflow); err != nil {
			return fmt.Errorf("the app goes on as it was: %w", err)
		}
	}
	if checks != nil {
		a.credentials.Store(&checks)
	}
	if certificate != nil {
		a.certificate.Store(certificate)
	}
	a.documents, a.live = documents, o
	a.serving.Store(after)
	a.tellChanges("the schema was read again", before.schema.SDL(), after.schema.SDL())
	return nil
}

// reread reads the files that the options name. The keys of an issuer are not among them: they are fetched when they are due.
func (a *App) reread(o Options) (checks auth.Authenticator, d documents, certificate *tls.Certificate, err error) {
	checks, _, faults := o.readAccess(a.jwks)
	d = a.documents
	if o.TrustedDocuments != "" {
		d, err = o.readDocuments()
		faults = errors.Join(faults, err)
	}
	certificate, err = o.readCertificate()
	return checks, d, certificate, errors.Join(faults, err)
}

// mostToldChanges bounds the warnings that one change of a schema adds to the log.
const mostToldChanges = 20

// compare gives what is different between two schemas, the worst first.
func compare(before, after string) ([]sdldiff.Change, error) {
	if before == after {
		return nil, nil
	}
	was, fault := sdldiff.Read("the schema before", before)
	is, err := sdldiff.Read("the schema now", after)
	if err = errors.Join(fault, err); err != nil {
		return nil, fmt.Errorf("the schemas cannot be compared: %w", err)
	}
	return sdldiff.Compare(was, is), nil
}

// tellChanges logs what is different between two schemas: what is breaking as warnings, the rest for those who debug.
func (a *App) tellChanges(event, before, after string) {
	changes, err := compare(before, after)
	if err != nil {
		a.o.Logger.Warn(event, "error", err)
		return
	}
	breaking := 0
	for _, c := range changes {
		log := a.o.Logger.Debug
		if c.Criticality == sdldiff.Breaking {
			if breaking++; breaking <= mostToldChanges {
				log = a.o.Logger.Warn
			}
		}
		log("schema change", "type", c.Type, "criticality", c.Criticality, "path", c.Path, "message", c.Message)
	}
	a.o.Logger.Info(event, "changes", len(changes), "breaking", breaking)
}
