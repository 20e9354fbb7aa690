package fraiseql_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

const books = `
CREATE TYPE genre AS ENUM ('novel', 'poem');
CREATE TABLE tb_book (id int PRIMARY KEY, title text NOT NULL, genre genre NOT NULL);
INSERT INTO tb_book VALUES (1, 'Emma', 'novel'), (2, 'Odyssey', 'poem');
CREATE VIEW v_book AS SELECT id, title, genre FROM tb_book;
COMMENT ON VIEW v_book IS '@fraiseql:type
name: Book';`

func bookOptions(url string, log *lockedBuffer) fraiseql.Options {
	return fraiseql.Options{DatabaseURL: url, ConnectionPoolSize: 1, ConnectionPoolMaxOverflow: -1, Logger: slog.New(slog.NewTextHandler(log, nil))}
}

// answers asks and compares the answer.
func answers(t *testing.T, a *fraiseql.App, query, want string) {
	t.Helper()
	if got := strings.TrimSpace(ask(a, query).Body.String()); !strings.Contains(got, want) {
		t.Errorf("%s: %s, want %s", query, got, want)
	}
}

// TestReload: what the database has now is served, and what cannot be served changes nothing.
func TestReload(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, books)
	var log lockedBuffer
	a := newApp(t, bookOptions(db.URL, &log))
	if err := a.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), "no schema yet") {
		t.Errorf("before the start: %v", err)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	const poems = `{ books(where: {genre: {eq: poem}}) { title } }`
	answers(t, a, poems, `[{"title":"Odyssey"}]`)
	// All anew, the type of a prepared statement's parameter included: no request fails for it, not even before the reload.
	db.Exec(t, "DROP VIEW v_book; DROP TABLE tb_book; DROP TYPE genre;"+books+"CREATE OR REPLACE VIEW v_book AS SELECT id, title, genre, 7 AS shelf FROM tb_book")
	answers(t, a, poems, `[{"title":"Odyssey"}]`)
	answers(t, a, `{ books { shelf } }`, "GRAPHQL_VALIDATION_FAILED")
	if err := a.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	answers(t, a, `{ books { shelf } }`, `[{"shelf":7},{"shelf":7}]`)
	db.Exec(t, "ALTER VIEW v_book RENAME TO v_gone; COMMENT ON VIEW v_gone IS ''")
	if err := a.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), "the app goes on as it was: the declarations do not fit the database") {
		t.Errorf("nothing to serve: %v", err)
	}
	db.Exec(t, "CREATE VIEW v_book AS SELECT id, title FROM tb_book; COMMENT ON VIEW v_book IS E'@fraiseql:type\\nname: Book'")
	answers(t, a, `{ books { title } }`, `"Emma"`) // still by the old schema
	if err := a.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"changes=", "level=WARN", "FIELD_REMOVED", "Book.shelf"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %q in %s", want, &log)
		}
	}
	if err := a.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.Reload(t.Context()); !errors.Is(err, fraiseql.ErrStopped) {
		t.Errorf("after the end: %v", err)
	}
}

// TestReconfigure: limits and the pool's size change in a running app, the rest is named, and faults change nothing.
func TestReconfigure(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	o := bookOptions(pgtest.New(t, books).URL, &log)
	a := started(t, o)
	const deep = `{ a: books { title } b: books { title } }`
	answers(t, a, deep, `"b":[`)
	o.MaxAliases, o.ConnectionPoolSize, o.ConnectionPoolMaxOverflow, o.RateLimit = 1, 3, 2, 7
	if err := a.Reconfigure(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	answers(t, a, deep, "alias")
	if s := a.PoolStat(); s.Size != 3 || s.MaxSize != 5 {
		t.Errorf("the pool has %d and at most %d", s.Size, s.MaxSize)
	}
	if text := log.String(); !strings.Contains(text, "option=RateLimit") || strings.Contains(text, "option=MaxAliases") {
		t.Errorf("what needs a restart: %s", text)
	}
	o.MaxAliases, o.ConnectionPoolSize = -1, -4
	if err := a.Reconfigure(t.Context(), o); err == nil || !strings.Contains(err.Error(), "ConnectionPoolSize") {
		t.Errorf("a wrong size: %v", err)
	}
	answers(t, a, deep, "alias")
	o.ConnectionPoolSize = 3
	if err := a.Reconfigure(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	answers(t, a, deep, `"b":[`)
}

// TestCertificates: Serve speaks HTTPS and HTTP/2, with the certificate that was read last.
func TestCertificates(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var log lockedBuffer
	o := bookOptions(pgtest.New(t, books).URL, &log)
	o.TLSCertFile, o.TLSKeyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if err := o.CheckFiles(); err == nil || !strings.Contains(err.Error(), "TLSCertFile") {
		t.Errorf("files that are not there: %v", err)
	}
	first := writeCertificate(t, o, 1)
	half := o
	half.TLSKeyFile = ""
	if _, err := fraiseql.New(half); err == nil || !strings.Contains(err.Error(), "without TLSKeyFile") {
		t.Errorf("half a pair: %v", err)
	}
	l, err := fraiseql.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := newApp(t, o)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Serve(ctx, l) }()
	shown := func(trust *x509.Certificate) int64 {
		t.Helper()
		roots := x509.NewCertPool()
		roots.AddCert(trust)
		d := tls.Dialer{Config: &tls.Config{RootCAs: roots, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12}}
		c, err := d.DialContext(t.Context(), "tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		state := c.(*tls.Conn).ConnectionState()
		if state.NegotiatedProtocol != "h2" {
			t.Errorf("it speaks %q, not h2", state.NegotiatedProtocol)
		}
		return state.PeerCertificates[0].SerialNumber.Int64()
	}
	if got := shown(first); got != 1 {
		t.Errorf("certificate %d is shown", got)
	}
	for a.Ready(t.Context()) != nil {
		time.Sleep(10 * time.Millisecond) // until it serves
	}
	second := writeCertificate(t, o, 2)
	if err := a.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := shown(second); got != 2 {
		t.Errorf("certificate %d is shown after the reload", got)
	}
	if err := os.WriteFile(o.TLSKeyFile, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := a.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), "goes on as it was") {
		t.Errorf("a broken key: %v", err)
	}
	if got := shown(second); got != 2 {
		t.Errorf("certificate %d is shown after a reload that failed", got)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// writeCertificate makes a certificate for 127.0.0.1 that signs itself.
func writeCertificate(t *testing.T, o fraiseql.Options, serial int64) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := x509.Certificate{
		SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, &form, &form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{o.TLSCertFile: {Type: "CERTIFICATE", Bytes: der}, o.TLSKeyFile: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
