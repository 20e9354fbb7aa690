package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/jackc/pgx/v5"

	"github.com/fraiseql/fraiseql-go/examples"
	"github.com/fraiseql/fraiseql-go/internal/devpg"
)

// database is a PostgreSQL with the blog in it.
type database struct {
	url        string
	conn       *pgx.Conn
	postmaster int    // process id
	programs   string // folder of the server's programs; "" when the server is not ours
	close      func(context.Context) error
}

// openDatabase starts a PostgreSQL for this run, or uses the server that was named, and makes a database with the blog.
func openDatabase(ctx context.Context, o options) (_ *database, err error) {
	d := &database{close: func(context.Context) error { return nil }}
	admin := o.databaseURL
	if admin == "" {
		programs, err := devpg.Find(os.Environ())
		if err != nil {
			return nil, err
		}
		o.say("starting PostgreSQL %d", programs.Major)
		server, err := devpg.Start(ctx, devpg.Options{
			Programs: programs, Ephemeral: true,
			// What a server on solid-state disks is told: else it reads a whole table rather than fifty rows by their index.
			Settings: map[string]string{"random_page_cost": "1.1"},
		})
		if err != nil {
			return nil, err
		}
		d.close, d.programs, admin = server.Stop, programs.Dir, server.URL("postgres")
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close(context.WithoutCancel(ctx)))
		}
	}()
	if err := d.create(ctx, admin); err != nil {
		return nil, err
	}
	if d.conn, err = pgx.Connect(ctx, d.url); err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	stop := d.close
	d.close = func(ctx context.Context) error { return errors.Join(d.conn.Close(ctx), stop(ctx)) }
	files, err := examples.SQL("blog")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if err := d.exec(ctx, file.SQL); err != nil {
			return nil, fmt.Errorf("load blog/%s: %w", file.Name, err)
		}
	}
	o.say("growing the blog to %d times its size", copies+1)
	if err := d.exec(ctx, fmt.Sprintf(grow, copies)); err != nil {
		return nil, fmt.Errorf("grow the blog: %w", err)
	}
	if err := d.exec(ctx, "VACUUM ANALYZE"); err != nil {
		return nil, fmt.Errorf("vacuum: %w", err)
	}
	d.postmaster, err = postmasterOf(ctx, d.conn)
	return d, err
}

// The blog as it is fits so few pages that PostgreSQL rightly reads whole tables, which says little about real ones. Each copy is
// a blog of its own: its people comment on its posts, and its posts are younger than those of the copy before.
const (
	copies = 9
	grow   = `
INSERT INTO tb_user (id, identifier, name, email, bio, reputation, balance, created_at)
SELECT md5(id || ' ' || k)::uuid, identifier || '-' || k, name, k || '-' || email, bio, reputation, balance, created_at
FROM tb_user, generate_series(1, %[1]d) AS k;
INSERT INTO tb_post (id, identifier, author_id, title, body, status, keywords, metadata, rating, published_at, created_at)
SELECT md5(id || ' ' || k)::uuid, identifier || '-' || k, md5(author_id || ' ' || k)::uuid, title, body, status, keywords, metadata, rating,
	published_at + k * interval '12000 hours', created_at + k * interval '12000 hours'
FROM tb_post, generate_series(1, %[1]d) AS k;
INSERT INTO tb_comment (id, identifier, post_id, author_id, body, created_at)
SELECT md5(id || ' ' || k)::uuid, identifier || '-' || k, md5(post_id || ' ' || k)::uuid, md5(author_id || ' ' || k)::uuid, body,
	created_at + k * interval '12000 hours'
FROM tb_comment, generate_series(1, %[1]d) AS k;`
)

const databaseName = "fraiseql_bench"

func (d *database) create(ctx context.Context, admin string) error {
	address, err := url.Parse(admin)
	if err != nil || address.Scheme == "" {
		return fmt.Errorf("-database-url is not an address such as postgres://user@127.0.0.1:5432/postgres")
	}
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	for _, statement := range []string{"DROP DATABASE IF EXISTS " + databaseName, "CREATE DATABASE " + databaseName} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return errors.Join(fmt.Errorf("make the database %s: %w", databaseName, err), conn.Close(ctx))
		}
	}
	address.Path = "/" + databaseName
	d.url = address.String()
	return conn.Close(ctx)
}

// exec runs several statements as one simple query.
func (d *database) exec(ctx context.Context, sql string) error {
	_, err := d.conn.PgConn().Exec(ctx, sql).ReadAll()
	return err
}
