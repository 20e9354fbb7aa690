package diagnose

import (
	"fmt"

	"github.com/fraiseql/fraiseql-go/pool"
)

// budget holds the app's pools against the server's limits.
func (d *doctor) budget(p *pool.Pool) {
	read, ok := p.Budget()
	if !ok {
		return
	}
	b := read.Under(d.o.Pool)
	d.report.checked("budget", 3, "limits of connections")
	f := Finding{
		Object: "the connection pool", Message: b.Text,
		Source: "pg_settings, pg_roles, pg_database and pg_stat_activity",
		Evidence: []string{
			fmt.Sprintf("size %d + overflow %d, %s", b.Size, b.MaxSize-b.Size, count(b.Replicas, "replica", "replicas")),
			fmt.Sprintf("needed: %d, and %d while a deploy runs old and new processes at once", b.Needed, b.NeededWhileDeploying),
			fmt.Sprintf("max_connections %d, of them reserved for others than this role %d; role limit %s, database limit %s", b.MaxConnections, b.Reserved, limited(b.RoleLimit), limited(b.DatabaseLimit)),
			fmt.Sprintf("left for this app: %d, with %s", b.Free, count(b.Others, "connection of another program", "connections of other programs")),
		},
	}
	switch {
	case b.Pooler:
		f.Severity, f.Code, f.Object = Note, "pooler", "the pooler in front of the server"
		f.Message = "statements have no names here and are parsed each time, and settings travel in each transaction; " + b.Text
		f.Evidence = append(f.Evidence[:2], "the process that answers is not the one that was promised, or the pooler refused a startup parameter")
		f.Source = "pg_backend_pid() and the startup message"
		f.Cure = "nothing need be done; where this pool alone is in front of the server, connect to the server itself and be faster"
	case b.MaxSize > b.Usable:
		f.Severity, f.Code = Error, "pool-ceiling"
	case !b.Fits:
		f.Severity, f.Code = Error, "pool-budget"
	case !b.FitsWhileDeploying:
		f.Severity, f.Code = Warning, "pool-deploy"
	default:
		return
	}
	if f.Cure == "" {
		f.Cure, f.Paste = shrink(b)
	}
	d.report.add(f)
}

func limited(n int) string {
	if n < 0 {
		return "none"
	}
	return fmt.Sprint(n)
}

// shrink finds the largest pool that fits during a deploy, with the overflow in the proportion that it has.
func shrink(b pool.Budget) (cure string, paste []string) {
	each := b.Free / (2 * b.Replicas)
	if each < 1 {
		return "the server has no room for so many processes: put a pooler such as PgBouncer in front, raise max_connections, or run fewer replicas", nil
	}
	size := max(each*b.Size/b.MaxSize, 1)
	cure = fmt.Sprintf("the largest pool that fits is %d + %d; whether it is enough for your load, `fraiseql pool advise --replicas %d --max-connections %d --rps … --hold …` tells. "+
		"Or put a pooler such as PgBouncer in front, or raise max_connections", size, each-size, b.Replicas, b.MaxConnections)
	return cure, []string{fmt.Sprintf("--connection-pool-size %d --connection-pool-max-overflow %d", size, each-size)}
}
