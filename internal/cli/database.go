package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/fraiseql/fraiseql-go/internal/devpg"
	"github.com/fraiseql/fraiseql-go/pool"
)

const (
	databaseName = "fraiseql_dev"
	// loadingName is the database while its files run. When it is found later, they did not
	// run to their end, and what they made outside of it, such as roles, may be there too.
	loadingName = "fraiseql_loading"
)

// database is the local server with the database that dev made.
type database struct {
	options devpg.Options
	print   func(string, ...any)
	server  *devpg.Server
	loaded  bool // made from its files in this run
}

// open starts the server, and makes the database when there is none.
func (d *database) open(ctx context.Context, files []file) error {
	if err := d.start(ctx); err != nil {
		return err
	}
	err := d.make(ctx, files)
	if err != nil && d.server != nil { // there is none when it was to start anew, and did not
		err = errors.Join(err, d.server.Stop(context.WithoutCancel(ctx)))
	}
	return err
}

func (d *database) start(ctx context.Context) (err error) {
	d.server, err = devpg.Start(ctx, d.options)
	return err
}

func (d *database) make(ctx context.Context, files []file) error {
	have, err := d.look(ctx)
	if err != nil {
		return err
	}
	if have.half {
		if err := d.server.Stop(ctx); err != nil {
			return err
		}
		d.options.Fresh = true
		if err := d.start(ctx); err != nil {
			return err
		}
		have = state{}
	}
	now := hashOf(files)
	if have.whole {
		if have.hash != now {
			d.print("the SQL files have changed since the database was made: its data is kept, and the changes are not in it;\nrun again with --fresh to make it anew (what is in it will be lost)\n")
		}
		return nil
	}
	if err := d.load(ctx, files, now); err != nil {
		return err
	}
	d.loaded = true
	return nil
}

// state is what is there from earlier runs.
type state struct {
	whole, half bool
	hash        string
}

// admin runs use on the server's own database.
func (d *database) admin(ctx context.Context, use func(context.Context, pool.Conn) error) error {
	return d.on(ctx, "postgres", func(p *pool.Pool) error { return p.With(ctx, use) })
}

func (d *database) on(ctx context.Context, name string, use func(*pool.Pool) error) (err error) {
	p, err := pool.Open(ctx, d.server.URL(name), pool.Options{Size: 1, MaxOverflow: -1, FailFast: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close(context.WithoutCancel(ctx))) }()
	return use(p)
}

func (d *database) look(ctx context.Context) (s state, err error) {
	err = d.admin(ctx, func(ctx context.Context, c pool.Conn) error {
		return c.QueryRow(ctx, `SELECT
			count(*) FILTER (WHERE datname = $1) > 0,
			count(*) FILTER (WHERE datname = $2) > 0,
			coalesce(max(shobj_description(oid, 'pg_database')) FILTER (WHERE datname = $1), '')
		FROM pg_database`, databaseName, loadingName).Scan(&s.whole, &s.half, &s.hash)
	})
	return s, err
}

// load runs the files in a new database, which gets its name only when all of them have run.
func (d *database) load(ctx context.Context, files []file, hash string) error {
	err := d.admin(ctx, func(ctx context.Context, c pool.Conn) error {
		_, err := c.Exec(ctx, "CREATE DATABASE "+loadingName)
		return err
	})
	if err != nil {
		return fmt.Errorf("making the database: %w", err)
	}
	err = d.on(ctx, loadingName, func(p *pool.Pool) error {
		for _, f := range files {
			if err := run(ctx, p, f); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = d.admin(ctx, func(ctx context.Context, c pool.Conn) error {
		if _, err := c.Exec(ctx, "COMMENT ON DATABASE "+loadingName+" IS '"+hash+"'"); err != nil {
			return err
		}
		_, err := c.Exec(ctx, "ALTER DATABASE "+loadingName+" RENAME TO "+databaseName)
		return err
	})
	if err != nil {
		return fmt.Errorf("naming the database: %w", err)
	}
	return nil
}

// run runs a file whole; settings that it makes, such as a search path, end with it.
func run(ctx context.Context, p *pool.Pool, f file) error {
	err := p.With(ctx, func(ctx context.Context, c pool.Conn) error {
		return c.Raw(func(conn *pgx.Conn) error {
			results := conn.PgConn().Exec(ctx, f.sql)
			// COPY FROM stdin would wait for rows for ever. Elsewhere the server ignores this message.
			conn.PgConn().Frontend().Send(&pgproto3.CopyFail{Message: "a file cannot hold such rows: write INSERT (pg_dump --inserts does)"})
			return errors.Join(conn.PgConn().Frontend().Flush(), results.Close())
		})
	})
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		return nil
	}
	where := f.name
	if e.Position > 0 {
		where = fmt.Sprintf("%s:%d", f.name, lineAt(f.sql, int(e.Position)))
	}
	text := e.Message
	for _, more := range []string{e.Detail, e.Hint} {
		if more != "" {
			text += "; " + more
		}
	}
	if e.Where != "" {
		first, _, _ := strings.Cut(e.Where, "\n")
		text += " (in " + first + ")"
	}
	return fmt.Errorf("%s: %s (SQLSTATE %s)", where, text, e.Code)
}

// lineAt is the line of the n-th character, both counted from 1.
func lineAt(text string, n int) int {
	line := 1
	for i := 1; i < n && text != ""; i++ {
		r, size := utf8.DecodeRuneInString(text)
		if r == '\n' {
			line++
		}
		text = text[size:]
	}
	return line
}

func hashOf(files []file) string {
	h := sha256.New()
	for _, f := range files {
		_, _ = fmt.Fprintf(h, "%d %s %d ", len(f.name), f.name, len(f.sql))
		_, _ = h.Write([]byte(f.sql))
	}
	return hex.EncodeToString(h.Sum(nil))
}
