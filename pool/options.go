package pool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
)

// Options tune a pool. The zero value works: every zero field means its default, and a negative one means none or off
// where the field says so.
type Options struct {
	// Name identifies the pool in logs, in metrics and, unless the URL sets application_name, in pg_stat_activity.
	// Default "fraiseql". At most 63 bytes of printable text.
	Name string

	// Size is how many connections are kept between bursts. Half of them (at least one) are opened at start and kept.
	// Default 10, or 20 when Production. Negative values are refused.
	Size int

	// MaxOverflow is how many more connections a burst may open: Size + MaxOverflow is the ceiling, which is never
	// exceeded. Default 10; negative: no overflow.
	MaxOverflow int

	// Timeout bounds the wait for a usable connection: queueing, connecting and validating together. It is not a
	// statement timeout. Default 30 s; negative: do not wait, answer [ErrSaturated] at once when none is idle (a ping of
	// an idle one may still take up to a second).
	Timeout time.Duration

	// Recycle is the maximum age of a connection: none older is handed out. Each one gets its own limit, up to a tenth
	// below, and is replaced in the background before. Default 1 h; negative: never. Values below 1 s are refused.
	Recycle time.Duration

	// ConnectTimeout bounds one connection attempt with its hooks, and one reset or ping. Default 5 s. Negative values
	// are refused.
	ConnectTimeout time.Duration

	// CloseGrace is how long a connection that is being closed waits for the server to end it, keeping its place under
	// the ceiling meanwhile. Default 1 s; negative: do not wait.
	CloseGrace time.Duration

	// ValidateAfter is the idle time after which a connection is pinged before it is handed out. Younger ones are only
	// looked at, without a round trip. Default 30 s; negative: never ping for idleness.
	ValidateAfter time.Duration

	// OverflowLinger is how long a connection above Size stays idle before it is closed. Default 5 s; negative: it is
	// closed when it is returned and nobody waits.
	OverflowLinger time.Duration

	// LeakAfter is the age at which a lease is reported as a leak, once, with the place that acquired it. Default 60 s,
	// or off when Production; negative: off.
	LeakAfter time.Duration

	// MaxConnecting is how many connections may be opened at the same time. Default 2. Negative values are refused.
	MaxConnecting int

	// MaxWaiting is how many callers may queue; one more gets [ErrQueueFull]. Default the larger of 1000 and 100 times
	// the ceiling; negative: no limit.
	MaxWaiting int

	// ShedTarget is the wait that callers should not exceed when the pool gets more work than it can do. When the oldest
	// caller has waited for longer, all through another ShedTarget, those who have waited for so long, and newcomers who
	// are foreseen to, fail with [ErrShed] until the queue is short again; bursts that drain sooner just wait. Also, a
	// caller fails at once whose foreseen wait exceeds its own deadline. All this only while every connection of the
	// ceiling is leased, never while one is idle or being opened. 100 ms suits leases of some milliseconds; below a few
	// times what a lease takes, connections fall idle. Default 0: off, every caller waits its turn. Negative values are
	// refused.
	ShedTarget time.Duration

	// StatementTimeout is the server's limit for each statement; a session may set its own for the time of a lease.
	// Default 0: the server's own. Negative values are refused.
	StatementTimeout time.Duration

	// ReadOnly makes transactions read-only unless they say otherwise (BEGIN READ WRITE).
	ReadOnly bool

	// PreparedStatements says whether statements are prepared by name and kept on their connection. Default
	// [PreparedAuto]: they are, unless the pool notices a pooler in front of the server.
	PreparedStatements PreparedStatements

	// ReplicasHint is how many processes like this one share the server, for the connection budget: see [Pool.Budget].
	// Give them all the same role, database and application_name, by which they are told from other programs. Default 1.
	// Negative values, and more than 10,000, are refused.
	ReplicasHint int

	// StrictBudget makes Ready fail, and under FailFast Open, where else a warning is logged: when ReplicasHint × the
	// ceiling does not fit into what the server has left, twice as many while deploying. The error gives the numbers.
	StrictBudget bool

	// FailFast makes Open connect once and return the error when that fails, instead of starting anyway and healing by
	// itself. It also makes Open refuse a ceiling above what the server can give.
	FailFast bool

	// Production changes only defaults: Size 20 instead of 10, LeakAfter off instead of 60 s, and a second lease inside one
	// [Pool.Scope] is counted instead of refused.
	Production bool

	// NestedIsError makes a second lease inside one [Pool.Scope] fail with [ErrNested] also when Production. Default: it fails
	// in development, where it costs a test and no user, and is only counted when Production.
	NestedIsError bool

	// ResetAlways resets every connection after its release, also when the lease was not touched. It costs a round trip
	// off the caller's path.
	ResetAlways bool

	// Logger takes changes of state, leaks and warnings; never SQL, never secrets. Default slog.Default().
	Logger *slog.Logger

	// Trace is called on the events of the pool. Nil, and every nil function in it, is fine.
	Trace *Trace

	// BeforeConnect may change the settings of one connection attempt, for example fetch a fresh password.
	BeforeConnect func(context.Context, *pgx.ConnConfig) error

	// AfterConnect prepares a new connection, for example registers types. Session settings belong into the URL or
	// into BeforeConnect's RuntimeParams instead, which a reset restores; what is SET here lasts until the first reset.
	AfterConnect func(context.Context, *pgx.Conn) error

	// OnRelease runs after every lease, off the caller's path and after the reset, if there was one. An error closes
	// the connection.
	OnRelease func(context.Context, *pgx.Conn) error
}

// PreparedStatements is a choice about statements that a connection keeps by name.
type PreparedStatements uint8

// The choices about prepared statements.
const (
	PreparedAuto  PreparedStatements = iota // by name, but not through a pooler
	PreparedForce                           // by name, also through a pooler: for one that follows them
	PreparedOff                             // never by name
)

var preparedNames = [...]string{"auto", "force", "off"}

func (s PreparedStatements) String() string {
	if s > PreparedOff {
		return fmt.Sprintf("PreparedStatements(%d)", uint8(s))
	}
	return preparedNames[s]
}

// UnmarshalText reads auto, force or off.
func (s *PreparedStatements) UnmarshalText(text []byte) error {
	for i, name := range preparedNames {
		if name == string(text) {
			*s = PreparedStatements(i)
			return nil
		}
	}
	return fmt.Errorf("%q is none of auto, force and off", text)
}

// Limits are the numbers that Options come to.
type Limits struct {
	MinSize int           `json:"minSize"` // connections opened at start and kept
	Size    int           `json:"size"`    // connections kept between bursts
	MaxSize int           `json:"maxSize"` // the ceiling
	Timeout time.Duration `json:"timeout"` // 0: do not wait
	Recycle time.Duration `json:"recycle"` // 0: never
}

const (
	maxCeiling    = 4000 // Stat packs each gauge into 12 bits
	minRecycle    = time.Second
	defaultName   = "fraiseql"
	maxNameBytes  = 63 // more of application_name PostgreSQL cuts off
	minMaxWaiting = 1000
)

// Resolve gives the numbers that these options come to, or every fault in them, joined: each names the option, its
// value, the limit and the cure. It does no I/O.
func (o Options) Resolve() (Limits, error) {
	if err := o.validate(); err != nil {
		return Limits{}, err
	}
	o = o.withDefaults()
	return Limits{
		MinSize: warmSize(o.Size),
		Size:    o.Size,
		MaxSize: o.Size + max(o.MaxOverflow, 0),
		Timeout: max(o.Timeout, 0),
		Recycle: max(o.Recycle, 0),
	}, nil
}

func warmSize(size int) int { return max(size/2, 1) }

func (o Options) withDefaults() Options {
	size, leakAfter := 10, time.Minute
	if o.Production {
		size, leakAfter = 20, -1
	}
	o.Name = cmp.Or(o.Name, defaultName)
	o.Size = cmp.Or(o.Size, size)
	o.MaxOverflow = cmp.Or(o.MaxOverflow, 10)
	o.Timeout = cmp.Or(o.Timeout, 30*time.Second)
	o.Recycle = cmp.Or(o.Recycle, time.Hour)
	o.ConnectTimeout = cmp.Or(o.ConnectTimeout, 5*time.Second)
	o.CloseGrace = cmp.Or(o.CloseGrace, time.Second)
	o.ValidateAfter = cmp.Or(o.ValidateAfter, 30*time.Second)
	o.OverflowLinger = cmp.Or(o.OverflowLinger, 5*time.Second)
	o.LeakAfter = cmp.Or(o.LeakAfter, leakAfter)
	o.MaxConnecting = cmp.Or(o.MaxConnecting, 2)
	o.ReplicasHint = cmp.Or(o.ReplicasHint, 1)
	o.NestedIsError = o.NestedIsError || !o.Production
	o.Logger = cmp.Or(o.Logger, slog.Default())
	o.Trace = cmp.Or(o.Trace, &Trace{})
	return o
}

func (o Options) validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf("pool: "+format, args...)) }
	if len(o.Name) > maxNameBytes || strings.ContainsFunc(o.Name, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }) {
		fault("Name is %q, and the limit is %d bytes of printable text: choose a shorter, plain one", o.Name, maxNameBytes)
	}
	if o.Size < 0 {
		fault("Size is %d, and a pool needs at least 1 connection: set 1 or more, or leave it 0 for the default", o.Size)
	}
	if d := o.withDefaults(); o.Size >= 0 && (d.Size > maxCeiling || max(d.MaxOverflow, 0) > maxCeiling-d.Size) {
		fault("Size %d + MaxOverflow %d is above the limit of %d connections: lower one of them", d.Size, d.MaxOverflow, maxCeiling)
	}
	if o.Recycle > 0 && o.Recycle < minRecycle {
		fault("Recycle is %v, and the limit is at least %v: set %v or more, or a negative value for never", o.Recycle, minRecycle, minRecycle)
	}
	if o.ConnectTimeout < 0 {
		fault("ConnectTimeout is %v, and a connection attempt needs a limit above 0: set one, or leave it 0 for 5s", o.ConnectTimeout)
	}
	if o.MaxConnecting < 0 {
		fault("MaxConnecting is %d, and at least 1 is needed: set 1 or more, or leave it 0 for 2", o.MaxConnecting)
	}
	if o.ShedTarget < 0 {
		fault("ShedTarget is %v, and a wait is at least 0: set one above 0, or leave it 0 for off", o.ShedTarget)
	}
	if o.StatementTimeout < 0 {
		fault("StatementTimeout is %v, and a limit is at least 0: set one above 0, or leave it 0 for the server's own", o.StatementTimeout)
	}
	if o.ReplicasHint < 0 || o.ReplicasHint > mostReplicas {
		fault("ReplicasHint is %d, and the limits are 1 and %d: set the number of processes that share the server", o.ReplicasHint, mostReplicas)
	}
	if o.PreparedStatements > PreparedOff {
		fault("PreparedStatements is %d: want PreparedAuto, PreparedForce or PreparedOff", o.PreparedStatements)
	}
	return errors.Join(faults...)
}

// maxWaiting is the limit of the queue under a ceiling; a negative result means none.
func (o Options) maxWaiting(ceiling int) int {
	return cmp.Or(o.MaxWaiting, max(minMaxWaiting, 100*ceiling))
}
