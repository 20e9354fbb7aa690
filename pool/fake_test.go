package pool_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fraiseql/fraiseql-go/pool"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
)

const fakeURL = "postgres://nobody:s3cret@127.0.0.1:1/none?sslmode=disable"

// fakeServer speaks as much of the protocol as a pool needs, over memory, so that tests can run on synctest's clock.
type fakeServer struct {
	connectTime time.Duration // a connect takes so long
	closeTime   time.Duration // and so does the end of a session

	dials  atomic.Int64
	down   atomic.Bool   // refuse connects
	hang   atomic.Bool   // accept and say nothing
	code   atomic.Value  // string: answer a connect with this SQLSTATE
	open   atomic.Int64  // sessions between accept and end
	peak   atomic.Int64  // of open
	nextID atomic.Uint32 // process ids

	mu       sync.Mutex
	sessions map[uint32]net.Conn
	queries  []string
}

func newFakeServer() *fakeServer { return &fakeServer{sessions: map[uint32]net.Conn{}} }

// options have a pool connect to f.
func (f *fakeServer) options(o pool.Options) pool.Options {
	o.BeforeConnect = func(_ context.Context, config *pgx.ConnConfig) error {
		config.DialFunc = f.dial
		return nil
	}
	return o
}

func (f *fakeServer) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	f.dials.Add(1)
	if f.connectTime > 0 {
		select {
		case <-time.After(f.connectTime):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if f.down.Load() {
		return nil, errors.New("connection refused")
	}
	client, server := net.Pipe()
	go f.serve(server)
	return client, nil
}

func (f *fakeServer) serve(conn net.Conn) {
	defer conn.Close()
	b := pgproto3.NewBackend(conn, conn)
	startup, err := b.ReceiveStartupMessage()
	if err != nil {
		return
	}
	if _, ok := startup.(*pgproto3.StartupMessage); !ok {
		return // a cancel request
	}
	if f.hang.Load() {
		_, _ = b.Receive()
		return
	}
	n := f.open.Add(1)
	defer f.open.Add(-1)
	for peak := f.peak.Load(); n > peak && !f.peak.CompareAndSwap(peak, n); peak = f.peak.Load() {
	}
	if code, _ := f.code.Load().(string); code != "" {
		b.Send(&pgproto3.ErrorResponse{Severity: "FATAL", SeverityUnlocalized: "FATAL", Code: code, Message: "refused"})
		_ = b.Flush()
		return
	}
	pid := f.nextID.Add(1)
	f.mu.Lock()
	f.sessions[pid] = conn
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		delete(f.sessions, pid)
		f.mu.Unlock()
	}()
	b.Send(&pgproto3.AuthenticationOk{})
	b.Send(&pgproto3.BackendKeyData{ProcessID: pid, SecretKey: []byte{1, 2, 3, 4}})
	b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	for b.Flush() == nil {
		msg, err := b.Receive()
		if err != nil {
			return
		}
		switch msg := msg.(type) {
		case *pgproto3.Query:
			f.mu.Lock()
			f.queries = append(f.queries, msg.String)
			f.mu.Unlock()
			if strings.HasPrefix(msg.String, "--") {
				b.Send(&pgproto3.EmptyQueryResponse{})
			} else {
				b.Send(&pgproto3.CommandComplete{CommandTag: []byte("SET")})
			}
			b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		case *pgproto3.Terminate:
			f.mu.Lock()
			delete(f.sessions, pid) // a kill comes too late
			f.mu.Unlock()
			if f.closeTime > 0 {
				time.Sleep(f.closeTime)
			}
			return
		}
	}
}

// kill ends the session of a process, as a crash would.
func (f *fakeServer) kill(pid uint32) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if conn := f.sessions[pid]; conn != nil {
		conn.Close()
	}
}

func (f *fakeServer) pids() []uint32 {
	f.mu.Lock()
	defer f.mu.Unlock()
	var pids []uint32
	for pid := range f.sessions {
		pids = append(pids, pid)
	}
	return pids
}

func pidOf(c pool.Conn) (pid uint32, err error) {
	err = c.RawClean(func(conn *pgx.Conn) error {
		pid = conn.PgConn().PID()
		return nil
	})
	return pid, err
}
