package pool_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/pool"
	"github.com/jackc/pgx/v5"
)

// TestTLS: dead connections are seen beneath TLS too, queries are cancelled, and connections end in order.
func TestTLS(t *testing.T) {
	t.Parallel()
	cert, key := serverKey(t)
	server := pgtest.Server(t, pgtest.ServerOptions{Settings: map[string]string{"ssl": "on", "ssl_cert_file": cert, "ssl_key_file": key}})
	url := server.URL
	if at := strings.Index(url, "sslmode="); at >= 0 {
		end := at + strings.IndexByte(url[at:]+"&", '&')
		url = url[:at] + "sslmode=require" + url[end:]
	} else if strings.Contains(url, "?") {
		url += "&sslmode=require"
	} else {
		url += "?sslmode=require"
	}
	p := openPool(t, url, pool.Options{Name: "tls", Size: 4, MaxOverflow: -1})
	warmUp(t, p, 4)
	err := p.With(t.Context(), func(ctx context.Context, c pool.Conn) error {
		if err := c.RawClean(func(conn *pgx.Conn) error {
			if _, ok := conn.PgConn().Conn().(*tls.Conn); !ok {
				t.Errorf("the connection is a %T", conn.PgConn().Conn())
			}
			return nil
		}); err != nil {
			return err
		}
		ctx, stop := context.WithTimeout(ctx, 20*time.Millisecond)
		defer stop()
		_, err := c.Exec(ctx, "select pg_sleep(20)")
		return err
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("cancelled: %v", err)
	}
	warmUp(t, p, 4)
	if n := p.Stat().Closed.Total(); n != 0 {
		t.Errorf("%d closed by a cancelled query", n)
	}
	admin := server.Conn(t)
	if _, err := admin.Exec(t.Context(), terminate, "tls"); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return backends(t, admin, "tls") == 0 }, func() any { return p.Stat() })
	time.Sleep(50 * time.Millisecond) // for the ends of the connections to arrive
	if err := together(20, func(int) error { return selectOne(t.Context(), p) }); err != nil {
		t.Error(err)
	}
	if err := p.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if n := backends(t, admin, "tls"); n != 0 {
		t.Errorf("%d backends when Close returned", n)
	}
}

// serverKey makes a certificate and its key as files that a server accepts: the key is not for everybody to read.
func serverKey(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "pool-tls")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "server.crt"), filepath.Join(dir, "server.key")
	for name, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "EC PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(certFile, 0o644); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 { // the server runs as somebody else then
		postgres, err := user.Lookup("postgres")
		if err != nil {
			if os.Getenv("FRAISEQL_REQUIRE_PG") == "1" { // nothing may be skipped then
				t.Fatal(err)
			}
			t.Skipf("no user to give the key to: %v", err)
		}
		uid, err := strconv.Atoi(postgres.Uid)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(keyFile, uid, -1); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}
