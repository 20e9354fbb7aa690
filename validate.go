package fraiseql

import (
	"errors"
	"fmt"
	"net"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/httpapi"
	"github.com/fraiseql/fraiseql-go/pool"
)

// validate gives every fault at once; each names the field, its value, the limit and the cure.
func (o Options) validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if strings.TrimSpace(o.DatabaseURL) == "" {
		fault(`DatabaseURL is empty, and an app needs a database: give postgres://user@host/name, by --database-url, FRAISEQL_DATABASE_URL or DATABASE_URL; "fraiseql dev" starts a database of its own`)
	}
	if o.NoAutoDiscover && len(o.Types) == 0 && len(o.Queries) == 0 && len(o.Mutations) == 0 && len(o.Expose) == 0 {
		fault("NoAutoDiscover is set, and neither Types, Queries nor Expose name anything to serve: name something, or leave discovery on")
	}
	for i, s := range o.Schemas {
		if strings.TrimSpace(s) == "" {
			fault("Schemas[%d] is empty: name a schema, or leave it out", i)
		}
	}
	for _, p := range o.Expose {
		if _, err := path.Match(p, ""); err != nil || p == "" {
			fault("Expose has %q, which is not a pattern: write one such as v_* or app.v_*", p)
		}
	}
	if err := pool.CheckURL(o.DatabaseURL); err != nil && strings.TrimSpace(o.DatabaseURL) != "" {
		fault("DatabaseURL: %w", err)
	}
	switch o.MutationIsolation {
	case "", "read committed", "repeatable read", "serializable":
	default:
		fault("MutationIsolation is %q: write read committed, repeatable read or serializable", o.MutationIsolation)
	}
	if o.SlowOperationPlan && o.SlowOperation <= 0 {
		fault("SlowOperationPlan is set, and SlowOperation is not, so that no operation is slow: set it, to 1s for example, or leave the plan out")
	}
	o.validateAccess(fault)
	o.validatePool(fault)
	o.validateProtection(fault)
	o.validateTLS(fault)
	o.validateRegistry(fault)
	if err := httpapi.CheckProfile(o.HTTPProfile); err != nil {
		fault("HTTPProfile: %w", err)
	}
	if err := httpapi.CheckCacheControl(o.CacheControl); err != nil {
		fault("CacheControl: %w", err)
	}
	for _, f := range [...]struct{ name, addr string }{{"Addr", o.Addr}, {"AdminAddr", o.AdminAddr}} {
		_, port, err := net.SplitHostPort(f.addr)
		if err != nil && f.addr != "" {
			fault("%s is %q: the form is host:port, such as 127.0.0.1:8000, or :8000 for all interfaces", f.name, f.addr)
		}
		// A name, such as http, is for the system to know.
		if _, err := strconv.ParseUint(port, 10, 16); err != nil && port != "" && strings.Contains("-0123456789", port[:1]) {
			fault("%s is %q, and %q is no port: the ports are 0 to 65535, and 0 is any that is free", f.name, f.addr, port)
		}
	}
	if o.AdminAddr != "" && o.AdminAddr == o.Addr && !strings.HasSuffix(o.Addr, ":0") {
		fault("AdminAddr is %q, as Addr is: choose another port", o.AdminAddr)
	}
	return errors.Join(faults...)
}

func (o Options) validatePool(fault func(string, ...any)) {
	bad := false
	if o.ConnectionPoolSize < 0 {
		bad = true
		fault("ConnectionPoolSize is %d, and a pool needs at least 1 connection: set 1 or more, or leave it out", o.ConnectionPoolSize)
	}
	if _, err := (pool.Options{Name: o.ConnectionPoolName}).Resolve(); err != nil {
		bad = true
		fault("ConnectionPoolName: %w", err)
	}
	if o.ConnectionPoolRecycle > 0 && o.ConnectionPoolRecycle < time.Second {
		bad = true
		fault("ConnectionPoolRecycle is %v, and the limit is at least 1s: set 1s or more, or a negative value for never", o.ConnectionPoolRecycle)
	}
	if _, err := (pool.Options{ReplicasHint: o.ReplicasHint}).Resolve(); err != nil {
		bad = true
		fault("ReplicasHint: %w", err)
	}
	if _, err := (pool.Options{PreparedStatements: o.ConnectionPoolPreparedStatements}).Resolve(); err != nil {
		bad = true
		fault("ConnectionPoolPreparedStatements: %w", err)
	}
	if bad {
		return
	}
	if _, err := o.pool().Resolve(); err != nil {
		fault("ConnectionPoolSize and ConnectionPoolMaxOverflow: %w", err)
	}
}

// pool is what these options say about the pool.
func (o Options) pool() pool.Options {
	return pool.Options{
		Name:        o.ConnectionPoolName,
		Size:        o.ConnectionPoolSize,
		MaxOverflow: o.ConnectionPoolMaxOverflow,
		Timeout:     o.ConnectionPoolTimeout,
		Recycle:     o.ConnectionPoolRecycle,
		ShedTarget:  max(o.ConnectionPoolShedTarget, 0),

		PreparedStatements: o.ConnectionPoolPreparedStatements,

		FailFast:   o.FailFast,
		Production: o.Production,

		ReplicasHint: o.ReplicasHint,
		StrictBudget: o.StrictBudget,

		ReadOnly:         true,
		StatementTimeout: max(o.StatementTimeout, 0),

		Logger: o.Logger,
	}
}
