package pool

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// Budget compares the connections that the pools of an app may need with those that the server has for them. The server's
// side is as it was read at the first connect, and again after the server ended a connection or while the budget makes
// Ready fail; the pool's side follows Resize. -1 means no limit.
type Budget struct {
	Role          string `json:"role"` // that connects
	Superuser     bool   `json:"superuser"`
	Database      string `json:"database"`
	Pooler        bool   `json:"pooler"` // one stands in between: it shares its own connections, and the server's limits are not the pool's
	Replicas      int    `json:"replicas"`
	Size          int    `json:"size"`
	MaxSize       int    `json:"maxSize"`       // the ceiling of each replica
	RoleLimit     int    `json:"roleLimit"`     // the role's CONNECTION LIMIT; superusers are above it
	DatabaseLimit int    `json:"databaseLimit"` // the same of the database

	MaxConnections int `json:"maxConnections"`
	Reserved       int `json:"reserved"` // of them, those that this role does not get

	// Others are the connections to the server that belong to other programs: those whose role, database or
	// application_name differ. Replicas of one app have the same, and are counted by Replicas instead. OthersOfRole and
	// OthersInDatabase are those of them with this role and in this database. Of roles that this one may not watch, the
	// helpers of parallel queries count too.
	Others           int `json:"others"`
	OthersOfRole     int `json:"othersOfRole"`
	OthersInDatabase int `json:"othersInDatabase"`
	Alike            int `json:"alike"` // connections of this app, this pool's included

	Usable int `json:"usable"` // by this role in this database, if there were no others: the smallest of the three limits
	Free   int `json:"free"`   // Usable less what others have of that limit, for the limit with the least left

	Needed               int  `json:"needed"`               // Replicas × MaxSize
	NeededWhileDeploying int  `json:"neededWhileDeploying"` // twice that: old and new processes run at once
	Fits                 bool `json:"fits"`                 // Needed ≤ Free
	FitsWhileDeploying   bool `json:"fitsWhileDeploying"`

	Text string    `json:"text"` // all of it in a sentence, with the cure where it does not fit
	Read time.Time `json:"read"` // when the server was asked
}

// Budget gives the connection budget; false until a server told its side of it.
func (p *Pool) Budget() (Budget, bool) {
	p.lock()
	defer p.mu.Unlock()
	b, verdict := p.weigh()
	return b, verdict != budgetUnknown
}

// Under holds the same reading of the server against the pools that other options make: what Size, MaxOverflow and
// ReplicasHint of o come to, defaults included, without opening any.
func (b Budget) Under(o Options) Budget {
	o = o.withDefaults()
	b.Replicas, b.Size, b.MaxSize = o.ReplicasHint, o.Size, o.Size+max(o.MaxOverflow, 0)
	b, _ = b.judge()
	return b
}

// verdict is what a budget comes to.
type verdict uint8

const (
	budgetUnknown   verdict = iota
	budgetFits              // now and while deploying
	budgetDeploying         // not while deploying
	budgetReplicas          // not for all replicas, or not beside the others
	budgetCeiling           // not even for this pool alone
)

// budgetAge is how long a reading holds that makes Ready fail: others may have left meanwhile.
const budgetAge = 2 * time.Second

// budgetQuery asks for the server's side. Every role may count sessions and see their role, database and
// application_name; of the sessions of others the kind is hidden from it. Both statements are one transaction, so that a
// short limit for the users' statements does not end this one.
const budgetQuery = `set local statement_timeout = 0; with me as (
	select r.oid, r.rolname, r.rolsuper, r.rolconnlimit, d.oid as datid, d.datname, d.datconnlimit
	from pg_catalog.pg_roles r, pg_catalog.pg_database d
	where r.rolname = session_user and d.datname = pg_catalog.current_database()
), sessions as (
	select a.usesysid = me.oid as of_role, a.datid = me.datid as in_database,
		a.usesysid = me.oid and a.datid = me.datid and a.application_name = pg_catalog.current_setting('application_name') as alike
	from pg_catalog.pg_stat_activity a, me
	where a.usesysid is not null and a.datid is not null and coalesce(a.backend_type, 'client backend') = 'client backend'
), used as (
	select count(*) filter (where not alike) as others, count(*) filter (where of_role and not alike) as of_role,
		count(*) filter (where in_database and not alike) as in_database, count(*) filter (where alike) as alike
	from sessions
)
select me.rolname, me.rolsuper::int, me.datname, me.rolconnlimit, me.datconnlimit, pg_catalog.current_setting('max_connections')::int,
	case when me.rolsuper then 0 else pg_catalog.current_setting('superuser_reserved_connections')::int +
		case when exists (select from pg_catalog.pg_roles x where x.rolname = 'pg_use_reserved_connections' and pg_catalog.pg_has_role(me.oid, x.oid, 'usage'))
		then 0 else coalesce(pg_catalog.current_setting('reserved_connections', true), '0')::int end end,
	used.others, used.of_role, used.in_database, used.alike
from me, used`

// readServerLimit learns the server's side of the budget once for each time that the server was met. A server that does
// not tell is left alone.
func (p *Pool) readServerLimit(ctx context.Context, conn *pgx.Conn) {
	p.lock()
	known, epoch := p.budgetRead && p.budgetEpoch == p.epoch, p.epoch
	p.mu.Unlock()
	if !known {
		p.readBudget(ctx, conn, epoch)
	}
}

func (p *Pool) readBudget(ctx context.Context, conn *pgx.Conn, epoch uint64) {
	results, err := conn.PgConn().Exec(ctx, budgetQuery).ReadAll()
	if err != nil || len(results) != 2 || len(results[1].Rows) != 1 || len(results[1].Rows[0]) != 11 {
		return
	}
	row := results[1].Rows[0]
	b := Budget{Role: string(row[0]), Database: string(row[2]), Read: time.Now()}
	var superuser int
	for i, to := range map[int]*int{
		1: &superuser, 3: &b.RoleLimit, 4: &b.DatabaseLimit, 5: &b.MaxConnections, 6: &b.Reserved,
		7: &b.Others, 8: &b.OthersOfRole, 9: &b.OthersInDatabase, 10: &b.Alike,
	} {
		if *to, err = strconv.Atoi(string(row[i])); err != nil {
			return
		}
	}
	b.Superuser = superuser == 1
	p.lock()
	defer p.unlock()
	p.server, p.budgetRead, p.budgetEpoch, p.budgetAsked = b, true, epoch, p.now()
	p.tellBudget()
}

// readBudgetAgain asks the server once more when the last reading is old and a connection is idle; it never waits for
// one.
func (p *Pool) readBudgetAgain(ctx context.Context) {
	now := p.now()
	p.lock()
	if p.budgetAsked != 0 && now.since(p.budgetAsked) < budgetAge {
		p.mu.Unlock()
		return
	}
	p.budgetAsked = now // others that come meanwhile need not ask
	epoch := p.epoch
	p.mu.Unlock()
	c, ok := p.tryAcquire(now, nil)
	if !ok {
		return
	}
	defer c.Release()
	ctx, stop := context.WithTimeout(ctx, p.o.ConnectTimeout)
	defer stop()
	_ = c.RawClean(func(conn *pgx.Conn) error {
		p.readBudget(ctx, conn, epoch)
		return nil
	})
}

// tellBudget logs that the budget does not fit, when that is news. p.mu is held.
func (p *Pool) tellBudget() {
	b, verdict := p.weigh()
	if verdict == p.budgetTold {
		return
	}
	p.budgetTold = verdict
	if verdict > budgetFits {
		p.note(func() { p.log.Warn("connection budget exceeded", "reason", b.Text) })
	}
}

// overBudget tells that the pool must not count as ready: its ceiling cannot be reached on this server, or the budget
// does not fit under StrictBudget. p.mu is held.
func (p *Pool) overBudget() error {
	b, verdict := p.weigh()
	if verdict == budgetCeiling || verdict > budgetFits && p.o.StrictBudget {
		return fmt.Errorf("pool %s: %s", p.o.Name, b.Text)
	}
	return nil
}

// limit is one of the limits that a connection counts against.
type limit struct {
	most, others int
	has, origin  string // what sets it, for sentences
	cure         string
}

func (l limit) left() int { return l.most - l.others }

// limits are those that hold for the role.
func (b *Budget) limits() []limit {
	all := []limit{{
		b.MaxConnections - b.Reserved, b.Others, "the server has",
		fmt.Sprintf("max_connections %d − %d reserved", b.MaxConnections, b.Reserved), "raise max_connections",
	}}
	if b.RoleLimit >= 0 && !b.Superuser {
		all = append(all, limit{
			b.RoleLimit, b.OthersOfRole, fmt.Sprintf("role %s has", b.Role),
			fmt.Sprintf("its CONNECTION LIMIT %d", b.RoleLimit), "raise the limit of the role (ALTER ROLE)",
		})
	}
	if b.DatabaseLimit >= 0 && !b.Superuser {
		all = append(all, limit{
			b.DatabaseLimit, b.OthersInDatabase, fmt.Sprintf("database %s has", b.Database),
			fmt.Sprintf("its CONNECTION LIMIT %d", b.DatabaseLimit), "raise the limit of the database (ALTER DATABASE)",
		})
	}
	return all
}

// weigh holds the pool's side against the server's. p.mu is held.
func (p *Pool) weigh() (Budget, verdict) {
	if !p.budgetRead {
		return Budget{}, budgetUnknown
	}
	b := p.server
	b.Pooler, b.Replicas, b.Size, b.MaxSize = p.pooled, p.o.ReplicasHint, p.size, p.ceiling
	return b.judge()
}

// judge fills in what follows from both sides.
func (b Budget) judge() (Budget, verdict) {
	b.Needed = b.Replicas * b.MaxSize
	b.NeededWhileDeploying = 2 * b.Needed
	limits := b.limits()
	lowest, tightest := limits[0], limits[0]
	for _, l := range limits[1:] {
		if l.most < lowest.most {
			lowest = l
		}
		if l.left() < tightest.left() {
			tightest = l
		}
	}
	b.Usable, b.Free = lowest.most, max(tightest.left(), 0)
	b.Fits, b.FitsWhileDeploying = b.Pooler || b.Needed <= b.Free, b.Pooler || b.NeededWhileDeploying <= b.Free
	who := fmt.Sprintf("size %d + overflow %d", b.Size, b.MaxSize-b.Size)
	if b.Replicas > 1 {
		who = fmt.Sprintf("%d replicas × (%s)", b.Replicas, who)
	}
	left := fmt.Sprintf("%s %d left (%s − %d used by others)", tightest.has, b.Free, tightest.origin, tightest.others)
	cure := "lower the size or the overflow, put a pooler such as PgBouncer in front, or " + tightest.cure
	switch {
	case b.Pooler:
		b.Text = fmt.Sprintf("%s may need %d connections to the pooler in front of the server: its own limits count (of PgBouncer: max_client_conn and default_pool_size)", who, b.Needed)
		return b, budgetFits
	case b.MaxSize > b.Usable:
		b.Text = fmt.Sprintf("size %d + overflow %d may need %d connections, and %s %d in all (%s): lower them, or %s",
			b.Size, b.MaxSize-b.Size, b.MaxSize, lowest.has, b.Usable, lowest.origin, lowest.cure)
		return b, budgetCeiling
	case !b.Fits:
		b.Text = fmt.Sprintf("%s may need %d connections, and %s: %s", who, b.Needed, left, cure)
		return b, budgetReplicas
	case !b.FitsWhileDeploying:
		b.Text = fmt.Sprintf("%s may need %d connections while a deploy runs old and new processes at once, and %s: stop the old before the new start, %s",
			who, b.NeededWhileDeploying, left, cure)
		return b, budgetDeploying
	}
	b.Text = fmt.Sprintf("%s may need %d connections, %d while a deploy runs old and new processes at once, and %s", who, b.Needed, b.NeededWhileDeploying, left)
	return b, budgetFits
}
