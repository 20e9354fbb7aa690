package fraiseql

import (
	"encoding"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fraiseql/fraiseql-go/internal/guard"
	"github.com/fraiseql/fraiseql-go/pool"
)

// Parameter is an option that text can set: a flag --a-b of the command, the variable
// FRAISEQL_A_B, and the key a_b of a file. There, a literal 0 means zero and never the default.
type Parameter struct {
	Name    string // the flag without its dashes
	Field   string // of Options
	Usage   string // one line
	Default string // as text; empty: none
	Kind    string // text, number, duration, switch (true or false), list, or table (name=value)

	set func(o *Options, values []string) error
	get func(o *Options) []string
}

// Variable is the environment variable of the parameter.
func (p Parameter) Variable() string {
	return "FRAISEQL_" + strings.ToUpper(strings.ReplaceAll(p.Name, "-", "_"))
}

// Key is the key of the parameter in a file.
func (p Parameter) Key() string { return strings.ReplaceAll(p.Name, "-", "_") }

// Set replaces the option's value by one that is given as text, or for a list or a table by
// several. Commas separate them too, as in an environment variable; a file has a syntax of its
// own for several values, and there a comma is a character like any other.
func (p Parameter) Set(o *Options, values ...string) error {
	if p.Kind == "list" || p.Kind == "table" {
		values = split(values)
	}
	return p.set(o, values)
}

// Values is the option's value as texts that Set takes: one, or any number of a list or a table.
// The default of an option that is not set is known to [Options.Resolve].
func (p Parameter) Values(o Options) []string { return p.get(&o) }

// Parameters lists the options that text can set, in the order of help texts.
func Parameters() []Parameter {
	return []Parameter{
		text("database-url", "DatabaseURL", "the database: postgres://user@host:5432/name; DATABASE_URL is read too", "", func(o *Options) *string { return &o.DatabaseURL }),
		text("addr", "Addr", "where to listen: host:port, or :port for all interfaces", defaultAddr, func(o *Options) *string { return &o.Addr }),
		toggle("production", "Production", "serve carefully and quietly: no explorer, no introspection, no causes of errors for clients, a rate limit, a larger pool", func(o *Options) *bool { return &o.Production }),
		list("schemas", "Schemas", "database schemas to serve from, in this order", "public", func(o *Options) *[]string { return &o.Schemas }),
		list("expose", "Expose", "tables and views to serve without an annotation, by patterns such as 'v_*'", "", func(o *Options) *[]string { return &o.Expose }),
		toggle("no-auto-discover", "NoAutoDiscover", "do not serve annotated objects", func(o *Options) *bool { return &o.NoAutoDiscover }),
		toggle("compatible-operators", "CompatibleOperators", "filters also take the Python version's spellings: startswith, isnull, notin, …", func(o *Options) *bool { return &o.CompatibleOperators }),
		toggle("plain-numbers", "PlainNumbers", "write BigInt and Decimal as JSON numbers, which many clients round, instead of strings", func(o *Options) *bool { return &o.PlainNumbers }),
		text("global-node", "GlobalNode", "a field for ids that are unique in the API, as in nodeId, with which the queries node and nodes find rows", "", func(o *Options) *string { return &o.GlobalNode }),
		text("title", "Title", "the API's title", defaultTitle, func(o *Options) *string { return &o.Title }),
		text("version", "Version", "the API's own version", defaultVersion, func(o *Options) *string { return &o.Version }),
		text("description", "Description", "the schema's description", "", func(o *Options) *string { return &o.Description }),
		text("tls-cert-file", "TLSCertFile", "file with the certificate to serve HTTPS with, PEM; SIGHUP reads it again", "", func(o *Options) *string { return &o.TLSCertFile }),
		text("tls-key-file", "TLSKeyFile", "file with the private key of the certificate, PEM", "", func(o *Options) *string { return &o.TLSKeyFile }),
		text("admin-addr", "AdminAddr", "a second address for /metrics and /pool, which then leave the main one", "", func(o *Options) *string { return &o.AdminAddr }),
		text("admin-role", "AdminRole", "the role or scope of those who may see /metrics and /pool, which then are on the main address in production too", "", func(o *Options) *string { return &o.AdminRole }),
		toggle("no-explorer", "NoExplorer", "no page for browsers at /graphql", func(o *Options) *bool { return &o.NoExplorer }),

		text("connection-pool-name", "ConnectionPoolName", "the pool's name in metrics, logs and pg_stat_activity", defaultPoolName, func(o *Options) *string { return &o.ConnectionPoolName }),
		number("connection-pool-size", "ConnectionPoolSize", "connections kept between bursts", "10, in production 20", "1 connection is the least", func(o *Options) *int { return &o.ConnectionPoolSize }),
		number("connection-pool-max-overflow", "ConnectionPoolMaxOverflow", "more connections for a burst; 0: none", "10", zeroIsNone, func(o *Options) *int { return &o.ConnectionPoolMaxOverflow }),
		span("connection-pool-timeout", "ConnectionPoolTimeout", "longest wait for a usable connection; 0: do not wait", "30s", zeroIsNone, func(o *Options) *time.Duration { return &o.ConnectionPoolTimeout }),
		span("connection-pool-recycle", "ConnectionPoolRecycle", "age at which a connection is replaced; -1s: never", "1h", "say -1s for never", func(o *Options) *time.Duration { return &o.ConnectionPoolRecycle }),
		span("connection-pool-shed-target", "ConnectionPoolShedTarget", "wait above which an overloaded pool turns requests away; 0: never", "0", zeroIsNone, func(o *Options) *time.Duration { return &o.ConnectionPoolShedTarget }),
		word("connection-pool-prepared-statements", "ConnectionPoolPreparedStatements", "keep prepared statements on connections: auto (but not through a pooler), force or off", "auto", func(o *Options) *pool.PreparedStatements { return &o.ConnectionPoolPreparedStatements }),
		number("replicas-hint", "ReplicasHint", "how many processes like this one share the database server", "1", "this process is the first", func(o *Options) *int { return &o.ReplicasHint }),
		toggle("strict-budget", "StrictBudget", "do not start when the replicas' connections do not fit into what the server has left, twice while deploying", func(o *Options) *bool { return &o.StrictBudget }),
		toggle("fail-fast", "FailFast", "end when the database cannot be reached at start, instead of waiting for it", func(o *Options) *bool { return &o.FailFast }),

		text("jwks-url", "JWKSURL", "where the issuer of tokens publishes its keys; requests then need a token", "", func(o *Options) *string { return &o.JWKSURL }),
		list("jwt-public-key-file", "JWTPublicKeyFiles", "files with public keys of tokens, PEM or JWK set; requests then need a token", "", func(o *Options) *[]string { return &o.JWTPublicKeyFiles }),
		text("jwt-secret-file", "JWTSecretFile", "file with the secret of HS256 tokens; requests then need one", "", func(o *Options) *string { return &o.JWTSecretFile }),
		text("jwt-issuer", "JWTIssuer", "what a token's iss must be", "", func(o *Options) *string { return &o.JWTIssuer }),
		text("jwt-audience", "JWTAudience", "what a token's aud must contain", "", func(o *Options) *string { return &o.JWTAudience }),
		span("jwt-leeway", "JWTLeeway", "how far the clocks of issuer and server may differ; 0: not at all", "0s", zeroIsNone, func(o *Options) *time.Duration { return &o.JWTLeeway }),
		text("jwt-roles-claim", "JWTRolesClaim", "the claim that lists a token's roles: realm_access.roles", "roles", func(o *Options) *string { return &o.JWTRolesClaim }),
		text("jwt-scopes-claim", "JWTScopesClaim", "the claim that lists a token's scopes", "scope", func(o *Options) *string { return &o.JWTScopesClaim }),
		text("api-keys-file", "APIKeysFile", "file with the hashes of API keys, TOML or JSON; requests then need a key", "", func(o *Options) *string { return &o.APIKeysFile }),
		toggle("allow-anonymous", "AllowAnonymous", "let requests without a token in", func(o *Options) *bool { return &o.AllowAnonymous }),
		table("session", "SessionClaims", "a setting for row-level security from a claim: app.tenant_id=tenant", func(o *Options) *map[string]string { return &o.SessionClaims }),
		text("insecure-dev-auth-username", "InsecureDevAuth.Username", "development only: one user name for everybody", "admin, when a password is set", func(o *Options) *string { return &o.InsecureDevAuth.Username }),
		text("insecure-dev-auth-password", "InsecureDevAuth.Password", "development only: one password for everybody", "", func(o *Options) *string { return &o.InsecureDevAuth.Password }),

		span("statement-timeout", "StatementTimeout", "longest time of one statement; 0: no limit", "30s", zeroIsNone, func(o *Options) *time.Duration { return &o.StatementTimeout }),
		span("write-stall", "WriteStall", "longest time in which a client takes nothing; -1s: no limit", "5s", "say -1s for no limit", func(o *Options) *time.Duration { return &o.WriteStall }),
		number("buffer-bytes", "BufferBytes", "how much of an answer is kept in memory; 0: nothing", "262144", zeroIsNone, func(o *Options) *int { return &o.BufferBytes }),
		number("max-body-bytes", "MaxBodyBytes", "largest body of a request; -1: no limit", "1048576", "say -1 for no limit", func(o *Options) *int64 { return &o.MaxBodyBytes }),
		span("body-timeout", "BodyTimeout", "longest time in which the body of a request comes; -1s: no limit", "10s", "say -1s for no limit", func(o *Options) *time.Duration { return &o.BodyTimeout }),
		toggle("no-compression", "NoCompression", "send every answer as it is, compressed neither by zstd nor by gzip", func(o *Options) *bool { return &o.NoCompression }),
		text("cache-control", "CacheControl", "Cache-Control of answers by GET that are the same for everybody: 'public, max-age=60'", "private, no-cache", func(o *Options) *string { return &o.CacheControl }),
		list("allowed-origins", "AllowedOrigins", "sites whose pages may read answers in a browser: https://app.example.com, or *", "", func(o *Options) *[]string { return &o.AllowedOrigins }),
		toggle("allow-credentials", "AllowCredentials", "let the pages of the allowed origins send cookies and passwords", func(o *Options) *bool { return &o.AllowCredentials }),
		toggle("no-csrf-prevention", "NoCSRFPrevention", "answer queries by GET that a page of another site may have made a browser send", func(o *Options) *bool { return &o.NoCSRFPrevention }),
		number("rate-limit", "RateLimit", "requests, or root fields, a second of one principal or address; 0: no limit", "50 in production, else none", zeroIsNone, func(o *Options) *int { return &o.RateLimit }),
		number("rate-burst", "RateBurst", "how many of them at once after a pause", "4 times --rate-limit", "1 request is the least", func(o *Options) *int { return &o.RateBurst }),
		list("trusted-proxies", "TrustedProxies", "addresses and networks of the proxies in front, which tell for whom they ask: 10.0.0.0/8", "", func(o *Options) *[]string { return &o.TrustedProxies }),
		text("forwarded-header", "ForwardedHeader", "the one header in which they tell it: X-Forwarded-For, Forwarded, …", guard.DefaultForwardedHeader, func(o *Options) *string { return &o.ForwardedHeader }),
		span("read-header-timeout", "ReadHeaderTimeout", "longest time in which the header of a request comes; -1s: no limit", "10s", "say -1s for no limit", func(o *Options) *time.Duration { return &o.ReadHeaderTimeout }),
		span("idle-timeout", "IdleTimeout", "how long a client's connection is kept without a request; -1s: no limit", "2m", "say -1s for no limit", func(o *Options) *time.Duration { return &o.IdleTimeout }),
		number("max-header-bytes", "MaxHeaderBytes", "largest header of a request", "65536", "1024 bytes are the least", func(o *Options) *int { return &o.MaxHeaderBytes }),
		toggle("mutations-all-or-nothing", "MutationsAllOrNothing", "run all mutations of an operation in one transaction", func(o *Options) *bool { return &o.MutationsAllOrNothing }),
		text("mutation-isolation", "MutationIsolation", "isolation level of mutations: 'read committed', 'repeatable read' or serializable", "the database's", func(o *Options) *string { return &o.MutationIsolation }),
		number("mutation-retries", "MutationRetries", "how often a mutation that lost against another one is tried again; 0: never", "3", zeroIsNone, func(o *Options) *int { return &o.MutationRetries }),
		number("max-page", "MaxPage", "largest number of rows of a list; 0: no limit", "1000", zeroIsNone, func(o *Options) *int { return &o.MaxPage }),
		number("max-depth", "MaxDepth", "deepest nesting of a selection; -1: no limit", "20", "say -1 for no limit", func(o *Options) *int { return &o.MaxDepth }),
		number("max-tokens", "MaxTokens", "most tokens of a document; -1: no limit", "15000", "say -1 for no limit", func(o *Options) *int { return &o.MaxTokens }),
		number("max-root-fields", "MaxRootFields", "most root fields of an operation; -1: no limit", "50", "say -1 for no limit", func(o *Options) *int { return &o.MaxRootFields }),
		number("max-aliases", "MaxAliases", "most aliases of an operation; -1: no limit", "500", "say -1 for no limit", func(o *Options) *int { return &o.MaxAliases }),
		number("max-cost", "MaxCost", "largest estimate of rows × fields; -1: no limit", "5000000", "say -1 for no limit", func(o *Options) *int { return &o.MaxCost }),
		number("persisted-queries-bytes", "PersistedQueriesBytes", "memory for queries that clients send by their hash; 0: none", "8388608", zeroIsNone, func(o *Options) *int { return &o.PersistedQueriesBytes }),
		text("trusted-documents", "TrustedDocuments", "file of the only documents that may run, by their ids: an Apollo manifest, or an object of texts", "", func(o *Options) *string { return &o.TrustedDocuments }),
		toggle("no-introspection", "NoIntrospection", "refuse __schema and __type, and leave /schema.graphql out, as production does", func(o *Options) *bool { return &o.NoIntrospection }),
		toggle("allow-introspection", "AllowIntrospection", "let everybody ask for the schema in production too", func(o *Options) *bool { return &o.AllowIntrospection }),
		toggle("hide-forbidden", "HideForbidden", "hide what a principal may not read from its introspection, and leave /schema.graphql out", func(o *Options) *bool { return &o.HideForbidden }),
		toggle("schema-registry", "SchemaRegistry", "keep every schema that is served in the table fraiseql.schema_history, and log what has changed", func(o *Options) *bool { return &o.SchemaRegistry }),
		toggle("refuse-breaking-changes", "RefuseBreakingChanges", "do not serve a schema that breaks the last one in the registry", func(o *Options) *bool { return &o.RefuseBreakingChanges }),
		span("slow-operation", "SlowOperation", "time above which the log tells of an operation; 0: never", "0", zeroIsNone, func(o *Options) *time.Duration { return &o.SlowOperation }),
		toggle("slow-operation-plan", "SlowOperationPlan", "tell there how the database plans its statements, which are not run again", func(o *Options) *bool { return &o.SlowOperationPlan }),
		text("http-profile", "HTTPProfile", "which HTTP status answers what: compat-2025 or draft-2026", defaultProfile, func(o *Options) *string { return &o.HTTPProfile }),
	}
}

// zeroIsNone is for numbers whose literal 0 the struct spells -1, since 0 there means the
// default. Where 0 makes no sense at all, its place is taken by the cure.
const zeroIsNone = ""

func atZero(cure string) error {
	if cure == zeroIsNone {
		return nil
	}
	return fmt.Errorf("0 is refused: %s", cure)
}

func one(values []string) (string, error) {
	if len(values) != 1 {
		return "", fmt.Errorf("it takes one value, and %d are given", len(values))
	}
	return strings.TrimSpace(values[0]), nil
}

func text(name, field, usage, standard string, of func(*Options) *string) Parameter {
	return Parameter{
		Name: name, Field: field, Usage: usage, Default: standard, Kind: "text",
		set: func(o *Options, values []string) error {
			v, err := one(values)
			*of(o) = v
			return err
		},
		get: func(o *Options) []string { return []string{*of(o)} },
	}
}

// word is for one of several words, which the type of the option knows.
func word[W any, P interface {
	*W
	encoding.TextUnmarshaler
	fmt.Stringer
}](name, field, usage, standard string, of func(*Options) P) Parameter {
	return Parameter{
		Name: name, Field: field, Usage: usage, Default: standard, Kind: "text",
		set: func(o *Options, values []string) error {
			v, err := one(values)
			if err != nil {
				return err
			}
			return of(o).UnmarshalText([]byte(v))
		},
		get: func(o *Options) []string { return []string{of(o).String()} },
	}
}

func toggle(name, field, usage string, of func(*Options) *bool) Parameter {
	return Parameter{
		Name: name, Field: field, Usage: usage, Kind: "switch",
		set: func(o *Options, values []string) error {
			v, err := one(values)
			if err != nil {
				return err
			}
			if *of(o), err = strconv.ParseBool(v); err != nil {
				return fmt.Errorf("%q is neither true nor false", v)
			}
			return nil
		},
		get: func(o *Options) []string { return []string{strconv.FormatBool(*of(o))} },
	}
}

func number[N int | int64](name, field, usage, standard string, zero string, of func(*Options) *N) Parameter {
	return Parameter{
		Name: name, Field: field, Usage: usage, Default: standard, Kind: "number",
		set: func(o *Options, values []string) error {
			v, err := one(values)
			if err != nil {
				return err
			}
			n, err := strconv.ParseInt(v, 10, 64)
			if err != nil || int64(N(n)) != n {
				return fmt.Errorf("%q is not a whole number such as 20", v)
			}
			if n == 0 {
				if err := atZero(zero); err != nil {
					return err
				}
				n = -1
			}
			*of(o) = N(n)
			return nil
		},
		get: func(o *Options) []string {
			n := int64(*of(o))
			if n < 0 && zero == zeroIsNone {
				n = 0
			}
			return []string{strconv.FormatInt(n, 10)}
		},
	}
}

func span(name, field, usage, standard string, zero string, of func(*Options) *time.Duration) Parameter {
	return Parameter{
		Name: name, Field: field, Usage: usage, Default: standard, Kind: "duration",
		set: func(o *Options, values []string) error {
			v, err := one(values)
			if err != nil {
				return err
			}
			d, err := time.ParseDuration(v)
			if err != nil {
				return fmt.Errorf("%q is not a duration such as 200ms, 30s or 1h", v)
			}
			if d == 0 {
				if err := atZero(zero); err != nil {
					return err
				}
				d = -1
			}
			*of(o) = d
			return nil
		},
		get: func(o *Options) []string {
			d := *of(o)
			if d < 0 && zero == zeroIsNone {
				d = 0
			} else if d < 0 {
				d = -time.Second
			}
			return []string{d.String()}
		},
	}
}

func list(name, field, usage, standard string, of func(*Options) *[]string) Parameter {
	return Parameter{
		Name: name, Field: field, Usage: usage, Default: standard, Kind: "list",
		set: func(o *Options, values []string) error {
			*of(o) = values
			return nil
		},
		get: func(o *Options) []string { return *of(o) },
	}
}

func table(name, field, usage string, of func(*Options) *map[string]string) Parameter {
	return Parameter{
		Name: name, Field: field, Usage: usage, Kind: "table",
		set: func(o *Options, values []string) error {
			made := map[string]string{}
			for _, v := range values {
				key, value, ok := strings.Cut(v, "=")
				key, value = strings.TrimSpace(key), strings.TrimSpace(value)
				if !ok || key == "" || value == "" {
					return fmt.Errorf("%q is not of the form name=value", v)
				}
				if _, twice := made[key]; twice {
					return fmt.Errorf("%s stands twice", key)
				}
				made[key] = value
			}
			*of(o) = made
			return nil
		},
		get: func(o *Options) []string { return pairs(*of(o)) },
	}
}

// pairs writes a table as name=value, by the names.
func pairs(of map[string]string) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(of)) {
		all = append(all, name+"="+of[name])
	}
	return all
}

func split(values []string) []string {
	var all []string
	for _, v := range values {
		for part := range strings.SplitSeq(v, ",") {
			if part = strings.TrimSpace(part); part != "" {
				all = append(all, part)
			}
		}
	}
	return all
}

// nearest is the known name that a misspelt one most likely means; empty when none is near.
func nearest(name string, known []string) string {
	best, at := "", 1+max(2, len(name)/3)
	for _, k := range slices.Sorted(slices.Values(known)) {
		if d := distance(name, k); d < at {
			best, at = k, d
		}
	}
	return best
}

// distance counts the letters to change, add or take away, and neighbours to swap, to get from a to b.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

func didYouMean(name string, known map[string]Parameter) string {
	if k := nearest(name, slices.Collect(maps.Keys(known))); k != "" {
		return fmt.Sprintf("did you mean %s?", k)
	}
	return "see fraiseql serve -h for all that are known"
}
