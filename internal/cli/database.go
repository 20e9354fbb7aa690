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
	made    made // from what
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
	if !have.whole {
		d.loaded = true
		return d.load(ctx, files)
	}
	d.made = have.made
	if d.made.files == hashOf(files) {
		return nil
	}
	return d.on(ctx, databaseName, func(p *pool.Pool) error {
		whole, err := d.apply(ctx, p, nil, files)
		switch {
		case whole:
			d.loaded = err == nil
			return err
		case errors.Is(err, errKept):
			d.print("the SQL files have changed since the database was made: its data is kept, and the changes are not in it;\nrun again with --fresh to make it anew (what is in it will be lost)\n")
			return nil
		}
		return err
	})
}

// made is what a database was made from: the hash of the files, and that of the objects and rows as they have made them; empty
// when files were run on what was not theirs. It is kept as the comment on the database.
type made struct{ files, content string }

func (m made) String() string { return strings.TrimSpace(m.files + " " + m.content) }

// state is what is there from earlier runs.
type state struct {
	whole, half bool
	made        made
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
	var comment string
	err = d.admin(ctx, func(ctx context.Context, c pool.Conn) error {
		return c.QueryRow(ctx, `SELECT
			count(*) FILTER (WHERE datname = $1) > 0,
			count(*) FILTER (WHERE datname = $2) > 0,
			coalesce(max(shobj_description(oid, 'pg_database')) FILTER (WHERE datname = $1), '')
		FROM pg_database`, databaseName, loadingName).Scan(&s.whole, &s.half, &comment)
	})
	s.made.files, s.made.content, _ = strings.Cut(comment, " ")
	return s, err
}

// load runs the files in a new database, which gets its name only when all of them have run.
func (d *database) load(ctx context.Context, files []file) error {
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
		d.made.files = hashOf(files)
		return p.Tx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) (err error) {
			d.made.content, err = hashOfContent(ctx, tx)
			return err
		})
	})
	if err != nil {
		return err
	}
	err = d.admin(ctx, func(ctx context.Context, c pool.Conn) error {
		if _, err := c.Exec(ctx, "COMMENT ON DATABASE "+loadingName+" IS '"+d.made.String()+"'"); err != nil {
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
	return p.With(ctx, func(ctx context.Context, c pool.Conn) error { return runOn(ctx, c, f) })
}

// runOn is run on a connection, and in its transaction if there is one.
func runOn(ctx context.Context, c pool.Conn, f file) error {
	err := c.Raw(func(conn *pgx.Conn) error {
		results := conn.PgConn().Exec(ctx, f.sql)
		// COPY FROM stdin would wait for rows for ever. Elsewhere the server ignores this message.
		conn.PgConn().Frontend().Send(&pgproto3.CopyFail{Message: "a file cannot hold such rows: write INSERT (pg_dump --inserts does)"})
		return errors.Join(conn.PgConn().Frontend().Flush(), results.Close())
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
	return &fileError{text: fmt.Sprintf("%s: %s (SQLSTATE %s)", where, text, e.Code), cause: err}
}

// fileError tells where in a file the server found a fault.
type fileError struct {
	text  string
	cause error
}

func (e *fileError) Error() string { return e.text }

func (e *fileError) Unwrap() error { return e.cause }

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
