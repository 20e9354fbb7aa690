package execute

import (
	"slices"

	"github.com/jackc/pgx/v5"
)

// A query's statements are one implicit transaction, in which each sees what is committed when it starts. An operation that
// asks for one snapshot has a transaction that is repeatable read instead, begun and ended in the same batch. A savepoint
// stands behind its settings, so that it survives a root that fails, and with it the snapshot that the roots behind see.
// Source: PostgreSQL documentation, section 13.2.2, "Repeatable Read Isolation Level".
var (
	beginSnapshot = call{name: "fq_begin_s", sql: "begin isolation level repeatable read read only"}
	mark          = call{name: "fq_mark", sql: "savepoint fraiseql_mark"}
	toMark        = call{name: "fq_to_mark", sql: "rollback to savepoint fraiseql_mark"}
	commitCall    = call{name: "fq_commit", sql: "commit"}
)

// beginning are the statements that begin the request's own transaction: BEGIN, the settings and the role, and the savepoint
// of a snapshot.
func (x *run) beginning() []call {
	writes := x.db != nil && x.db.writes
	front := []call{x.beginCall(writes)}
	guard, params, guarded := x.r.guards.call(x.settings, x.lease.Settings(), x.params, writes)
	if x.params = params; guarded {
		front = append(front, guard)
	}
	if x.plan.Snapshot {
		front = append(front, mark)
	}
	return front
}

// resume puts in front of the batch what a transaction needs in which a statement has failed.
func (x *run) resume() int {
	if x.wire.status != 'E' {
		return 0
	}
	x.calls = slices.Insert(x.calls, 0, toMark)
	return 1
}

// closing ends the transaction behind the batch, unless Go functions will read in it.
func (x *run) closing() {
	if !x.plan.Go {
		x.calls = append(x.calls, commitCall)
	}
}

// mend looks at the transaction of a snapshot after a batch. Where a root has failed and Go functions follow, it goes back to the
// savepoint for them.
func (x *run) mend() error {
	if x.snapshot = x.snapshot && x.wire.status != 'I'; !x.snapshot || !x.plan.Go || x.wire.status != 'E' {
		return nil
	}
	err := x.wire.send([]call{toMark})
	if err == nil {
		err = x.wire.skip()
	}
	if end := x.wire.finish(); err == nil {
		err = end
	}
	return err
}

// leave has the pool undo a snapshot's transaction that is still open, after the connection was given back.
func (x *run) leave() {
	if x.leased && x.snapshot {
		_ = x.lease.Raw(func(*pgx.Conn) error { return nil }) // whatever Raw was given is undone
	}
	x.snapshot = false
}
