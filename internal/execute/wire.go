package execute

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/fraiseql/fraiseql-go/pool"
)

const (
	maxPrepared = 256              // statements that a connection keeps
	bigBatch    = 32 << 10         // bytes of parameters from which a batch is sent while answers are read
	preparedKey = "fraiseql.batch" // in the connection's custom data
)

// call is one statement of a batch.
type call struct {
	name   string
	sql    string
	params [][]byte
	single bool // only the first row is wanted
}

// prepared are the statements that a connection has parsed, in the order they came.
type prepared struct {
	known map[string]bool
	order []string
}

// wire sends batches on one connection and reads what comes back. It writes the protocol's
// messages itself: pgconn's pipeline asks for a description of each result, which we do not
// need, and allocates for it.
type wire struct {
	pg       *pgconn.PgConn
	fe       *pgproto3.Frontend
	prepared *prepared
	named    bool // statements may be kept by name
	ctx      context.Context

	closing []string
	parsing []string // statements whose ParseComplete has not come, oldest first
	bind    pgproto3.Bind
	execute pgproto3.Execute
	parse   pgproto3.Parse
	close   pgproto3.Close
	synced  bool // nothing is left to be read
	heard   bool // the server has answered something since open
	status  byte // of the transaction after the last batch: 'I' none, 'T' open, 'E' failed
	sent    chan error
}

var (
	errLost = errors.New("the connection to the database was lost")
	// errUnheard is errLost by a server that has not taken what was sent: it had ended the session before.
	errUnheard = fmt.Errorf("%w before the statement reached it", errLost)
)

// open makes the wire ready for the connection of a lease, inside its Raw or RawClean. What it sends is cancelled when ctx
// ends.
func (w *wire) open(ctx context.Context, lease pool.Conn, conn *pgx.Conn) {
	lease.CancelWith(ctx)
	w.pg, w.ctx, w.named, w.synced, w.heard = conn.PgConn(), ctx, lease.Prepared(), true, false
	w.fe = w.pg.Frontend()
	data := w.pg.CustomData()
	p, ok := data[preparedKey].(*prepared)
	if !ok {
		p = &prepared{known: map[string]bool{}}
		data[preparedKey] = p
	}
	w.prepared = p
}

// send writes one batch: the calls and Sync. Each call's rows are then read with next.
func (w *wire) send(calls []call) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	w.parsing, w.closing, w.synced = w.parsing[:0], w.closing[:0], false
	bytes := 0
	for i := range calls {
		c := &calls[i]
		if !w.named {
			c.name = ""
		}
		bytes += w.prepare(c)
		w.bind = pgproto3.Bind{PreparedStatement: c.name, Parameters: c.params}
		w.fe.SendBind(&w.bind)
		w.execute = pgproto3.Execute{}
		if c.single {
			w.execute.MaxRows = 1
		}
		w.fe.SendExecute(&w.execute)
		for _, p := range c.params {
			bytes += len(p)
		}
	}
	w.fe.SendSync(&pgproto3.Sync{})
	if bytes < bigBatch {
		return w.lost(w.fe.Flush())
	}
	// PostgreSQL stops reading while nobody reads what it answers.
	w.sent = make(chan error, 1)
	go func(fe *pgproto3.Frontend, sent chan<- error) { sent <- fe.Flush() }(w.fe, w.sent)
	return nil
}

// prepare has a statement parsed when the connection does not know it.
func (w *wire) prepare(c *call) (bytes int) {
	if c.name == "" { // too large to be kept, or not to be kept: PostgreSQL forgets it with the next one
		w.parse = pgproto3.Parse{Query: c.sql}
		w.fe.SendParse(&w.parse)
		w.parsing = append(w.parsing, "")
		return len(c.sql)
	}
	if w.prepared.known[c.name] {
		return 0
	}
	for _, name := range w.parsing {
		if name == c.name {
			return 0
		}
	}
	if len(w.prepared.order)+len(w.parsing) >= maxPrepared && len(w.prepared.order) > 0 {
		oldest := w.prepared.order[0]
		w.prepared.order = w.prepared.order[1:]
		delete(w.prepared.known, oldest)
		w.close = pgproto3.Close{ObjectType: 'S', Name: oldest}
		w.fe.SendClose(&w.close)
		w.closing = append(w.closing, oldest)
	}
	// Closing first makes parsing work whatever the server still knows by this name.
	w.close = pgproto3.Close{ObjectType: 'S', Name: c.name}
	w.fe.SendClose(&w.close)
	w.closing = append(w.closing, "")
	w.parse = pgproto3.Parse{Name: c.name, Query: c.sql}
	w.fe.SendParse(&w.parse)
	w.parsing = append(w.parsing, c.name)
	return len(c.sql)
}

// forget makes every statement be parsed again: the schema beneath them has changed.
func (w *wire) forget() {
	w.prepared.order = w.prepared.order[:0]
	clear(w.prepared.known)
}

// next gives the next row of the current call, valid until the following next, or nil when the
// call is complete. After a *pgconn.PgError the rest of the batch was skipped and nothing is
// left to be read; after any other error the connection is gone.
func (w *wire) next() ([][]byte, error) {
	for {
		msg, err := w.fe.Receive()
		if err != nil {
			return nil, w.lost(err)
		}
		switch msg := msg.(type) {
		case *pgproto3.DataRow:
			return msg.Values, nil
		case *pgproto3.CommandComplete, *pgproto3.EmptyQueryResponse, *pgproto3.PortalSuspended:
			w.heard = true
			return nil, nil
		case *pgproto3.ParseComplete:
			w.heard = true
			w.parsed()
		case *pgproto3.BindComplete:
			w.heard = true
		case *pgproto3.CloseComplete:
			w.heard = true
			w.closing = w.closing[1:]
		case *pgproto3.ErrorResponse:
			refused := pgconn.ErrorResponseToPgError(msg)
			if err := w.sync(); err != nil {
				return nil, fmt.Errorf("%w: %w", err, refused)
			}
			return nil, refused
		case *pgproto3.ReadyForQuery:
			w.synced = true
			return nil, w.lost(errors.New("unexpected end of the batch"))
		}
	}
}

func (w *wire) parsed() {
	if len(w.parsing) > 0 {
		if name := w.parsing[0]; name != "" {
			w.prepared.known[name] = true
			w.prepared.order = append(w.prepared.order, name)
		}
		w.parsing = w.parsing[1:]
	}
}

// skip reads the current call to its end.
func (w *wire) skip() error {
	for {
		if row, err := w.next(); row == nil || err != nil {
			return err
		}
	}
}

// sync reads to the end of the batch.
func (w *wire) sync() error {
	for !w.synced {
		msg, err := w.fe.Receive()
		if err != nil {
			return w.lost(err)
		}
		switch msg := msg.(type) {
		case *pgproto3.ParseComplete:
			w.parsed()
		case *pgproto3.CloseComplete:
			w.closing = w.closing[1:]
		case *pgproto3.ReadyForQuery:
			w.synced, w.status = true, msg.TxStatus
		}
	}
	for _, name := range w.closing { // skipped: the server has them still
		if name != "" {
			w.prepared.known[name] = true
			w.prepared.order = append([]string{name}, w.prepared.order...)
		}
	}
	w.closing = w.closing[:0]
	if w.sent != nil {
		err := <-w.sent
		w.sent = nil
		return w.lost(err)
	}
	return nil
}

// finish reads what is left, so that the connection can be lent again.
func (w *wire) finish() error {
	if w.synced {
		return nil
	}
	return w.sync()
}

// lost closes a connection that failed; the pool sees that it is closed.
func (w *wire) lost(err error) error {
	if err == nil {
		return nil
	}
	w.synced = true
	if w.sent != nil { // Close writes too
		_ = w.pg.Conn().SetDeadline(time.Now())
		<-w.sent
		w.sent = nil
	}
	// Cut it, do not say goodbye. Not by a context that has ended: the pool would take that for the caller's.
	_ = w.pg.Conn().Close()
	_ = w.pg.Close(context.Background())
	if w.ctx.Err() != nil {
		return context.Cause(w.ctx)
	}
	// A server that closes a socket with unread bytes in it, or gets some later, resets it. One that had taken the
	// statement ends the connection in order.
	if !w.heard && (errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)) {
		return fmt.Errorf("%w: %w", errUnheard, err)
	}
	return fmt.Errorf("%w: %w", errLost, err)
}
