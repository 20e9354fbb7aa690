package docs_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/internal/console"
	"github.com/fraiseql/fraiseql-go/internal/ops"
	"github.com/fraiseql/fraiseql-go/pool"
)

var update = flag.Bool("update", false, "write the reference pages of options, metrics and the pool")

// option is what the code does not say about an option of the pool. The rest of its entry comes from its doc comment, and
// from the parameter that sets it.
type option struct {
	field     string // of pool.Options
	root      string // of fraiseql.Options; empty: only pool.Options has it
	limits    string // the range, in words
	recommend string
	takes     []any // values that prove the range
	refuses   []any
}

// poolOptions are all options in the order of the page, the four that everybody knows first.
func poolOptions() []option {
	const s = time.Second
	return []option{
		{
			"Size", "ConnectionPoolSize", "1 to 4000, with the overflow; a flag, a variable or a file may not say 0",
			"What `fraiseql pool advise` computes from your load. Without it: 5–10 in development, 10–20 below 100 requests/s, 20–40 up to 500; see the [tuning guide](../tuning.md).",
			[]any{0, 1, 3990},
			[]any{-1, 3991, 4001},
		},
		{
			"MaxOverflow", "ConnectionPoolMaxOverflow", "0 (written -1 in Go) to 4000 less the size",
			"Half of the size, and at least 5. The ceiling of all replicas, twice while deploying, must fit into the server's `max_connections`.",
			[]any{-1, 0, 3990},
			[]any{3991},
		},
		{
			"Timeout", "ConnectionPoolTimeout", "any; 0 in a flag, a variable or a file: do not wait",
			"Below the time after which your clients give up: 30 s for people who wait, 1–5 s behind a proxy or a caller with a deadline of its own.",
			[]any{time.Duration(-1), time.Millisecond, 500 * time.Millisecond, time.Hour},
			nil,
		},
		{
			"Recycle", "ConnectionPoolRecycle", "1 s or more, or negative for never; 0 in a flag, a variable or a file is refused",
			"1 h. Shorter than what a firewall, a proxy or a load balancer in between allows a connection; some minutes where a failover must spread connections again.",
			[]any{time.Duration(-1), time.Second, 1500 * time.Millisecond},
			[]any{time.Nanosecond, 300 * time.Millisecond},
		},
		{
			"ShedTarget", "ConnectionPoolShedTarget", "0 (off) or more",
			"Off, until overload is a normal state of your service. Then 100 ms for leases of some milliseconds: several times what a lease takes.",
			[]any{100 * time.Millisecond},
			[]any{time.Duration(-1)},
		},
		{
			"ReplicasHint", "ReplicasHint", "1 to 10,000",
			"The number of processes that you run, at the most your autoscaler may start.",
			[]any{1, 10_000},
			[]any{-1, 10_001},
		},
		{
			"StrictBudget", "StrictBudget", "false or true",
			"True where a deploy must stop rather than find out under load that connections are missing.",
			[]any{true},
			nil,
		},
		{
			"FailFast", "FailFast", "false or true",
			"False under an orchestrator, whose readiness probe waits for the database; true in commands and jobs that are of no use without one.",
			[]any{true},
			nil,
		},
		{
			"StatementTimeout", "StatementTimeout", "0 or more; the app takes negative for no limit",
			"As long as your slowest legitimate query. Not longer than a client waits: what nobody waits for need not hold a connection.",
			[]any{5 * s},
			[]any{time.Duration(-1)},
		},
		{
			"Name", "ConnectionPoolName", "at most 63 bytes of printable text",
			"The name of the service, the same in all its replicas. Two apps in one process need two names when they share a meter provider.",
			[]any{"shop", strings.Repeat("x", 63)},
			[]any{strings.Repeat("x", 64), "a\nb"},
		},
		{"Production", "Production", "false or true", "True in production. In an app it also hides the explorer and the causes of errors from clients.", []any{true}, nil},
		{"ReadOnly", "", "false or true", "The app sets it, since queries never write. Alone: true for reporting.", []any{true}, nil},
		{
			"PreparedStatements", "ConnectionPoolPreparedStatements", "PreparedAuto, PreparedForce, PreparedOff",
			"PreparedAuto. PreparedForce for PgBouncer 1.21 or newer with max_prepared_statements set.",
			[]any{pool.PreparedForce, pool.PreparedOff},
			[]any{pool.PreparedOff + 1},
		},
		{"ConnectTimeout", "", "above 0", "2–5 s. It is also how long the pool goes on with a network that swallows packets.", []any{s}, []any{time.Duration(-1)}},
		{
			"CloseGrace", "", "any; negative: do not wait",
			"The default. It keeps a connection that the server still counts under the ceiling.",
			[]any{time.Duration(-1), s},
			nil,
		},
		{
			"ValidateAfter", "", "any; negative: never",
			"The default. Less where something between drops idle connections without a word, and does so sooner than that.",
			[]any{time.Duration(-1), s},
			nil,
		},
		{
			"OverflowLinger", "", "any; negative: close at return",
			"The default: bursts that come every second then find their connections still open.",
			[]any{time.Duration(-1), s},
			nil,
		},
		{
			"LeakAfter", "", "any; negative: off", "A minute or more than the longest lease that you mean to have. It costs a stack at each acquire.",
			[]any{time.Duration(-1), s},
			nil,
		},
		{"MaxConnecting", "", "1 or more", "The default. More helps only where connecting is slow (TLS, far away) and bursts are large.", []any{1, 20}, []any{-1}},
		{
			"MaxWaiting", "", "any; negative: no limit", "The default, unless memory is short: a waiter costs half a kilobyte beside its goroutine.",
			[]any{-1, 10},
			nil,
		},
		{"NestedIsError", "", "false or true", "False. True where a deadlock in production is worse than a request that fails each time.", []any{true}, nil},
		{"ResetAlways", "", "false or true", "False. True when code that you do not know uses `RawClean`.", []any{true}, nil},
		{"Logger", "Logger", "any", "The service's own.", nil, nil},
		{"Trace", "", "any", "For metrics and traces of your own; the app's metrics need none.", nil, nil},
		{"BeforeConnect", "", "any", "For passwords that expire (cloud identities) and settings of the session.", nil, nil},
		{"AfterConnect", "", "any", "To register types.", nil, nil},
		{"OnRelease", "", "any", "Rarely: it costs each lease the time that it takes, though not its caller's.", nil, nil},
	}
}

// TestOptionsOfThePage holds the table against the code: every option is in it, and its range is the one that Resolve
// knows.
func TestOptionsOfThePage(t *testing.T) {
	t.Parallel()
	of := reflect.TypeFor[pool.Options]()
	missing := map[string]bool{}
	for i := range of.NumField() {
		missing[of.Field(i).Name] = true
	}
	mapped := map[string]bool{}
	for _, o := range poolOptions() {
		if !missing[o.field] {
			t.Errorf("%s is no option, or stands twice", o.field)
		}
		delete(missing, o.field)
		mapped[o.root] = true
		if _, ok := reflect.TypeFor[fraiseql.Options]().FieldByName(o.root); !ok && o.root != "" {
			t.Errorf("%s is no field of fraiseql.Options", o.root)
		}
		for _, value := range o.takes {
			if _, err := with(o.field, value).Resolve(); err != nil {
				t.Errorf("%s = %v: %v", o.field, value, err)
			}
		}
		for _, value := range o.refuses {
			if _, err := with(o.field, value).Resolve(); err == nil {
				t.Errorf("%s = %v is taken", o.field, value)
			}
		}
	}
	for name := range missing {
		t.Errorf("pool.Options.%s has no entry in poolOptions: add its range and what you recommend", name)
	}
	for _, p := range fraiseql.Parameters() {
		if strings.HasPrefix(p.Name, "connection-pool-") && !mapped[p.Field] {
			t.Errorf("the parameter %s is in no entry of poolOptions", p.Name)
		}
	}
}

func with(field string, value any) (o pool.Options) {
	reflect.ValueOf(&o).Elem().FieldByName(field).Set(reflect.ValueOf(value))
	return o
}

// TestPoolReferenceIsCurrent keeps docs/reference/pool.md equal to the code.
func TestPoolReferenceIsCurrent(t *testing.T) {
	t.Parallel()
	current(t, "../../docs/reference/pool.md", "TestPoolReferenceIsCurrent", poolPage(t))
}

func poolPage(t *testing.T) string {
	docs := fieldDocs(t, "../../pool/options.go", "../../pool/stat.go")
	parameters := map[string]fraiseql.Parameter{}
	for _, p := range fraiseql.Parameters() {
		parameters[p.Field] = p
	}
	var page strings.Builder
	page.WriteString(`# The pool: options, statistics, metrics

This page is written from the code. How to choose the numbers is in the [tuning guide](../tuning.md), how the pool works in
[its design](../explain/pool.md).

## Options

An app takes them as fields of ` + "`fraiseql.Options`" + `, as flags of ` + "`fraiseql serve`" + `, as environment variables, and as keys of
` + "`fraiseql.toml`" + `, in this order of precedence. A pool of your own (` + "`pool.Open`" + `) takes ` + "`pool.Options`" + `. In Go zero means the default, and
a negative value none or off; in text a literal 0 means zero. Durations are written ` + "`200ms`, `30s`, `1h`" + `.

| option | flag | environment | key in the file | default |
|---|---|---|---|---|
`)
	for _, o := range poolOptions() {
		if p, ok := parameters[o.root]; ok {
			fmt.Fprintf(&page, "| [%s](#%s) | `--%s` | `%s` | `%s` | %s |\n", o.root, strings.ToLower(o.root), p.Name, p.Variable(), p.Key(), standard(p))
		}
	}
	page.WriteString("\nThe others are for Go only.\n")
	for _, o := range poolOptions() {
		doc := docs["Options."+o.field]
		if doc == "" {
			t.Errorf("pool.Options.%s has no doc comment", o.field)
		}
		title, names := o.field, []string{"`pool.Options." + o.field + "`"}
		if o.root != "" {
			title = o.root
			names = append([]string{"`fraiseql.Options." + o.root + "`"}, names...)
		}
		p, isParameter := parameters[o.root]
		if isParameter {
			names = append(names, "`--"+p.Name+"`", "`"+p.Variable()+"`", "`"+p.Key()+"`")
		}
		meaning, byDefault := split(doc)
		if byDefault == "" {
			byDefault = zero(o.field)
		}
		if isParameter && p.Default != "" && o.field == "StatementTimeout" { // the app's own
			byDefault = p.Default + " in an app. In a pool of your own: " + byDefault
		}
		fmt.Fprintf(&page, "\n### %s\n\n%s\n\n- **Default:** %s\n- **Range:** %s\n- **Recommended:** %s\n- **Names:** %s\n",
			title, meaning, byDefault, o.limits+".", o.recommend, strings.Join(names, " · "))
	}
	statistics(t, &page, docs)
	reports(t, &page)
	metrics(&page)
	return page.String()
}

// standard is the default of a parameter in a table.
func standard(p fraiseql.Parameter) string {
	switch {
	case p.Kind == "switch":
		return "false"
	case p.Default == "":
		return "none"
	}
	return p.Default
}

// zero is the default of an option whose comment names none: what it is when it is left out.
func zero(field string) string {
	f, _ := reflect.TypeFor[pool.Options]().FieldByName(field)
	if f.Type.Kind() == reflect.Bool {
		return "false."
	}
	return "none."
}

// statistics writes the table of what Stat and /pool give.
func statistics(t *testing.T, page *strings.Builder, docs map[string]string) {
	page.WriteString(`
## Statistics

` + "`app.PoolStat()` and `(*pool.Pool).Stat()` give a `pool.Stat`; `/pool` begins with the same as JSON, where durations are nanoseconds." + `
The first group are levels and gauges of one moment, the rest counts since the pool was made.

| field | JSON | meaning |
|---|---|---|
`)
	fields(t, page, docs, reflect.TypeFor[pool.Stat](), "", "")
	bounds := pool.BucketBounds()
	var names []string
	for _, b := range bounds {
		names = append(names, b.String())
	}
	fmt.Fprintf(page, "\nA histogram has `counts`, one for each bucket, and the `sum` of all durations. The buckets end at %s; the last one has no end.\nThe mean of what it measures is the sum divided by the count.\n",
		strings.Join(names, ", "))
}

// reports writes the table of what /pool tells besides.
func reports(t *testing.T, page *strings.Builder) {
	page.WriteString(`
## The report

` + "`/pool`" + ` answers browsers with [a page](../tuning.md#how-to-read-pool), whoever accepts ` + "`text/event-stream`" + ` with the events that keep it up to date,
and everybody else with JSON: the statistics above, and behind them the following. At most ` + fmt.Sprint(console.MaxWatchers) + ` streams are open at once; the next
one is answered 503 ` + "`TOO_MANY_WATCHERS`" + `. The events are made for the page, and change with it: programs ask for JSON.

| JSON | meaning |
|---|---|
`)
	docs := fieldDocs(t, "../../internal/console/report.go", "../../internal/console/holders.go", "../../internal/console/slowest.go", "../../internal/console/advice.go", "../../pool/tag.go")
	var write func(of reflect.Type, prefix string)
	write = func(of reflect.Type, prefix string) {
		for i := range of.NumField() {
			f := of.Field(i)
			key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if f.Anonymous || !f.IsExported() {
				continue
			}
			doc := docs[of.Name()+"."+f.Name]
			if doc == "" {
				t.Errorf("%s.%s has no comment", of.Name(), f.Name)
			}
			fmt.Fprintf(page, "| `%s` | %s |\n", prefix+key, inTable(doc))
			switch inner := f.Type; {
			case inner.Kind() == reflect.Slice && inner.Elem().Kind() == reflect.Struct:
				write(inner.Elem(), prefix+key+"[].")
			case inner == reflect.TypeFor[console.Lately]():
				write(inner, prefix+key+".")
			}
		}
	}
	write(reflect.TypeFor[console.Report](), "")
}

func fields(t *testing.T, page *strings.Builder, docs map[string]string, of reflect.Type, prefix, jsonPrefix string) {
	for i := range of.NumField() {
		f := of.Field(i)
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Type.Kind() == reflect.Struct && f.Type != reflect.TypeFor[pool.Histogram]() {
			fields(t, page, docs, f.Type, prefix+f.Name+".", jsonPrefix+key+".")
			continue
		}
		doc := docs[of.Name()+"."+f.Name]
		if doc == "" {
			t.Errorf("pool.%s.%s has no comment", of.Name(), f.Name)
		}
		fmt.Fprintf(page, "| `%s` | `%s` | %s |\n", prefix+f.Name, jsonPrefix+key, inTable(doc))
	}
}

func metrics(page *strings.Builder) {
	page.WriteString(`
## Metrics

` + "`/metrics`" + ` has them for Prometheus; an app with ` + "`Options.MeterProvider`" + ` gives the same to OpenTelemetry, by the names of its semantic
conventions where they have one. Each carries the pool's name (` + "`db.client.connection.pool.name`" + `; in Prometheus the dots are
underscores).

| OpenTelemetry | Prometheus | kind | unit | meaning |
|---|---|---|---|---|
`)
	for _, m := range ops.PoolMetrics() {
		help := m.Help
		if m.Attribute != "" {
			help += fmt.Sprintf(" By `%s`: %s.", m.Attribute, strings.Join(m.Values, ", "))
		}
		fmt.Fprintf(page, "| `%s` | `%s` | %s | %s | %s |\n", m.Name, m.Prometheus(), m.Kind, m.Unit, inTable(help))
	}
	page.WriteString(`
## Errors

A caller that gets no connection is answered with a code and 503 or 504: ` + "`POOL_TIMEOUT`, `POOL_SATURATED`, `POOL_UNAVAILABLE`," + `
` + "`SHUTTING_DOWN`, `DEADLINE_EXCEEDED`" + `. All codes with their cures are in [the table of errors](errors.md). In Go the error is a
` + "`*pool.AcquireError`" + ` and matches one of these:

| sentinel | when | HTTP |
|---|---|---|
`)
	for _, row := range [...]struct{ sentinel, when, code string }{
		{"ErrTimeout", "`Timeout` passed before a connection was usable", "`POOL_TIMEOUT`, 503"},
		{"ErrSaturated", "none is idle, and the pool is told not to wait", "`POOL_SATURATED`, 503"},
		{"ErrQueueFull", "`MaxWaiting` callers wait already", "`POOL_SATURATED`, 503"},
		{"ErrShed", "the pool is overloaded, and `ShedTarget` is set", "`POOL_SATURATED`, 503"},
		{"ErrUnavailable", "the database cannot be reached, or refuses the pool", "`POOL_UNAVAILABLE`, 503"},
		{"ErrClosed", "the pool is closing or closed", "`SHUTTING_DOWN`, 503"},
		{"ErrNested", "the request holds a lease already: in development, or where `NestedIsError` is set", "`INTERNAL`, 500"},
		{"the caller's context error", "its deadline passed, or it was cancelled, while it waited", "`DEADLINE_EXCEEDED`, 504"},
	} {
		name := row.sentinel
		if strings.HasPrefix(name, "Err") {
			name = "`pool." + name + "`"
		}
		fmt.Fprintf(page, "| %s | %s | %s |\n", name, row.when, row.code)
	}
}

// fieldDocs reads the comments on the fields of the structs in some files, by Type.Field.
func fieldDocs(t *testing.T, files ...string) map[string]string {
	docs := map[string]string{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			of, ok := spec.Type.(*ast.StructType)
			if !ok {
				return true
			}
			for _, f := range of.Fields.List {
				for _, id := range f.Names {
					docs[spec.Name.Name+"."+id.Name] = strings.Join(strings.Fields(f.Doc.Text()+" "+f.Comment.Text()), " ")
				}
			}
			return false
		})
	}
	return docs
}

var (
	sentence = regexp.MustCompile(`\. `)
	link     = regexp.MustCompile(`\[((?:\w+\.)?[A-Z]\w*)\]`)
)

// split takes a comment apart: its meaning, and what it says about the default.
func split(doc string) (meaning, standard string) {
	doc = link.ReplaceAllString(doc, "`$1`")
	var rest []string
	for _, s := range strings.Split(sentence.ReplaceAllString(doc, ".\x00"), "\x00") {
		if text, ok := strings.CutPrefix(s, "Default "); ok && standard == "" {
			standard = text
		} else if text, ok := strings.CutPrefix(s, "Default: "); ok && standard == "" {
			standard = text
		} else {
			rest = append(rest, s)
		}
	}
	return strings.Join(rest, " "), standard
}

// inTable makes a text fit for a cell, and a sentence of it.
func inTable(text string) string {
	return strings.ReplaceAll(link.ReplaceAllString(text, "`$1`"), "|", `\|`)
}

// TestAuthenticationPage: the table of options has each parameter that says who may ask, with its default.
func TestAuthenticationPage(t *testing.T) {
	t.Parallel()
	page := read(t, root(t), "docs/reference/authentication.md")
	for _, p := range fraiseql.Parameters() {
		said := p.Name == "session" || p.Name == "allow-anonymous"
		for _, prefix := range []string{"jwt-", "jwks-", "api-keys-", "insecure-dev-auth-"} {
			said = said || strings.HasPrefix(p.Name, prefix)
		}
		if !said {
			continue
		}
		row := fmt.Sprintf("| `%s` | `--%s` | ", p.Field, p.Name)
		_, rest, found := strings.Cut(page, row)
		if !found {
			t.Errorf("the table of options lacks %s", row)
			continue
		}
		byDefault, _, _ := strings.Cut(rest, " |")
		want, _, _ := strings.Cut(standard(p), ",")
		if got := strings.Trim(byDefault, "`"); got != want && (want != "none" || got != "not checked") {
			t.Errorf("%s: the default is %q on the page and %q in truth", p.Field, got, want)
		}
	}
}
