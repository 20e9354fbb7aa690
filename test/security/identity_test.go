package security_test

import (
	"bufio"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
	"github.com/fraiseql/fraiseql-go/test/apptest"
)

// door is an app that checks who comes in.
type door struct {
	url     string
	entered atomic.Int64 // how many requests have reached a resolver
	mu      sync.Mutex   // guards log
	log     strings.Builder
}

func (d *door) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.log.Write(p)
}

func (d *door) logged() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.log.String()
}

// open serves queries that tell who asks and what the session was told of it, in production, on a database of its own
// unless the options name one.
func open(t testing.TB, o fraiseql.Options) *door {
	t.Helper()
	d := &door{}
	if o.DatabaseURL == "" {
		db := pgtest.New(t)
		o.DatabaseURL = db.Role(t, pgtest.RoleOptions{}).URL
	}
	o.Production, o.NoAutoDiscover, o.Logger = true, true, slog.New(slog.NewTextHandler(d, &slog.HandlerOptions{Level: slog.LevelDebug}))
	o.RateLimit = -1                                          // what is attacked here is not the number of requests
	o.ConnectionPoolSize, o.ConnectionPoolMaxOverflow = 1, -1 // what one request left behind, the next would find
	o.Queries = []fraiseql.Query{
		fraiseql.Resolve("who", func(ctx context.Context, _ struct{}) (string, error) {
			d.entered.Add(1)
			return auth.FromContext(ctx).Subject, nil
		}),
		fraiseql.Resolve("told", func(ctx context.Context, _ struct{}) (string, error) {
			var told string
			err := fraiseql.DB(ctx).QueryRow(ctx, `SELECT concat(octet_length(v), ' ', md5(v), ' ', current_user = session_user) FROM coalesce(current_setting('app.claim', true), '') AS v`).Scan(&told)
			return told, err
		}),
	}
	d.url = apptest.Listen(t, apptest.Start(t, o)) + "/graphql"
	return d
}

// ask sends a query with headers, pairs of name and value, of which several may have one name.
func (d *door) ask(t testing.TB, query string, header ...string) (status int, answer http.Header, body string) {
	t.Helper()
	text, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.url, strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(all)
}

// keptOut sends bad credentials, and fails the test unless they are refused with a challenge, reach no resolver and are
// repeated nowhere.
func (d *door) keptOut(t testing.TB, attack string, header ...string) {
	t.Helper()
	before := d.entered.Load()
	status, answer, body := d.ask(t, `{ who }`, header...)
	challenge := answer.Get("WWW-Authenticate")
	if status != http.StatusUnauthorized || !strings.HasPrefix(challenge, "Bearer") || !strings.Contains(body, "UNAUTHENTICATED") || strings.Contains(body, `"data"`) {
		t.Errorf("%s: %d, challenge %q, %.300s", attack, status, challenge, body)
	}
	if d.entered.Load() != before {
		t.Errorf("%s: it reached a resolver", attack)
	}
	for i := 1; i < len(header); i += 2 {
		if secret := strings.TrimPrefix(header[i], "Bearer "); len(secret) > 12 && (strings.Contains(body, secret) || strings.Contains(challenge, secret) || strings.Contains(d.logged(), secret)) {
			t.Errorf("%s: the credentials are repeated in the answer or in the log", attack)
		}
	}
	shown(t, attack, "401, no resolver called, nothing repeated", "%d %s", status, challenge)
}

const secret = "0123456789abcdef0123456789abcdef"

func secretFile(t testing.TB) string {
	t.Helper()
	return file(t, "secret", []byte(secret))
}

func file(t testing.TB, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func in(d time.Duration) int64 { return time.Now().Add(d).Unix() }

// Claims are data: whatever they hold reaches the session byte for byte or the request is refused, and nothing stays behind.
func TestHostileClaims(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, `CREATE TABLE precious (id int); INSERT INTO precious VALUES (1)`)
	role := db.Role(t, pgtest.RoleOptions{Grants: []string{"GRANT ALL ON precious TO %s"}})
	d := open(t, fraiseql.Options{DatabaseURL: role.URL, JWTSecretFile: secretFile(t), SessionClaims: map[string]string{"app.claim": "claim"}})
	sum := func(value string) string {
		hash := md5.Sum([]byte(value))
		return fmt.Sprintf("%d %s t", len(value), hex.EncodeToString(hash[:]))
	}
	empty := sum("")
	for name, value := range map[string]string{
		"quotes":             `it's "quoted" $$ \' E'\\'`,
		"a statement":        `'; DROP TABLE precious; --`,
		"another setting":    `x', true); SELECT set_config('role', 'postgres', true); --`,
		"lines":              "a\r\nX-Admin: 1\nrole = postgres\v\f\u0085\u2028",
		"control characters": "\x01\x02\x1b[31m\x7f",
		"a format":           `%s %n {{.}} ${PATH} $1 :name ?`,
		"beyond the BMP":     strings.Repeat("🐘", 1000),
		"40 KB":              strings.Repeat("x'", 20_000),
		"JSON":               `{"$gt": ""}`,
	} {
		token := tokenOf(t, jwa.HS256(), []byte(secret), nil, map[string]any{"sub": "ada", "exp": in(time.Hour), "claim": value})
		status, _, body := d.ask(t, `{ told }`, "Authorization", "Bearer "+token)
		if want := `{"data":{"told":"` + sum(value) + `"}}`; status != 200 || strings.TrimSpace(body) != want {
			t.Errorf("%s: %d %.300s, want %s", name, status, body, want)
		}
		other := tokenOf(t, jwa.HS256(), []byte(secret), nil, map[string]any{"sub": "eve", "exp": in(time.Hour)})
		if _, _, body := d.ask(t, `{ told }`, "Authorization", "Bearer "+other); !strings.Contains(body, empty) {
			t.Errorf("%s: the next request finds %.300s", name, body)
		}
		shown(t, "a claim with "+name+", as a setting", "the very bytes in current_setting, nothing left for the next", "%d", status)
	}
	for name, claim := range map[string]any{
		"a zero byte":                       "a\x00b",
		"a list with a zero byte encoded":   nil, // JSON keeps it escaped: it is text like any other
		"numbers beyond what a float holds": json.Number("123456789012345678901234567890"),
	} {
		if claim == nil {
			claim = []string{"a\x00"}
		}
		token := tokenOf(t, jwa.HS256(), []byte(secret), nil, map[string]any{"sub": "ada", "exp": in(time.Hour), "claim": claim})
		status, _, body := d.ask(t, `{ told }`, "Authorization", "Bearer "+token)
		if _, isText := claim.(string); isText != (status == 403) || !isText && status != 200 || strings.Contains(body, "set_config") {
			t.Errorf("%s: %d %s", name, status, body)
		}
		shown(t, "a claim with "+name, "refused where PostgreSQL has no such text", "%d", status)
	}
	var rows int
	if err := db.Conn(t).QueryRow(t.Context(), `SELECT count(*) FROM precious`).Scan(&rows); err != nil || rows != 1 {
		t.Errorf("the table has %d rows, %v", rows, err)
	}
}

// generous believes a header: how long the claim is.
type generous struct{}

func (generous) Authenticate(r *http.Request) (*auth.Principal, error) {
	size := 0
	if _, err := fmt.Sscan(r.Header.Get("X-Size"), &size); err != nil {
		return nil, &auth.Error{Reason: "send X-Size"}
	}
	return &auth.Principal{Subject: "big", Claims: map[string]any{"claim": strings.Repeat("m", size)}}, nil
}

// A claim of a megabyte: a token cannot carry it, and an authenticator of one's own may.
func TestClaimOfAMegabyte(t *testing.T) {
	t.Parallel()
	tokens := open(t, fraiseql.Options{JWTSecretFile: secretFile(t), SessionClaims: map[string]string{"app.claim": "claim"}})
	for _, size := range []int{100 << 10, 600 << 10} {
		token := tokenOf(t, jwa.HS256(), []byte(secret), nil, map[string]any{"sub": "ada", "exp": in(time.Hour), "claim": strings.Repeat("m", size)})
		tokens.keptOut(t, fmt.Sprintf("a signed token of %d KiB", len(token)>>10), "Authorization", "Bearer "+token)
	}
	own := open(t, fraiseql.Options{Auth: generous{}, SessionClaims: map[string]string{"app.claim": "claim"}})
	for _, size := range []string{"1048576", "0", "1048576", "3"} {
		status, _, body := own.ask(t, `{ told }`, "X-Size", size)
		if status != 200 || !strings.Contains(body, `"told":"`+size+` `) {
			t.Errorf("%s bytes: %d %.300s", size, status, body)
		}
		shown(t, "a setting of "+size+" bytes", "the very bytes, nothing left for the next", "%d", status)
	}
}

// The database role comes from a claim: only roles that the app's role belongs to.
func TestRoleFromAClaim(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	group := db.Role(t, pgtest.RoleOptions{NoLogin: true})
	role := db.Role(t, pgtest.RoleOptions{MemberOf: []string{group.Name}})
	d := open(t, fraiseql.Options{DatabaseURL: role.URL, JWTSecretFile: secretFile(t), SessionClaims: map[string]string{"role": "db_role", "app.claim": "claim"}})
	ask := func(claim any) (int, string) {
		token := tokenOf(t, jwa.HS256(), []byte(secret), nil, map[string]any{"sub": "ada", "exp": in(time.Hour), "db_role": claim})
		status, _, body := d.ask(t, `{ told }`, "Authorization", "Bearer "+token)
		return status, body
	}
	for name, claim := range map[string]any{
		"the superuser": "postgres", "none": "none", "None": "NONE", "a statement": `x"; RESET ROLE; --`, "nobody": "no_such_role", "empty": "", "a list": []string{group.Name}, "a number": 0, "true": true, "null": nil,
		"the superuser, a zero byte": "postgres\x00",
	} {
		status, body := ask(claim)
		if status == 200 && !strings.Contains(body, `"errors"`) || strings.Contains(body, "no_such_role") || strings.Contains(body, "permission denied to set role") {
			t.Errorf("%s: %d %s", name, status, body)
		}
		shown(t, "the claim of the database role: "+name, "refused, and PostgreSQL's words stay in the log", "%d", status)
	}
	if status, body := ask(group.Name); status != 200 || !strings.Contains(body, ` f"`) {
		t.Errorf("a role of ours: %d %s", status, body)
	}
}

// Nobody is anonymous by being wrong.
func TestAnonymousOnlyWhereSaid(t *testing.T) {
	t.Parallel()
	good := "Bearer " + tokenOf(t, jwa.HS256(), []byte(secret), nil, map[string]any{"sub": "ada", "exp": in(time.Hour)})
	for _, allowed := range []bool{false, true} {
		d := open(t, fraiseql.Options{JWTSecretFile: secretFile(t), AllowAnonymous: allowed})
		status, _, body := d.ask(t, `{ who }`)
		if (status == 200) != allowed || allowed && !strings.Contains(body, `"who":""`) {
			t.Errorf("anonymous: %d %s", status, body)
		}
		shown(t, fmt.Sprintf("no credentials, AllowAnonymous %v", allowed), "anonymous only where it is said", "%d", status)
		for _, value := range []string{"Bearer x", "Bearer a.b.c", "Bearer", "", " ", "Basic YTpi", "Negotiate x", "bearer\t" + good[7:], good + ", " + good, good + " x", `Bearer "` + good[7:] + `"`} {
			d.keptOut(t, fmt.Sprintf("Authorization: %.14q, AllowAnonymous %v", value, allowed), "Authorization", value)
		}
		// Where a token does not belong, it is not read: such a request is one without credentials.
		before := d.entered.Load()
		for name, where := range map[string][]string{"a cookie": {"Cookie", "Authorization=" + good}, "another header": {"X-Authorization", good}, "a forwarded one": {"X-Forwarded-Authorization", good}, "a user's name": {"X-Remote-User", "ada"}} {
			status, _, body := d.ask(t, `{ who }`, where...)
			if (status == 200) != allowed || strings.Contains(body, "ada") {
				t.Errorf("%s: %d %s", name, status, body)
			}
			shown(t, fmt.Sprintf("a token in %s, AllowAnonymous %v", name, allowed), "as without credentials", "%d", status)
		}
		if !allowed && d.entered.Load() != before {
			t.Error("a resolver was reached")
		}
		if status, _, body := d.ask(t, `{ who }`, "Authorization", good); status != 200 || !strings.Contains(body, `"who":"ada"`) {
			t.Errorf("a good token: %d %s", status, body)
		}
	}
}

// Several headers, and headers of impossible size, over the wire.
func TestHeadersWithCredentials(t *testing.T) {
	t.Parallel()
	good := "Bearer " + tokenOf(t, jwa.HS256(), []byte(secret), nil, map[string]any{"sub": "ada", "exp": in(time.Hour)})
	evil := "Bearer " + tokenOf(t, jwa.HS256(), []byte(strings.Repeat("x", 32)), nil, map[string]any{"sub": "root", "exp": in(time.Hour)})
	keys := file(t, "keys.toml", []byte("[[key]]\nsha256 = \"2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683\"\nsubject = \"robot\"\n")) // of the word: key
	d := open(t, fraiseql.Options{JWTSecretFile: secretFile(t), APIKeysFile: keys})
	if status, _, body := d.ask(t, `{ who }`, "X-API-Key", "key"); status != 200 || !strings.Contains(body, "robot") {
		t.Fatalf("a good key: %d %s", status, body)
	}
	d.keptOut(t, "two headers Authorization, good and bad", "Authorization", good, "Authorization", evil)
	d.keptOut(t, "two headers Authorization, bad and good", "Authorization", evil, "Authorization", good)
	d.keptOut(t, "two headers Authorization, the same", "Authorization", good, "Authorization", good)
	d.keptOut(t, "two API keys", "X-API-Key", "key", "X-API-Key", "other")
	d.keptOut(t, "a bad token beside a good API key", "X-API-Key", "key", "Authorization", evil)
	d.keptOut(t, "an API key as a password", "Authorization", "Basic a2V5OmtleQ==")
	d.keptOut(t, "a token as an API key", "X-API-Key", good[7:])
	d.keptOut(t, "an API key of 500 KiB", "X-API-Key", strings.Repeat("k", 500<<10))
	d.keptOut(t, "a token of 900 KiB of dots", "Authorization", "Bearer "+strings.Repeat(".", 900<<10))
	d.keptOut(t, "a token of 900 KiB", "Authorization", "Bearer a."+strings.Repeat("x", 900<<10)+".b")

	// What no client of net/http sends.
	host := strings.TrimSuffix(strings.TrimPrefix(d.url, "http://"), "/graphql")
	const body = `{"query":"{ who }"}`
	for name, c := range map[string]struct {
		header string
		status int
	}{
		"a header of 2 MiB":             {"Authorization: Bearer " + strings.Repeat("x", 2<<20), 431},
		"a zero byte in the header":     {"Authorization: " + good + "\x00", 400},
		"a bare line feed in it":        {"Authorization: Bearer a\rX-API-Key: key", 400},
		"a line that goes on":           {"Authorization: Bearer\r\n " + good[7:], 200}, // RFC 9112, section 5.2: as a space
		"a space before the colon":      {"Authorization : " + good, 400},
		"the name in mixed case, twice": {"authorization: " + good + "\r\nAUTHORIZATION: " + evil, 401},
		"an underscore in the name":     {"X_API_Key: key", 401},
	} {
		status, answer := rawly(t, host, "POST /graphql HTTP/1.1\r\nHost: "+host+"\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: "+fmt.Sprint(len(body))+"\r\n"+c.header+"\r\n\r\n"+body)
		if status != c.status || strings.Contains(answer, "root") {
			t.Errorf("%s: %d %.300s, want %d", name, status, answer, c.status)
		}
		shown(t, name, fmt.Sprint(c.status), "%d", status)
	}
	if status, _, _ := d.ask(t, `{ who }`, "Authorization", good); status != 200 {
		t.Errorf("afterwards: %d", status)
	}
	// Close and far keys are told the same, byte for byte.
	_, _, near := d.ask(t, `{ who }`, "X-API-Key", "kez")
	_, _, far := d.ask(t, `{ who }`, "X-API-Key", strings.Repeat("9", 64))
	if near != far {
		t.Errorf("a close key is told %s, a far one %s", near, far)
	}
	shown(t, "API keys that are nearly right", "the answer of any other", "equal: %v", near == far)
}

func rawly(t testing.TB, host, request string) (status int, answer string) {
	t.Helper()
	conn, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	var writing sync.WaitGroup
	writing.Go(func() { _, _ = io.WriteString(conn, request) }) // the server may answer, and close, before it has read all
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(resp.Body)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Logf("the rest of the answer: %v", err)
	}
	_ = resp.Body.Close()
	_ = conn.Close()
	writing.Wait()
	return resp.StatusCode, string(all)
}
