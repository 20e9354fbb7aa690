package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/ramp"
	"github.com/fraiseql/fraiseql-go/pool"
)

// benchFlags are those of bench beside serve's.
type benchFlags struct {
	options
	query, variables, operation string
	headers                     []string
	from, to                    float64
	steps                       int
	step, duration              time.Duration
	allowRemote, asJSON         bool
	html                        string
}

func (p *program) bench() *cobra.Command {
	f := &benchFlags{}
	cmd := &cobra.Command{
		Use:   "bench URL-or-QUERY",
		Short: "Measure what a query can serve, and choose the pool's size by it",
		Long: `Load a GraphQL server with one query at rates that rise from step to step, and say which size of
the connection pool fits what was measured. Requests fall due at a constant rate, whether or not the
answers to earlier ones are in, so that waits are not hidden; at most 500 are under way at once.

Given a QUERY, or - for one from standard input, a server is started in this process over the
database, on a loopback port; it takes the flags, variables and file of serve, but no rate limit,
certificate or registry of schemas. Given a URL, the
running server there is loaded with --query, and its pool's numbers are read from /pool beside the
URL, where it shows them; they count all its callers. A mutation is run as often as it is sent.

Without --to each step doubles the rate, until the target is saturated: less than 90 % of the
requests are answered well in time, or more than 10 % fail. A step is served when, besides, at most
1 % fail, the generator keeps up, and p95 is at most ten times the lowest one, or 20 ms. An answer
with errors counts as failed, whatever its status. Interrupted, it ends with what was measured so far.

With --json the answer is {target, steps, ended, advice, conclusion}; times in it are nanoseconds.

Exit codes: 0 it was measured, 1 the target could not be reached or every request failed, 2 a flag,
an option, the URL or the query is wrong.`,
		Example: `  fraiseql bench '{ users { id name } }' --database-url postgres://localhost/shop --html bench.html
  fraiseql bench http://127.0.0.1:8000/graphql --query '{ users { id name } }' --from 100 --to 2000`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch len(args) {
			case 0:
				return usage("%s takes a query, such as '{ users { name } }', - for standard input, or the URL of a server", cmd.CommandPath())
			case 1:
				return nil
			}
			return usage("%s takes one query or URL, and %q is a second one: quote the whole query", cmd.CommandPath(), args[1])
		},
		RunE: func(cmd *cobra.Command, args []string) error { return p.runBench(cmd, args[0], f) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringVar(&f.query, "query", "", "the query, where a URL is given")
	fs.StringVar(&f.variables, "variables", "", "the query's variables, a JSON object")
	fs.StringVar(&f.operation, "operation", "", "the name of the operation, where the document has several")
	fs.StringArrayVar(&f.headers, "header", nil, "a header of every request, such as 'Authorization: Bearer …'; may stand several times")
	fs.BoolVar(&f.allowRemote, "allow-remote", false, "load a server that is not on this machine: make sure that it is yours")
	fs.Float64Var(&f.from, "from", 50, "requests per second of the first step")
	fs.Float64Var(&f.to, "to", 0, "requests per second of the last step (default: each step doubles the rate)")
	fs.IntVar(&f.steps, "steps", 8, "how many steps at most")
	fs.DurationVar(&f.step, "step", 0, "how long each step sends requests (default: 80 % of the duration, divided by the steps)")
	fs.DurationVar(&f.duration, "duration", 20*time.Second, "how long all may take together")
	fs.StringVar(&f.html, "html", "", "write a page with the curves to this file")
	fs.BoolVar(&f.asJSON, "json", false, "as JSON")
	f.add(cmd, "addr", "admin-addr", "admin-role", "fail-fast")
	return cmd
}

func (p *program) runBench(cmd *cobra.Command, target string, f *benchFlags) error {
	ctx := cmd.Context()
	c, err := f.ramp(cmd)
	if err != nil {
		return err
	}
	query, remote, err := f.target(cmd, target)
	if err != nil {
		return err
	}
	if c.Body, err = f.body(query); err != nil {
		return err
	}
	var report ramp.Report
	load := func(ctx context.Context) (err error) {
		report, err = p.load(ctx, c, f)
		return err
	}
	if remote != nil {
		c.URL = remote.String()
		c.Stat = ramp.PoolAt(remote.ResolveReference(&url.URL{Path: "pool"}).String(), c.Header)
		err = load(ctx)
	} else {
		err = p.hosted(ctx, f, c, load)
	}
	if err != nil {
		return err
	}
	return p.benched(report, f)
}

// benched tells what was measured.
func (p *program) benched(report ramp.Report, f *benchFlags) error {
	if f.html != "" {
		var page bytes.Buffer
		if err := report.WriteHTML(&page); err != nil {
			return err
		}
		if err := os.WriteFile(f.html, page.Bytes(), 0o644); err != nil {
			return fmt.Errorf("--html: %w", err)
		}
	}
	if f.asJSON {
		if err := p.json(report); err != nil {
			return err
		}
	} else {
		p.print("\n%s\n", p.painter()(bold, report.Conclusion))
	}
	var good, failed int64
	for _, s := range report.Steps {
		good, failed = good+s.Good, failed+s.Failed
	}
	if good == 0 && failed > 0 {
		return fmt.Errorf("every request failed: %s", report.Steps[0].Errors[0].Example)
	}
	return nil
}

// ramp reads the flags of the load, and tells all that is wrong with them at once.
func (f *benchFlags) ramp(cmd *cobra.Command) (*ramp.Config, error) {
	const most = 1e6
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	changed := cmd.Flags().Changed
	if !(f.from > 0 && f.from <= most) {
		fault("--from is %v, and a rate is above 0 and at most 1000000 requests/s: begin with one such as 50", f.from)
	}
	switch {
	case changed("to") && !(f.to > 0 && f.to <= most):
		fault("--to is %v, and a rate is above 0 and at most 1000000 requests/s: leave it out to double the rate until the target is saturated", f.to)
	case changed("to") && f.from > f.to:
		fault("--from is %v and --to is %v: the rates rise, so set --from to at most --to", f.from, f.to)
	}
	if f.steps < 1 || f.steps > 1000 {
		fault("--steps is %d, and the limits are 1 and 1000: choose a number such as 8", f.steps)
	}
	if f.duration <= 0 {
		fault("--duration is %s, and it must be above 0: choose one such as 20s", f.duration)
	}
	if changed("step") && f.step <= 0 {
		fault("--step is %s, and it must be above 0: choose one such as 2s", f.step)
	}
	if len(faults) == 0 {
		whole := time.Duration(f.steps)
		switch {
		case !changed("step"):
			f.step = max(f.duration*8/10/whole, 1)
		case !changed("duration"):
			f.duration = f.step * whole * 10 / 8
		case f.step*whole > f.duration:
			fault("--steps %d × --step %s do not fit into --duration %s: lower one of them, or raise it", f.steps, f.step, f.duration)
		}
	}
	header := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/graphql-response+json, application/json"}}
	own := http.Header{}
	for _, line := range f.headers {
		name, value, ok := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch {
		case !ok || !token(name) || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
			fault("--header: %q is not a header such as 'Authorization: Bearer …'", name) // the value may be a secret
		case strings.EqualFold(name, "Host"):
			fault("--header: Host is taken from the URL: give the URL that the host has")
		default:
			own.Add(name, value)
		}
	}
	for name, values := range own {
		header[name] = values
	}
	if err := errors.Join(faults...); err != nil {
		return nil, usageError{err}
	}
	return &ramp.Config{Header: header, From: f.from, To: f.to, Steps: f.steps, Step: f.step, Duration: f.duration}, nil
}

// token tells whether text may be the name of a header (RFC 9110, section 5.6.2).
func token(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}

// target tells a query from a URL, and gives the query and, where a server runs already, its URL.
func (f *benchFlags) target(cmd *cobra.Command, text string) (string, *url.URL, error) {
	if text == "-" || strings.Contains(text, "{") {
		if cmd.Flags().Changed("query") {
			return "", nil, usage("there are two queries: leave --query out, or give the URL of a server")
		}
		if text != "-" {
			return text, nil, nil
		}
		read, err := io.ReadAll(cmd.InOrStdin())
		if err != nil {
			return "", nil, fmt.Errorf("reading the query: %w", err)
		}
		return string(read), nil, nil
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return "", nil, usage("this is neither a query, such as '{ users { name } }', nor a URL, such as http://127.0.0.1:8000/graphql")
	case u.User != nil:
		return "", nil, usage("the URL holds a name or a password: send them by --header 'Authorization: …'")
	case !loopback(u.Hostname()) && !f.allowRemote:
		return "", nil, usage("%s is not this machine, and a load can take a server down: if it is yours to load, say --allow-remote", u.Host)
	case f.query == "":
		return "", nil, usage("--query is missing: give the query that is sent to %s, such as --query '{ users { name } }'", u.Host)
	}
	for _, v := range f.values {
		if len(v.texts) > 0 {
			return "", nil, usage("--%s is for a server that is started here, and the one at %s runs already: leave it out", v.Name, u.Host)
		}
	}
	return f.query, u, nil
}

func loopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// body is that of each request.
func (f *benchFlags) body(query string) ([]byte, error) {
	request := struct {
		Query         string          `json:"query"`
		OperationName string          `json:"operationName,omitempty"`
		Variables     json.RawMessage `json:"variables,omitempty"`
	}{Query: query, OperationName: f.operation}
	if f.variables != "" {
		var object map[string]json.RawMessage
		if json.Unmarshal([]byte(f.variables), &object) != nil || object == nil {
			return nil, usage(`--variables: %q is not a JSON object such as {"id": "1"}`, f.variables)
		}
		request.Variables = json.RawMessage(f.variables)
	}
	return json.Marshal(request)
}

// hosted runs use while an app serves the database on a loopback port.
func (p *program) hosted(ctx context.Context, f *benchFlags, c *ramp.Config, use func(context.Context) error) error {
	o, err := f.load(p.environ)
	if err != nil {
		return err
	}
	o.AdminAddr, o.FailFast = "", true
	o.TLSCertFile, o.TLSKeyFile = "", "" // it is asked over loopback, by name of no certificate
	o.RateLimit = -1                     // all requests are one client's
	o.SchemaRegistry, o.RefuseBreakingChanges = false, false
	o.Logger = slog.New(slog.DiscardHandler) // a line for each failed request would be a load of its own
	app, err := fraiseql.New(o)
	if err != nil {
		return usageError{err}
	}
	l, err := fraiseql.Listen(ctx, "127.0.0.1:0")
	if err != nil {
		return err
	}
	c.URL = baseURL(l.Addr()) + "/graphql"
	c.Stat = func(context.Context) (pool.Stat, error) { return app.PoolStat(), nil }
	serving, stop := context.WithCancel(context.WithoutCancel(ctx)) // what is under way when ctx ends is still measured
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- app.Serve(serving, l) }()
	waiting, leave := context.WithCancel(ctx)
	defer leave()
	serves := make(chan bool, 1)
	go func() { serves <- ready(waiting, app) }()
	select {
	case ok := <-serves:
		if !ok {
			stop()
			return errors.Join(context.Cause(ctx), <-ended)
		}
	case err := <-ended:
		return fmt.Errorf("the server did not start: %w", err)
	}
	err = use(ctx)
	stop()
	return errors.Join(err, <-ended)
}

// load sends the ramp, once one request has shown that the target takes it.
func (p *program) load(ctx context.Context, c *ramp.Config, f *benchFlags) (ramp.Report, error) {
	var refused *ramp.RefusedError
	switch err := c.Probe(ctx); {
	case errors.As(err, &refused):
		return ramp.Report{}, usage("%s refuses the request: %w", c.URL, err)
	case err != nil:
		return ramp.Report{}, fmt.Errorf("%s cannot be loaded: %w", c.URL, err)
	}
	bar := p.bar(f)
	if !f.asJSON {
		paint := p.painter()
		p.print("%s\n", paint(bold, stepHead))
		c.OnStep = func(s ramp.Step) {
			bar.clear()
			p.print("%s\n", paint(colourOf(s), stepLine(s)))
		}
	}
	c.OnProgress = bar.at
	report := ramp.Run(ctx, *c)
	bar.clear()
	return report, nil
}
