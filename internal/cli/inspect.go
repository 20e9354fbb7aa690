package cli

import (
	"context"
	"log/slog"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/catalog"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/pool"
	"github.com/fraiseql/fraiseql-go/schema"
)

// ready loads the options with their defaults, and refuses what serve would refuse.
func (o *options) ready(environ []string) (fraiseql.Options, error) {
	loaded, err := o.load(environ)
	if err != nil {
		return loaded, err
	}
	if loaded, err = accepted(loaded); err != nil {
		return loaded, usageError{err}
	}
	return loaded, nil
}

// accepted gives options with their defaults and without a log: what there is to say is printed. New refuses more than Resolve.
func accepted(o fraiseql.Options) (fraiseql.Options, error) {
	o.Logger = slog.New(slog.DiscardHandler)
	if _, err := fraiseql.New(o); err != nil {
		return o, err
	}
	return o.Resolve()
}

// connected opens one connection to the database, under the name of the app's pool.
func connected(ctx context.Context, o fraiseql.Options, use func(*pool.Pool) error) error {
	one, err := pool.Open(ctx, o.DatabaseURL, pool.Options{
		Name: o.ConnectionPoolName, Size: 1, MaxOverflow: -1, FailFast: true, ReadOnly: true,
		StatementTimeout: max(o.StatementTimeout, 0), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	defer func() { _ = one.Close(context.WithoutCancel(ctx)) }()
	return use(one)
}

// read gives what serve would serve of a database, and logs what it leaves out.
func (p *program) read(ctx context.Context, one *pool.Pool, o fraiseql.Options) (*schema.Schema, error) {
	facts, err := catalog.ReadFrom(ctx, one, catalog.Options{Schemas: o.Schemas}, nil)
	if err != nil {
		return nil, err
	}
	built, problems, err := catalog.Build(facts, schema.Declarations{}, building(o))
	log := p.logger(o.Production)
	for _, found := range problems {
		log.Warn("not served as it is", "object", found.Object, "why", found.Message, "cure", found.Cure)
	}
	return built, err
}

// building is what the options say about the schema.
func building(o fraiseql.Options) catalog.BuildOptions {
	return catalog.BuildOptions{
		Discover: !o.NoAutoDiscover, Expose: o.Expose, Title: o.Title, Description: o.Description,
		CompatibleOperators: o.CompatibleOperators, PlainNumbers: o.PlainNumbers, GlobalNode: o.GlobalNode,
	}
}

// limits are what the options say about documents.
func limits(o fraiseql.Options) gqlop.Limits {
	return gqlop.Limits{
		MaxTokens: o.MaxTokens, MaxDepth: o.MaxDepth, MaxRootFields: o.MaxRootFields, MaxAliases: o.MaxAliases,
		NoIntrospection: o.NoIntrospection, NoSuggestions: o.HideForbidden,
	}
}
