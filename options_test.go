package fraiseql_test

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/metric/noop"
	traces "go.opentelemetry.io/otel/trace/noop"

	"github.com/fraiseql/fraiseql-go"
	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/pool"
)

// onlyInGo are the fields that no text can set.
func onlyInGo() []string {
	return []string{"Types", "Queries", "Mutations", "Mux", "ExplorerExamples", "Auth", "Authorizer", "Context", "Session", "OnStart", "OnShutdown", "MeterProvider", "TracerProvider", "Logger"}
}

func TestEveryOptionIsAParameterOrOnlyInGo(t *testing.T) {
	t.Parallel()
	known := onlyInGo()
	for _, p := range fraiseql.Parameters() {
		if slices.Contains(known, p.Field) {
			t.Errorf("%s stands twice", p.Field)
		}
		if p.Usage == "" || strings.HasSuffix(p.Usage, ".") {
			t.Errorf("%s: usage %q", p.Name, p.Usage)
		}
		known = append(known, p.Field)
	}
	options := reflect.TypeFor[fraiseql.Options]()
	for i := range options.NumField() {
		f := options.Field(i)
		names := []string{f.Name}
		if f.Name == "InsecureDevAuth" {
			names = []string{f.Name + ".Username", f.Name + ".Password"}
		}
		for _, name := range names {
			if !slices.Contains(known, name) {
				t.Errorf("Options.%s has no flag: add it to Parameters, or to the list of fields only in Go", name)
			}
			known = slices.DeleteFunc(known, func(k string) bool { return k == name })
		}
	}
	if len(known) > 0 {
		t.Errorf("these are no fields of Options: %v", known)
	}
}

// refuser allows nothing.
type refuser struct{}

func (refuser) Authorize(context.Context, auth.Access) (auth.Decision, error) {
	return auth.Decision{}, nil
}

func allSet() fraiseql.Options {
	return fraiseql.Options{
		DatabaseURL: "x", Types: []fraiseql.Type{nil}, Queries: []fraiseql.Query{nil}, Mutations: []fraiseql.Mutation{nil}, MutationsAllOrNothing: true, MutationIsolation: "x", MutationRetries: 3, Schemas: []string{"x"}, Expose: []string{"x"}, NoAutoDiscover: true, CompatibleOperators: true, PlainNumbers: true, GlobalNode: "x",
		Title: "x", Version: "x", Description: "x", Production: true, Addr: "x", AdminAddr: "x", AdminRole: "x", Mux: http.NewServeMux(), NoExplorer: true, ExplorerExamples: []fraiseql.Example{{}},
		Auth: auth.InsecureDevAuth{}, JWKSURL: "x", JWTPublicKeyFiles: []string{"x"}, JWTSecretFile: "x", JWTIssuer: "x", JWTAudience: "x", JWTLeeway: 3, JWTRolesClaim: "x", JWTScopesClaim: "x", APIKeysFile: "x", AllowAnonymous: true,
		TLSCertFile: "x", TLSKeyFile: "x", SchemaRegistry: true, RefuseBreakingChanges: true, InsecureDevAuth: auth.InsecureDevAuth{Username: "x", Password: "x"},
		Authorizer: refuser{}, HideForbidden: true,
		Context:       func(r *http.Request) (context.Context, error) { return r.Context(), nil },
		Session:       func(context.Context) (auth.Settings, error) { return auth.Settings{}, nil },
		SessionClaims: map[string]string{"a": "b"},
		OnStart:       func(context.Context, *fraiseql.App) error { return nil },
		OnShutdown:    func(context.Context, *fraiseql.App) error { return nil },

		ConnectionPoolName: "x", MeterProvider: noop.NewMeterProvider(), TracerProvider: traces.NewTracerProvider(),
		ConnectionPoolSize: 3, ConnectionPoolMaxOverflow: 3, ConnectionPoolTimeout: 3, ConnectionPoolRecycle: 3, ConnectionPoolShedTarget: 3, ConnectionPoolPreparedStatements: pool.PreparedOff, ReplicasHint: 3, StrictBudget: true, FailFast: true,
		StatementTimeout: 3, WriteStall: 3, BufferBytes: 3, MaxBodyBytes: 3, BodyTimeout: 3, NoCompression: true, CacheControl: "x", MaxPage: 3, MaxDepth: 3, MaxTokens: 3, MaxRootFields: 3, MaxAliases: 3, MaxCost: 3,
		AllowedOrigins: []string{"x"}, AllowCredentials: true, NoCSRFPrevention: true, RateLimit: 3, RateBurst: 3, TrustedProxies: []string{"x"}, ForwardedHeader: "x",
		ReadHeaderTimeout: 3, IdleTimeout: 3, MaxHeaderBytes: 3,
		PersistedQueriesBytes: 3, TrustedDocuments: "x", NoIntrospection: true, AllowIntrospection: true, HTTPProfile: "x", SlowOperation: 3, SlowOperationPlan: true, Logger: slog.New(slog.DiscardHandler),
	}
}

func TestDefaultingLeavesWhatIsSet(t *testing.T) {
	t.Parallel()
	before := reflect.ValueOf(allSet())
	after := reflect.ValueOf(fraiseql.WithDefaults(allSet()))
	for i := range before.NumField() {
		name := before.Type().Field(i).Name
		if before.Field(i).IsZero() {
			t.Errorf("%s is not set: add it to allSet", name)
		}
		b, a := before.Field(i), after.Field(i)
		if b.Kind() == reflect.Func || b.Kind() == reflect.Pointer || b.Kind() == reflect.Slice || b.Kind() == reflect.Map {
			if a.IsNil() {
				t.Errorf("%s got lost", name)
			}
			continue
		}
		if !reflect.DeepEqual(b.Interface(), a.Interface()) {
			t.Errorf("%s: %v became %v", name, b, a)
		}
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in         fraiseql.Options
		size, over int
		wait, age  time.Duration
	}{
		"development":       {fraiseql.Options{}, 10, 10, 30 * time.Second, time.Hour},
		"production":        {fraiseql.Options{Production: true}, 20, 10, 30 * time.Second, time.Hour},
		"negative is none":  {fraiseql.Options{ConnectionPoolSize: 30, ConnectionPoolMaxOverflow: -1, ConnectionPoolTimeout: -1, ConnectionPoolRecycle: -1}, 30, -1, -1, -1},
		"fractions of time": {fraiseql.Options{ConnectionPoolTimeout: time.Millisecond, ConnectionPoolRecycle: 1500 * time.Millisecond}, 10, 10, time.Millisecond, 1500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := fraiseql.WithDefaults(c.in)
			if o.ConnectionPoolSize != c.size || o.ConnectionPoolMaxOverflow != c.over || o.ConnectionPoolTimeout != c.wait || o.ConnectionPoolRecycle != c.age {
				t.Errorf("got %d %d %v %v", o.ConnectionPoolSize, o.ConnectionPoolMaxOverflow, o.ConnectionPoolTimeout, o.ConnectionPoolRecycle)
			}
			if o.Title != "FraiseQL API" || o.Version != "1.0.0" || o.Schemas[0] != "public" || o.MaxPage != 1000 || o.MaxDepth != 20 || o.MaxTokens != 15000 ||
				o.MaxRootFields != 50 || o.MaxAliases != 500 || o.MaxCost != 5_000_000 || o.MaxBodyBytes != 1<<20 || o.BodyTimeout != 10*time.Second || o.BufferBytes != 256<<10 ||
				o.WriteStall != 5*time.Second || o.StatementTimeout != 30*time.Second || o.Addr != "127.0.0.1:8000" || o.HTTPProfile != "compat-2025" {
				t.Errorf("got %+v", o)
			}
		})
	}
}

func TestFaultsOfOptionsComeTogether(t *testing.T) {
	t.Parallel()
	_, err := fraiseql.New(fraiseql.Options{
		Schemas: []string{""}, Expose: []string{"[", "ok"}, Production: true, Addr: "nowhere", AdminAddr: "8000",
		Auth: auth.InsecureDevAuth{}, InsecureDevAuth: auth.InsecureDevAuth{Password: "p"}, ConnectionPoolSize: -3, ConnectionPoolRecycle: time.Millisecond,
		HTTPProfile: "2030", CacheControl: "max-age=60;", SessionClaims: map[string]string{"statement_timeout": "x"}, Session: func(context.Context) (auth.Settings, error) { return auth.Settings{}, nil },
		JWTIssuer: "https://id", Types: []fraiseql.Type{},
	})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		"DatabaseURL is empty", "Schemas[0] is empty", `Expose has "["`, `Addr is "nowhere": the form is host:port`, `AdminAddr is "8000"`,
		"Auth and InsecureDevAuth are all set", "InsecureDevAuth is set in Production", "ConnectionPoolSize is -3, and a pool needs at least 1", "ConnectionPoolRecycle is 1ms, and the limit is at least 1s",
		"HTTPProfile: ", `CacheControl: "max-age=60;" has`, "SessionClaims: ", "Session and SessionClaims are both set", `JWTIssuer "https://id"`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in:\n%v", want, err)
		}
	}
	for name, c := range map[string]struct {
		o    fraiseql.Options
		want string
	}{
		"a pool's long name":      {fraiseql.Options{ConnectionPoolName: strings.Repeat("x", 64)}, "ConnectionPoolName: pool: Name is"},
		"replicas":                {fraiseql.Options{ReplicasHint: -1}, "ReplicasHint is -1, and the limits are 1 and 10000: set the number of processes"},
		"a choice of none":        {fraiseql.Options{ConnectionPoolPreparedStatements: pool.PreparedOff + 1}, "ConnectionPoolPreparedStatements: pool: PreparedStatements is"},
		"too many connections":    {fraiseql.Options{ConnectionPoolSize: 5000}, "above the limit"},
		"anonymous":               {fraiseql.Options{AllowAnonymous: true}, "AllowAnonymous is set without Auth"},
		"a name only":             {fraiseql.Options{InsecureDevAuth: auth.InsecureDevAuth{Username: "a"}}, "no password"},
		"a port too high":         {fraiseql.Options{Addr: ":70000"}, `Addr is ":70000", and "70000" is no port: the ports are 0 to 65535`},
		"no port":                 {fraiseql.Options{AdminAddr: "127.0.0.1:80x"}, `AdminAddr is "127.0.0.1:80x", and "80x" is no port`},
		"two ways":                {fraiseql.Options{Auth: auth.InsecureDevAuth{}, JWKSURL: "https://id/keys", APIKeysFile: "x"}, "Auth and JWKSURL and APIKeysFile are all set, and one of them must find out who sends a request: keep one; in Go, auth.First joins"},
		"files and a password":    {fraiseql.Options{JWTPublicKeyFiles: []string{"x"}, InsecureDevAuth: auth.InsecureDevAuth{Password: "p"}}, "JWTPublicKeyFiles and InsecureDevAuth are all set"},
		"keys by http":            {fraiseql.Options{JWKSURL: "http://id.example.com/keys"}, "JWKSURL: the JWKS URL \"http://id.example.com/keys\" is http"},
		"an empty path":           {fraiseql.Options{JWTPublicKeyFiles: []string{"a", " "}}, "JWTPublicKeyFiles[1] is empty"},
		"much leeway":             {fraiseql.Options{JWTSecretFile: "x", JWTLeeway: time.Hour}, "JWTLeeway is 1h0m0s, and the limit is 10m0s"},
		"rules and no tokens":     {fraiseql.Options{APIKeysFile: "x", JWTAudience: "a", JWTRolesClaim: "r", JWTScopesClaim: "s", JWTLeeway: 1}, `JWTAudience "a" and JWTRolesClaim "r" and JWTScopesClaim "s" and JWTLeeway 1ns is set, and no token is read: say by JWKSURL`},
		"one address":             {fraiseql.Options{AdminAddr: "127.0.0.1:8000"}, "as Addr is"},
		"nothing to serve":        {fraiseql.Options{NoAutoDiscover: true}, "NoAutoDiscover is set"},
		"declarations":            {fraiseql.Options{Types: []fraiseql.Type{nil}}, "Types[0] is nil"},
		"an origin with a path":   {fraiseql.Options{AllowedOrigins: []string{"https://a.example/"}}, "has more than scheme, host and port: write https://a.example"},
		"all with credentials":    {fraiseql.Options{AllowedOrigins: []string{"*"}, AllowCredentials: true}, "every origin (*) is allowed with credentials"},
		"a proxy of no address":   {fraiseql.Options{TrustedProxies: []string{"proxy"}}, `"proxy" is neither an address nor a network`},
		"a header of two words":   {fraiseql.Options{ForwardedHeader: "X Y"}, `"X Y" is no name of a header`},
		"a burst of nothing":      {fraiseql.Options{RateBurst: -1}, "RateBurst is -1"},
		"a short header":          {fraiseql.Options{MaxHeaderBytes: 10}, "MaxHeaderBytes is 10, and the least is 1024"},
		"few bytes of queries":    {fraiseql.Options{PersistedQueriesBytes: 10}, "PersistedQueriesBytes is 10, and the least is 65536"},
		"introspection both ways": {fraiseql.Options{NoIntrospection: true, AllowIntrospection: true}, "NoIntrospection and AllowIntrospection are both set"},
		"admins of nowhere":       {fraiseql.Options{AdminRole: "ops"}, `AdminRole is "ops" without Auth`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.o.DatabaseURL = "postgres://localhost/x"
			if _, err := fraiseql.New(c.o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func parameter(t *testing.T, name string) fraiseql.Parameter {
	t.Helper()
	for _, p := range fraiseql.Parameters() {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("no parameter %s", name)
	return fraiseql.Parameter{}
}

// In text a literal 0 is zero, never the default.
func TestLiteralZero(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]any{
		"connection-pool-size":         "1 connection is the least",
		"connection-pool-max-overflow": -1,
		"connection-pool-timeout":      time.Duration(-1),
		"connection-pool-recycle":      "say -1s for never",
		"connection-pool-shed-target":  time.Duration(-1),
		"jwt-leeway":                   time.Duration(-1),
		"replicas-hint":                "this process is the first",
		"max-page":                     -1,
		"buffer-bytes":                 -1,
		"statement-timeout":            time.Duration(-1),
		"write-stall":                  "say -1s for no limit",
		"max-body-bytes":               "say -1",
		"max-depth":                    "say -1",
		"max-aliases":                  "say -1",
		"rate-limit":                   -1,
		"rate-burst":                   "1 request is the least",
		"persisted-queries-bytes":      -1,
		"read-header-timeout":          "say -1s",
		"idle-timeout":                 "say -1s",
		"max-header-bytes":             "1024 bytes are the least",
	} {
		p := parameter(t, name)
		var o fraiseql.Options
		err := p.Set(&o, "0")
		if cure, refused := want.(string); refused {
			if err == nil || !strings.Contains(err.Error(), cure) {
				t.Errorf("%s: got %v, want %s", name, err, cure)
			}
			continue
		}
		if got := reflect.ValueOf(o).FieldByName(p.Field).Interface(); err != nil || got != want {
			t.Errorf("%s: got %v, %v; want %v", name, got, err, want)
		}
	}
}

// Each parameter changes its own field, and no other.
func TestParametersSetTheirField(t *testing.T) {
	t.Parallel()
	sample := map[string][]string{"text": {"x"}, "number": {"7"}, "duration": {"7s"}, "switch": {"true"}, "list": {"a,b", "c"}, "table": {"a=b", "c=d"}}
	for _, p := range fraiseql.Parameters() {
		var o fraiseql.Options
		value := sample[p.Kind]
		if p.Name == "connection-pool-prepared-statements" { // it takes some words only
			value = []string{"off"}
		}
		if err := p.Set(&o, value...); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
		v := reflect.ValueOf(&o).Elem()
		target := v
		for part := range strings.SplitSeq(p.Field, ".") {
			target = target.FieldByName(part)
		}
		if target.IsZero() {
			t.Errorf("%s does not set Options.%s", p.Name, p.Field)
		}
		target.SetZero()
		if !v.IsZero() {
			t.Errorf("%s sets more than Options.%s", p.Name, p.Field)
		}
	}
	var o fraiseql.Options
	for name, values := range map[string][]string{
		"max-page": {"many"}, "connection-pool-timeout": {"30"}, "production": {"maybe"}, "title": {"a", "b"}, "session": {"a"}, "max-depth": {"99999999999999999999"},
	} {
		if err := parameter(t, name).Set(&o, values...); err == nil {
			t.Errorf("%s took %q", name, values)
		}
	}
}

// What Values gives, Set takes, and it means the same.
func TestValuesAreWhatSetTakes(t *testing.T) {
	t.Parallel()
	none := fraiseql.Options{
		ConnectionPoolMaxOverflow: -1, ConnectionPoolTimeout: -1, ConnectionPoolRecycle: -1, StatementTimeout: -1, WriteStall: -1, BufferBytes: -1,
		MaxBodyBytes: -1, BodyTimeout: -1, RateLimit: -1, ReadHeaderTimeout: -1, IdleTimeout: -1, MutationRetries: -1, MaxPage: -1, MaxDepth: -1,
		MaxTokens: -1, MaxRootFields: -1, MaxAliases: -1, MaxCost: -1, PersistedQueriesBytes: -1,
	}
	for name, o := range map[string]fraiseql.Options{
		"defaults": fraiseql.WithDefaults(fraiseql.Options{}), "production": fraiseql.WithDefaults(fraiseql.Options{Production: true}), "none": fraiseql.WithDefaults(none), "all": allSet(),
	} {
		for _, p := range fraiseql.Parameters() {
			values := p.Values(o)
			if len(values) == 0 || values[0] == "" || values[0] == "0" && p.Set(&fraiseql.Options{}, "0") != nil {
				continue // not set, where nothing means none
			}
			var again fraiseql.Options
			if err := p.Set(&again, values...); err != nil {
				t.Errorf("%s: %s: Set refuses what Values gives: %v", name, p.Name, err)
			} else if got := p.Values(again); !slices.Equal(got, values) {
				t.Errorf("%s: %s: %q became %q", name, p.Name, values, got)
			}
		}
	}
	if got := parameter(t, "connection-pool-size").Values(fraiseql.WithDefaults(fraiseql.Options{Production: true})); !slices.Equal(got, []string{"20"}) {
		t.Errorf("the size in production is %q", got)
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	o, err := fraiseql.Options{DatabaseURL: "postgres://localhost/shop", MaxPage: 7}.Resolve()
	if err != nil || o.MaxPage != 7 || o.MaxDepth != 20 || o.Title != "FraiseQL API" {
		t.Errorf("got %d %d %q, %v", o.MaxPage, o.MaxDepth, o.Title, err)
	}
	if _, err := (fraiseql.Options{}).Resolve(); err == nil || !strings.Contains(err.Error(), "DatabaseURL is empty") {
		t.Errorf("got %v", err)
	}
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "fraiseql.toml")
	if err := os.WriteFile(path, []byte("production = false\ntitle = \"x\"\nmax_page = 3"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := fraiseql.Origins(path, []string{"DATABASE_URL=postgres://common", "FRAISEQL_TITLE=y", "FRAISEQL_VERSION="})
	want := map[string]fraiseql.Origin{
		"production": {File: path}, "max-page": {File: path}, "title": {Variable: "FRAISEQL_TITLE"}, "database-url": {Variable: "DATABASE_URL"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := fraiseql.Origins("/does/not/exist", nil); err == nil {
		t.Error("a file that is not there is not told")
	}
}

func TestLoadOptions(t *testing.T) {
	t.Parallel()
	write := func(t *testing.T, text string) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), "fraiseql.toml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	t.Run("precedence", func(t *testing.T) {
		t.Parallel()
		path := write(t, `
title = "from the file"
version = "2.0"
production = true
connection_pool_size = 30
connection_pool_max_overflow = 0
connection_pool_timeout = "1.5s"
schemas = ["app", "public"]
expose = ["v_*", "a,b"]
[session]
"app.tenant_id" = "tenant.id"
"app.groups" = "groups, as they were"
`)
		o, err := fraiseql.LoadOptions(path, []string{
			"FRAISEQL_TITLE=from the environment", "FRAISEQL_MAX_PAGE=0", "DATABASE_URL=postgres://a", "FRAISEQL_REQUIRE_PG=1", "FRAISEQL_POSTGRES_BIN=/x", "HOME=/",
			"FRAISEQL_VERSION=", "FRAISEQL_SCHEMAS=one,two",
		})
		if err != nil {
			t.Fatal(err)
		}
		want := fraiseql.Options{
			Title: "from the environment", Version: "2.0", Production: true, ConnectionPoolSize: 30, ConnectionPoolMaxOverflow: -1, ConnectionPoolTimeout: 1500 * time.Millisecond,
			Schemas: []string{"one", "two"}, SessionClaims: map[string]string{"app.tenant_id": "tenant.id", "app.groups": "groups, as they were"},
			Expose: []string{"v_*", "a,b"}, MaxPage: -1, DatabaseURL: "postgres://a",
		}
		if !reflect.DeepEqual(o, want) {
			t.Errorf("got %+v", o)
		}
	})
	t.Run("the own variable goes before the common one", func(t *testing.T) {
		t.Parallel()
		o, err := fraiseql.LoadOptions("", []string{"FRAISEQL_DATABASE_URL=postgres://own", "DATABASE_URL=postgres://common", "FRAISEQL_CONFIG=" + write(t, `title = "x"`)})
		if err != nil || o.DatabaseURL != "postgres://own" || o.Title != "x" {
			t.Errorf("got %q %q, %v", o.DatabaseURL, o.Title, err)
		}
	})
	for name, c := range map[string]struct {
		file    string
		environ []string
		want    []string
	}{
		"unknown key":        {"title = \"x\"\nconection_pool_size = 3\n[other]\nx = 1", nil, []string{"fraiseql.toml:2: the key conection_pool_size is not known: did you mean connection_pool_size?", "other"}},
		"wrong type":         {"title = \"x\"\nmax_page = \"many\"", nil, []string{"fraiseql.toml:2:", "max_page"}},
		"bad value":          {"connection_pool_recycle = \"0s\"\nconnection_pool_timeout = \"soon\"", nil, []string{"connection_pool_recycle: 0 is refused: say -1s for never", "connection_pool_timeout: \"soon\" is not a duration"}},
		"text for number":    {"max_page = \"1\"", nil, []string{"fraiseql.toml:1:12: max_page: a TOML string is given, and it takes a whole number such as 20"}},
		"number for time":    {"write_stall = 30", nil, []string{"write_stall: a TOML integer is given, and it takes a text such as \"30s\""}},
		"text for list":      {"schemas = \"a\"", nil, []string{"schemas: a TOML string is given, and it takes a list of texts"}},
		"date for text":      {"title = 2020-01-01", nil, []string{"title: a TOML local date is given, and it takes a text in quotes"}},
		"number in a table":  {"[session]\n\"app.x\" = 5", nil, []string{"fraiseql.toml:2:", "a TOML integer is given, and it takes a table of texts"}},
		"no TOML":            {"title", nil, []string{"fraiseql.toml:1"}},
		"unknown variable":   {"", []string{"FRAISEQL_CONECTION_POOL_SIZE=3", "FRAISEQL_XYZZY=1"}, []string{"FRAISEQL_CONECTION_POOL_SIZE is not known: did you mean FRAISEQL_CONNECTION_POOL_SIZE?", "FRAISEQL_XYZZY is not known: see"}},
		"bad variable":       {"", []string{"FRAISEQL_CONNECTION_POOL_SIZE=0"}, []string{"FRAISEQL_CONNECTION_POOL_SIZE: 0 is refused: 1 connection is the least"}},
		"no such file":       {"-", nil, []string{"reading options"}},
		"both report faults": {"titel = \"x\"", []string{"FRAISEQL_MAX_PAGE=x"}, []string{"titel", "FRAISEQL_MAX_PAGE"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := "/does/not/exist"
			if c.file != "-" {
				path = write(t, c.file)
			}
			_, err := fraiseql.LoadOptions(path, c.environ)
			for _, want := range c.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %s", err, want)
				}
			}
		})
	}
}
