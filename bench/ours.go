package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/auth"
)

// serveFraiseQL (c) is this project as its documentation sets it up for production: the types come from the annotations in the
// database, all limits are on. Only the long list of -memory needs two of them off.
func serveFraiseQL(ctx context.Context, s settings) (http.Handler, func() error, error) {
	options := fraiseql.Options{
		DatabaseURL:               s.databaseURL,
		Production:                true,
		RateLimit:                 -1, // all load comes from one address
		FailFast:                  true,
		ConnectionPoolSize:        s.pool,
		ConnectionPoolMaxOverflow: -1,
		Logger:                    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	}
	if s.tenant != "" {
		options.Session = func(context.Context) (auth.Settings, error) {
			return auth.Settings{Values: map[string]string{"app.tenant_id": s.tenant}}, nil
		}
	}
	if s.long {
		options.MaxPage, options.MaxCost = -1, -1
	}
	app, err := fraiseql.New(options)
	if err != nil {
		return nil, nil, err
	}
	stop := func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 4*time.Second)
		defer cancel()
		return app.Shutdown(ctx)
	}
	if err := app.Start(ctx); err != nil {
		return nil, nil, errors.Join(err, stop())
	}
	return app, stop, nil
}
