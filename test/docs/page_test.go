//go:build unix

package docs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/examples"
	"github.com/fraiseql/fraiseql-go/internal/devpg"
	"github.com/fraiseql/fraiseql-go/internal/pgtest"
)

const (
	blockTimeout = 90 * time.Second // machines that test are loaded, and go run builds
	stopTimeout  = 30 * time.Second
)

// page runs the blocks of one page, in their order: they share a folder, an empty database and the servers that they
// start. Addresses of a page stand for those of the test: postgres://localhost/… for the database, and each port from 8000
// to 9999 for a free one.
type page struct {
	t     *testing.T
	tools *tools
	dir   string
	db    *pgtest.DB
	ports map[string]string // of the page to those of the test

	server    *server
	output    string // of the block that ran last
	answered  bool   // which was a query, so that its output is JSON
	variables string // JSON, of the next query
	ran       int
}

// tools are what all pages share.
type tools struct {
	root string // of the checkout
	bin  string // folder with the fraiseql program
}

func newPage(t *testing.T, tools *tools, all []block) *page {
	p := &page{t: t, tools: tools, dir: t.TempDir(), ports: map[string]string{}}
	t.Cleanup(func() { dropRoles(t, p.db.URL, all) }) // after the database, in which they have rights
	p.db = pgtest.New(t)
	t.Cleanup(func() {
		if err := p.stop(); err != nil {
			t.Error(err)
		}
	})
	for _, b := range all {
		for _, found := range port.FindAllStringSubmatch(b.text, -1) {
			p.port(found[1])
		}
	}
	p.port(defaultPort)
	if err := module(tools.root, p.dir); err != nil {
		t.Fatal(err)
	}
	return p
}

var role = regexp.MustCompile(`CREATE ROLE (\w+)`)

// dropRoles drops the roles that a page made: they belong to the whole server, and the page may run again.
func dropRoles(t *testing.T, databaseURL string, all []block) {
	for _, b := range all {
		for _, found := range role.FindAllStringSubmatch(b.text, -1) {
			u, err := url.Parse(databaseURL)
			if err != nil {
				t.Fatal(err)
			}
			u.Path = "/postgres"
			conn, err := pgx.Connect(context.Background(), u.String())
			if err != nil {
				t.Fatal(err)
			}
			_, err = conn.Exec(context.Background(), "DROP ROLE IF EXISTS "+found[1])
			if err = errors.Join(err, conn.Close(context.Background())); err != nil {
				t.Error(err)
			}
		}
	}
}

const defaultPort = "8000" // where "fraiseql serve" listens when nobody says otherwise

var (
	port     = regexp.MustCompile(`:([89]\d{3})\b`)
	database = regexp.MustCompile(`postgres://(?:([\w.]+)(?::([\w-]+))?@)?(?:localhost|127\.0\.0\.1)(?::5432)?/(\w+)`)
)

// port gives the free port that stands for one of the page. It is below those that systems give away, or a server of another test
// could have it before the page's own.
func (p *page) port(name string) string {
	for tries := 0; p.ports[name] == ""; tries++ {
		free := strconv.Itoa(10_000 + rand.IntN(20_000))
		l, err := net.Listen("tcp", "127.0.0.1:"+free)
		if err != nil {
			if tries == 100 {
				p.t.Fatal(err) // not one is free, or there is no loopback
			}
			continue
		}
		_ = l.Close()
		if _, taken := given.LoadOrStore(free, true); !taken {
			p.ports[name] = free
		}
	}
	return p.ports[name]
}

// given are the ports of all pages.
var given sync.Map

// here puts the test's addresses in the place of the page's.
func (p *page) here(text string) string {
	text = database.ReplaceAllStringFunc(text, func(found string) string {
		u, err := url.Parse(p.db.URL)
		if err != nil {
			p.t.Fatal(err)
		}
		if parts := database.FindStringSubmatch(found); parts[1] != "" {
			u.User = url.UserPassword(parts[1], parts[2])
		}
		return u.String()
	})
	return port.ReplaceAllStringFunc(text, func(found string) string { return ":" + p.port(found[1:]) })
}

// there puts the page's addresses back into an output.
func (p *page) there(text string) string {
	for name, free := range p.ports {
		text = strings.ReplaceAll(text, ":"+free, ":"+name)
	}
	return text
}

// environment is that of a person who has set DATABASE_URL and nothing else.
func (p *page) environment() []string {
	env := []string{
		"PATH=" + p.tools.bin + string(os.PathListSeparator) + os.Getenv("PATH"), "GOPROXY=off", "GOFLAGS=-mod=mod -buildvcs=false",
		"DATABASE_URL=" + p.db.URL, "FRAISEQL_ADDR=127.0.0.1:" + p.port(defaultPort),
	}
	for _, name := range []string{"HOME", "GOCACHE", "GOMODCACHE", "GOPATH", "GOTOOLCHAIN", "TMPDIR", devpg.BinVariable} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// run runs a block, or looks at it as closely as its kind allows.
func (p *page) run(b block) error {
	if name, ok := b.mark("example"); ok {
		files, err := examples.SQL(name)
		if err != nil {
			return err
		}
		for _, f := range files {
			p.db.Exec(p.t, f.SQL)
		}
	}
	if _, ok := b.mark("stop"); ok {
		if err := p.stop(); err != nil {
			return err
		}
	}
	if setup, ok := b.mark("setup"); ok {
		if out, err := p.shell(setup, 0); err != nil {
			return fmt.Errorf("its setup: %w\n%s", err, out)
		}
	}
	if _, ok := b.mark("not run"); ok {
		return p.read(b)
	}
	p.ran++
	if _, ok := b.mark("output"); ok {
		return p.compareOutput(b)
	}
	p.answered = b.language == "graphql"
	code := 0
	if text, ok := b.mark("exit"); ok {
		var err error
		if code, err = strconv.Atoi(text); err != nil {
			return fmt.Errorf("the mark exit: %w", err)
		}
	}
	name, isFile := b.mark("file")
	if isFile {
		path := filepath.Join(p.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(p.here(b.text)), 0o644); err != nil {
			return err
		}
	}
	switch {
	case b.language == "toml":
		return p.load(b)
	case isFile && b.language != "sql":
		return nil
	case b.language == "json":
		if !json.Valid([]byte(b.text)) {
			return errors.New("this is not JSON; what a command prints is marked <!-- output -->")
		}
		if _, ok := b.mark("variables"); ok {
			p.variables = b.text
		}
		return nil
	case b.language == "graphql":
		return p.ask(b)
	case b.language == "sql":
		p.db.Exec(p.t, b.text)
		return nil
	case b.isProgram():
		return p.program(b)
	case b.language == "go":
		return nil // TestFragmentsCompile
	case b.language == "console":
		return p.console(b, code)
	}
	if _, ok := b.mark("server"); ok {
		return p.serve(b, b.text, "")
	}
	var err error
	p.output, err = p.shell(b.text, code)
	return err
}

// read looks at a block that does not run: its shell syntax, and whether there is what it makes.
func (p *page) read(b block) error {
	text := b.text
	if b.language == "console" {
		all, err := b.commands()
		if err != nil {
			return err
		}
		text = ""
		for _, c := range all {
			text += c.text
		}
	} else if b.language != "sh" {
		return nil
	}
	if out, err := exec.CommandContext(p.t.Context(), "sh", "-n", "-c", text).CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		switch {
		case len(words) > 1 && words[0] == "make":
			if out, err := exec.CommandContext(p.t.Context(), "make", "-C", p.tools.root, "-n", words[1]).CombinedOutput(); err != nil {
				return fmt.Errorf("make %s: %w: %s", words[1], err, out)
			}
		case len(words) > 2 && words[0] == "go" && words[1] == "run" && strings.HasPrefix(words[2], "./"):
			if _, err := os.Stat(filepath.Join(p.tools.root, words[2])); err != nil {
				return err
			}
		}
	}
	return nil
}

// load reads a block as a file of options.
func (p *page) load(b block) error {
	path := filepath.Join(p.t.TempDir(), "fraiseql.toml")
	if err := os.WriteFile(path, []byte(p.here(b.text)), 0o644); err != nil {
		return err
	}
	_, err := fraiseql.LoadOptions(path, nil)
	return err
}

// program builds a whole program and runs it to its end.
func (p *page) program(b block) error {
	dir := filepath.Join(p.dir, fmt.Sprintf("line%d", b.line))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(p.here(b.text)), 0o644); err != nil {
		return err
	}
	out, err := p.shell("go build -o "+dir+"/program "+dir+"/main.go", 0)
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	if _, ok := b.mark("server"); ok {
		return p.serve(b, dir+"/program", "")
	}
	p.output, err = p.shell(dir+"/program", 0)
	if err != nil {
		return fmt.Errorf("%w\n%s", err, p.output)
	}
	return nil
}

func (p *page) console(b block, code int) error {
	all, err := b.commands()
	if err != nil {
		return err
	}
	if _, ok := b.mark("server"); ok {
		if len(all) != 1 {
			return errors.New("a server is one command")
		}
		return p.serve(b, all[0].text, all[0].shown)
	}
	for i, c := range all {
		wanted := 0
		if i == len(all)-1 {
			wanted = code
		}
		if p.output, err = p.shell(c.text, wanted); err != nil {
			return fmt.Errorf("$ %s%w\n%s", c.text, err, p.output)
		}
		if err := compare(c.shown, p.output); err != nil {
			return fmt.Errorf("$ %s%w", c.text, err)
		}
	}
	return nil
}

func (p *page) compareOutput(b block) error {
	if p.server != nil && p.output == "" {
		p.server.shown = b.text // compared when it has ended
		return nil
	}
	if p.answered {
		return compareJSON(b.text, p.output)
	}
	return compare(b.text, p.output)
}

// ask sends a query to the page's server.
func (p *page) ask(b block) error {
	if p.server == nil {
		return errors.New("no server of the page is running: mark the block that starts one by <!-- server -->")
	}
	request := map[string]any{"query": b.text}
	if p.variables != "" {
		request["variables"] = json.RawMessage(p.variables)
		p.variables = ""
	}
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(p.t.Context(), blockTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://127.0.0.1:"+p.port(defaultPort)+"/graphql", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	p.output = string(answer)
	return err
}

// shell runs a command to its end and gives what it printed.
func (p *page) shell(text string, code int) (string, error) {
	ctx, cancel := context.WithTimeoutCause(p.t.Context(), blockTimeout, fmt.Errorf("it did not end within %v; a server is marked <!-- server -->", blockTimeout))
	defer cancel()
	cmd := p.command(ctx, "set -e\n"+text)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case err == nil && code != 0:
		err = fmt.Errorf("it ended with code 0, and the page says %d", code)
	case errors.As(err, &exit) && exit.ExitCode() == code:
		err = nil
	case errors.As(err, &exit):
		err = fmt.Errorf("%w:\n%s", err, out)
	}
	return p.there(string(out)), err
}

func (p *page) command(ctx context.Context, text string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "sh", "-c", p.here(text))
	cmd.Dir, cmd.Env = p.dir, p.environment()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	return cmd
}

// module makes a folder a Go module that uses this checkout, and needs no network.
func module(root, dir string) error {
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return err
	}
	const path = "github.com/fraiseql/fraiseql-go"
	made := strings.Replace(string(text), "module "+path, "module example.com/page", 1) +
		fmt.Sprintf("\nrequire %s v0.0.0\n\nreplace %s => %s\n", path, path, root)
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(filepath.Join(dir, "go.mod"), []byte(made), 0o644), os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o644))
}
