package pool

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A pooler such as PgBouncer shares the server's sessions among its clients, in transaction mode from one transaction to
// the next. What a session would keep is then kept for somebody else: settings, and statements by name. It is noticed
// while connecting, by either of two signs: it refuses the settings that a session starts with, or the process that
// answers is not the one that was promised. From then on all connections of the pool are made for it:
//
//   - they start with no settings but application_name and client_encoding; the others travel in each transaction
//     (Conn.Settings);
//   - statements have no names (Conn.Prepared), and pgx's own modes that remember statements are off. Among them is
//     describe_exec, which sends one statement in two transactions: another client's may come in between.

// startsWith are the settings that every pooler takes from a client.
func startsWith(name string) bool {
	return strings.EqualFold(name, "application_name") || strings.EqualFold(name, "client_encoding") ||
		name == "options" // cannot travel: whoever refuses it says so
}

// travelling are the settings of a configuration that cannot be a shared session's. An application's read-only default
// comes as what it means for the transaction.
func travelling(config *pgx.ConnConfig) []Setting {
	var all []Setting
	for name, value := range config.RuntimeParams {
		switch {
		case startsWith(name):
		case name == defaultReadOnly:
			all = append(all, Setting{readOnly, value})
		default:
			all = append(all, Setting{name, value})
		}
	}
	return all
}

// adapt changes the configuration of one connection to what is in front of the server.
func (p *Pool) adapt(config *pgx.ConnConfig, pooled bool) {
	if pooled {
		for name := range config.RuntimeParams {
			if !startsWith(name) {
				delete(config.RuntimeParams, name)
			}
		}
	}
	if !p.named(pooled) && config.DefaultQueryExecMode != pgx.QueryExecModeSimpleProtocol {
		config.DefaultQueryExecMode = pgx.QueryExecModeExec
		config.StatementCacheCapacity, config.DescriptionCacheCapacity = 0, 0
	}
}

// named tells whether statements are kept by name.
func (p *Pool) named(pooled bool) bool {
	switch p.o.PreparedStatements {
	case PreparedForce:
		return true
	case PreparedOff:
		return false
	default:
		return !pooled
	}
}

// refusedSettings tells that a pooler refused what a session should start with. Source: PgBouncer's
// ignore_startup_parameters.
func refusedSettings(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == codeProtocolViolation && strings.Contains(e.Message, "unsupported startup parameter")
}

// sharedSession asks which process answers. A server that does not tell is taken at its word.
func sharedSession(ctx context.Context, conn *pgx.Conn) bool {
	results, err := conn.PgConn().Exec(ctx, "select pg_catalog.pg_backend_pid()").ReadAll()
	if err != nil || len(results) != 1 || len(results[0].Rows) != 1 {
		return false
	}
	pid, err := strconv.ParseUint(string(results[0].Rows[0][0]), 10, 32)
	return err == nil && uint32(pid) != conn.PgConn().PID()
}

// behindPooler tells whether a pooler was noticed.
func (p *Pool) behindPooler() bool {
	p.lock()
	defer p.mu.Unlock()
	return p.pooled
}

// notePooler has all connections from here on be made for a pooler.
func (p *Pool) notePooler() {
	p.lock()
	first := !p.pooled
	p.pooled = true
	p.publishLevels()
	p.unlock()
	if first {
		p.log.Info("a pooler stands in front of the server: settings travel in each transaction",
			"prepared_statements", p.named(true))
	}
}
