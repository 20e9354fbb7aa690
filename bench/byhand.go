package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// input holds the variables of all requests: what a handler written by hand reads from a body such as {"offset": 3}.
type input struct {
	ID     string `json:"id"`
	Offset int    `json:"offset"`
}

// serveByHand (b1) is the service that a good Go engineer writes without a framework: net/http, pgxpool, one statement for each
// request in which PostgreSQL makes the JSON, and its text copied into the answer.
func serveByHand(ctx context.Context, s settings) (http.Handler, func() error, error) {
	config, err := pgxpool.ParseConfig(s.databaseURL)
	if err != nil {
		return nil, nil, err
	}
	config.MaxConns = int32(s.pool)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, nil, err
	}
	answer := func(field, statement string, argument func(input) any) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			var in input
			if err := json.NewDecoder(r.Body).Decode(&in); err != nil && !errors.Is(err, io.EOF) {
				http.Error(w, "the body is not JSON: "+err.Error(), http.StatusBadRequest)
				return
			}
			var args []any
			if argument != nil {
				args = append(args, argument(in))
			}
			value := []byte("null")
			err := ask(r.Context(), pool, s.tenant, statement, args).Scan(&value)
			if err != nil && !errors.Is(err, pgx.ErrNoRows) {
				http.Error(w, "database: "+err.Error(), http.StatusInternalServerError)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"data":{"%s":%s}}`, field, value)
		}
	}
	offset := func(in input) any { return in.Offset }
	mux := http.NewServeMux()
	mux.HandleFunc("POST /one", answer("user", oneByHand, func(in input) any { return in.ID }))
	mux.HandleFunc("POST /list", answer("users", listByHand, offset))
	mux.HandleFunc("POST /nested", answer("posts", nestedByHand, offset))
	mux.HandleFunc("POST /readings", answer("readings", `SELECT coalesce(json_agg(r), '[]') FROM (`+readingsSQL+`) r`, nil))
	return mux, func() error { pool.Close(); return nil }, nil
}

// ask sends the statement; a tenant's setting goes ahead of it in the same batch, which is one
// round trip and one transaction. Row-level security would read it there.
func ask(ctx context.Context, pool *pgxpool.Pool, tenant, statement string, args []any) pgx.Row {
	if tenant == "" {
		return pool.QueryRow(ctx, statement, args...)
	}
	batch := new(pgx.Batch)
	batch.Queue(`SELECT set_config('app.tenant_id', $1, true)`, tenant)
	batch.Queue(statement, args...)
	results := pool.SendBatch(ctx, batch)
	return scanned(func(dest ...any) error {
		var set string
		err := results.QueryRow().Scan(&set)
		if err == nil {
			err = results.QueryRow().Scan(dest...)
		}
		return errors.Join(err, results.Close())
	})
}

// scanned is a row that a function reads.
type scanned func(dest ...any) error

func (f scanned) Scan(dest ...any) error { return f(dest...) }
