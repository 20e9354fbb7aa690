package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fraiseql/fraiseql-go/internal/catalog"
	"github.com/fraiseql/fraiseql-go/pool"
)

const (
	lockPatience = 500 * time.Millisecond // for running requests to end; below PostgreSQL's deadlock_timeout, so that none of them is cancelled
	lockTries    = 10
)

// apply brings changed files into the database, in one transaction: all of them after everything was dropped, when the
// database holds just what they have put into it before; else those that have changed, on top of what is there. Requests
// wait for it as long as it takes.
func (d *database) apply(ctx context.Context, p *pool.Pool, before, now []file) (whole bool, err error) {
	for range lockTries {
		whole, err = d.applyOnce(ctx, p, before, now)
		var e *pgconn.PgError
		if !errors.As(err, &e) || e.Code != "55P03" { // lock_not_available
			return whole, err
		}
	}
	return whole, fmt.Errorf("requests hold what the files would change: %w", err)
}

func (d *database) applyOnce(ctx context.Context, p *pool.Pool, before, now []file) (whole bool, err error) {
	err = p.With(ctx, func(ctx context.Context, c pool.Conn) error {
		tx, err := c.Begin(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // after a commit there is nothing to roll back
		if _, err := tx.Exec(ctx, fmt.Sprintf("SET LOCAL lock_timeout = %d", lockPatience.Milliseconds())); err != nil {
			return err
		}
		content, err := hashOfContent(ctx, tx)
		if err != nil {
			return err
		}
		whole = d.made.content == content
		run := now
		if whole {
			err = dropAll(ctx, tx)
		} else {
			run, err = changed(before, now)
		}
		if err != nil {
			return err
		}
		for _, f := range run {
			if err = within(ctx, c, f); err != nil && !whole {
				return fmt.Errorf("%w\n  %w, so only what has changed was run: write it so that it can run again (CREATE OR REPLACE, IF NOT EXISTS), or %s", err, errKept, startFresh)
			} else if err != nil {
				return err
			}
		}
		next := made{files: hashOf(now)}
		if whole {
			if next.content, err = hashOfContent(ctx, tx); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, "COMMENT ON DATABASE "+databaseName+" IS '"+next.String()+"'"); err != nil {
			return err
		}
		if err := tx.Commit(ctx); err != nil {
			return err
		}
		d.made = next
		return nil
	})
	return whole, err
}

// errKept says why a database is not made anew.
var errKept = errors.New("the database holds what the files have not made")

const startFresh = "start dev with --fresh to make the database anew (what is in it will be lost)"

// transactions are the statements that would end the transaction in which the files run. END is not among them: functions are
// full of it.
var transactions = regexp.MustCompile(`(?im)^\s*(BEGIN|START\s+TRANSACTION|COMMIT|ROLLBACK)(\s+(WORK|TRANSACTION))?\s*;`)

// within runs a file in the transaction; settings that it makes end with it.
func within(ctx context.Context, c pool.Conn, f file) error {
	if at := transactions.FindStringIndex(f.sql); at != nil {
		line := 1 + strings.Count(f.sql[:at[1]], "\n")
		return fmt.Errorf("%s:%d: changes are brought in by one transaction, which %s would end: leave it out, or %s", f.name, line, strings.TrimSpace(f.sql[at[0]:at[1]]), startFresh)
	}
	if err := runOn(ctx, c, f); err != nil {
		return err
	}
	return runOn(ctx, c, file{f.name, fmt.Sprintf("RESET ALL; RESET ROLE; SET LOCAL lock_timeout = %d", lockPatience.Milliseconds())})
}

// changed are the files whose text has changed. One that is gone cannot be taken out of a database.
func changed(before, now []file) (differ []file, err error) {
	if before == nil {
		return nil, errKept
	}
	for _, f := range before {
		if !slices.ContainsFunc(now, func(n file) bool { return n.name == f.name }) {
			return nil, fmt.Errorf("%s is gone, and %w: %s", f.name, errKept, startFresh)
		}
	}
	for _, f := range now {
		if !slices.Contains(before, f) {
			differ = append(differ, f)
		}
	}
	return differ, nil
}

// hashOfContent sums up the catalog and all rows of all tables. Until the transaction ends nobody else writes to them, so that no
// row comes between this and what is done by it.
func hashOfContent(ctx context.Context, tx pgx.Tx) (string, error) {
	objects, err := catalog.Fingerprint(ctx, tx)
	if err != nil {
		return "", err
	}
	rows, err := tx.Query(ctx, `SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind = 'r' AND c.oid >= 16384 AND n.nspname !~ '^pg_' ORDER BY 1`)
	if err != nil {
		return "", err
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return "", err
	}
	var all strings.Builder
	for _, table := range tables {
		if _, err := tx.Exec(ctx, "LOCK TABLE "+table+" IN SHARE MODE"); err != nil {
			return "", err
		}
		rows, err := tx.Query(ctx, "SELECT count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)), 0) FROM "+table+" t")
		if err != nil {
			return "", err
		}
		sum, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[string])
		if err != nil {
			return "", err
		}
		all.WriteString(table + " " + sum + "\n")
	}
	return hashOf([]file{{name: "objects", sql: objects}, {name: "rows", sql: all.String()}}), nil
}

// dropAll leaves a database as it is when it is created. The server is dev's own, and so are its roles.
func dropAll(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `DO $$
DECLARE it name;
BEGIN
	FOR it IN SELECT extname FROM pg_extension WHERE extname <> 'plpgsql' LOOP
		EXECUTE format('DROP EXTENSION IF EXISTS %I CASCADE', it);
	END LOOP;
	FOR it IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
		EXECUTE format('DROP SCHEMA %I CASCADE', it);
	END LOOP;
	FOR it IN SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> current_user LOOP
		EXECUTE format('DROP OWNED BY %I CASCADE', it);
		EXECUTE format('DROP ROLE %I', it);
	END LOOP;
	CREATE SCHEMA public;
	IF current_setting('server_version_num')::int >= 150000 THEN
		ALTER SCHEMA public OWNER TO pg_database_owner;
		GRANT USAGE ON SCHEMA public TO PUBLIC;
	ELSE
		GRANT ALL ON SCHEMA public TO PUBLIC;
	END IF;
	COMMENT ON SCHEMA public IS 'standard public schema';
END $$`)
	if err != nil {
		return fmt.Errorf("emptying the database: %w", err)
	}
	return nil
}
