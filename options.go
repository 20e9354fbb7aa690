package fraiseql

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/internal/guard"
	"github.com/fraiseql/fraiseql-go/pool"
)

// Options say what an app serves and how. Only DatabaseURL is required. In every field zero
// means the default that is named, and a negative number means none or off.
//
// The fields that have a flag of "fraiseql serve" are listed by [Parameters]; [LoadOptions]
// reads those from a file and from the environment.
type Options struct {
	// DatabaseURL is the address of the PostgreSQL database: postgres://user@host:5432/name,
	// or key=value words. What it leaves out comes from PGHOST, PGPASSWORD and the like.
	DatabaseURL string

	// Types are the types of the API, made by [Object], [Enum], [Scalar] and [Field].
	Types []Type
	// Queries are the fields of the query type, made by [List], [Get] and [Resolve].
	Queries []Query
	// Mutations are the fields of the mutation type, made by [Function] and [Resolve]. Functions of the database whose comment
	// says @fraiseql:mutation are served besides.
	Mutations []Mutation

	// Schemas are the database schemas in which sources are looked for and discovered, in this
	// order. Default: public.
	Schemas []string
	// Expose names tables and views without an annotation that are served all the same, by
	// patterns such as "v_*". Default: none.
	Expose []string
	// NoAutoDiscover serves only what Types, Queries and Expose name, and no annotated
	// objects.
	NoAutoDiscover bool
	// CompatibleOperators lets filters take the operators also as the Python version spells them
	// (startswith, isnull, notin, not_matches, …). Introspection and the schema do not show these
	// spellings. Default: they are validation errors.
	CompatibleOperators bool
	// GlobalNode names the field of an id that is one row's among all rows of the API, such as "nodeId". Every type with a
	// key that a query leads to then has it and implements the interface Node, and the queries node(id) and nodes(ids) find
	// rows by it, as Relay and other clients want to; docs/reference/global-ids.md tells more. Default: none of this.
	GlobalNode string

	// PlainNumbers writes BigInt and Decimal as JSON numbers. A client that reads numbers as
	// doubles, as JavaScript does, then rounds those of more than 15 digits. Default: they are
	// strings, which nobody rounds. Both forms are read, whatever this says.
	PlainNumbers bool

	// Title names the API, in the explorer and in the schema. Default: "FraiseQL API".
	Title string
	// Version is the API's own version, at /version. Default: "1.0.0".
	Version string
	// Description is the description of the schema. Default: none.
	Description string

	// Production makes the app careful and quiet: no explorer, no introspection, no causes of errors for
	// clients, a guarded pool page, a limit on what one client may send, queries by GET only where no other site can have
	// forged them, no insecure options, and a pool of 20. docs/explain/security.md tells what each of these stops.
	Production bool
	// Addr is where Run listens when it is given no address. Default: "127.0.0.1:8000".
	Addr string
	// TLSCertFile is a file with the certificate that Run and Serve show to clients, in PEM with those that lead to an authority
	// behind it, and TLSKeyFile one with its private key: then they speak HTTPS and HTTP/2, on AdminAddr too, from TLS 1.2
	// on. [App.Reload] reads them again. A server of your own has its own. Default: none, they speak HTTP.
	TLSCertFile, TLSKeyFile string
	// AdminAddr is a second address that serves /metrics and /pool, which are then not on the
	// main one. Run listens on it. Default: none.
	AdminAddr string
	// AdminRole is the role or scope of those who may see /metrics and /pool. With it they are on the main address in
	// production too, unless there is an AdminAddr, where it is asked for as well. It needs Auth. Default: none; in production
	// they are then on AdminAddr only, and elsewhere everybody sees them.
	AdminRole string
	// Mux is a mux of yours on which the app mounts its paths. Default: one of its own.
	Mux *http.ServeMux
	// NoExplorer leaves out the page that a browser finds at /graphql outside production.
	NoExplorer bool
	// ExplorerExamples are queries that the explorer offers to those who do not know the schema
	// yet. Default: none.
	ExplorerExamples []Example

	// Auth finds out who sends a request. Default: nobody does, all requests are anonymous.
	Auth auth.Authenticator
	// JWKSURL is where the issuer of tokens publishes its keys (RFC 7517), such as
	// https://id.example.com/.well-known/jwks.json: instead of Auth, requests then carry "Authorization: Bearer …". The keys are
	// fetched at start and again when they are due, and outlast an outage of 24 hours. JWKSURL, JWTPublicKeyFiles,
	// JWTSecretFile and APIKeysFile may be set together: each accepts its own. Default: none.
	JWKSURL string
	// JWTPublicKeyFiles are files with public keys of tokens, in PEM or as a JWK set. They are read at start. Default: none.
	JWTPublicKeyFiles []string
	// JWTSecretFile is a file with the secret of HS256 tokens (from 48 bytes on HS384 too, from 64 on HS512), raw bytes less one
	// newline at the end. It is read at start. Default: none.
	JWTSecretFile string
	// JWTIssuer is what a token's iss must be. Default: it is not checked.
	JWTIssuer string
	// JWTAudience is what a token's aud must contain. Default: it is not checked.
	JWTAudience string
	// JWTLeeway is how far the clocks of issuer and server may differ, for exp, nbf and iat; at most 10 minutes.
	// Default, and negative: not at all.
	JWTLeeway time.Duration
	// JWTRolesClaim is the claim that lists a token's roles; names of nested objects are joined by dots, as in
	// realm_access.roles. Default: "roles".
	JWTRolesClaim string
	// JWTScopesClaim is the claim that lists a token's scopes, a list or one text with spaces. Default: "scope".
	JWTScopesClaim string
	// APIKeysFile is a file with the hashes of API keys and whom they stand for, in TOML or JSON, as [auth.ReadAPIKeyFile]
	// reads it at start. Requests send a key as "X-API-Key: …" or "Authorization: Bearer …". Default: none.
	APIKeysFile string
	// AllowAnonymous lets requests without credentials in although there is Auth. Default:
	// they are answered 401.
	AllowAnonymous bool
	// InsecureDevAuth is one name and password for everybody, by HTTP Basic, instead of Auth.
	// The name is "admin" unless said otherwise. Production refuses it. Default: off.
	InsecureDevAuth auth.InsecureDevAuth

	// Context makes the context of a request, derived from r.Context(), in which the principal
	// is already known; resolvers find in it what you put there. An error of type [*Error] is
	// told to the client. Default: r.Context().
	Context func(r *http.Request) (context.Context, error)
	// Session gives the settings and the role under which a request's statements run; row-level
	// security reads them. Default: none.
	Session func(ctx context.Context) (auth.Settings, error)
	// SessionClaims makes such a function out of a table: the names of settings, such as
	// "app.tenant_id", or "role", and the claims that they get. Default: none.
	SessionClaims map[string]string

	// Authorizer decides what a request may ask for and which rows it may read, besides the roles and scopes that types, fields,
	// queries and mutations require; docs/reference/authorization.md tells more. Default: nothing else decides.
	Authorizer auth.Authorizer
	// HideForbidden has fields that a principal may not read not be there for it: introspection leaves them out, and asking for
	// them is a validation error. /schema.graphql, which shows everybody the same, is then left out. Default: they are
	// seen, and answered by FORBIDDEN.
	HideForbidden bool

	// OnStart runs once, when the app has its schema and its connections and before it serves.
	// ctx ends when starting does. Its error stops the app. Default: none.
	OnStart func(ctx context.Context, a *App) error
	// OnShutdown runs once, after the last request and before the connections are closed, also
	// when starting went wrong, even before OnStart was reached. When it has not returned 5 s after
	// the end of ctx, the connections are closed under it. Default: none.
	OnShutdown func(ctx context.Context, a *App) error

	// ConnectionPoolName tells this app's pool from others in metrics, in logs and, unless
	// DatabaseURL sets application_name, in pg_stat_activity. Apps that share a meter provider
	// need different names. Default: "fraiseql".
	ConnectionPoolName string
	// ConnectionPoolSize is the number of database connections that are kept between bursts.
	// Default: 10, in production 20. Less than 1 is refused.
	ConnectionPoolSize int
	// ConnectionPoolMaxOverflow is how many more a burst may open. Default: 10; negative: none.
	ConnectionPoolMaxOverflow int
	// ConnectionPoolTimeout bounds a request's wait for a usable connection. Default: 30 s;
	// negative: it does not wait.
	ConnectionPoolTimeout time.Duration
	// ConnectionPoolRecycle is the age at which a connection is replaced, at least 1 s.
	// Default: 1 h; negative: never.
	ConnectionPoolRecycle time.Duration
	// ConnectionPoolShedTarget is the wait for a connection that requests should not exceed when
	// there are more of them than the database can serve: those who would, or have, are answered
	// 503 (POOL_SATURATED) at once, while a burst that drains soon just waits. Try 100 ms.
	// Default, and negative: off, everybody waits.
	ConnectionPoolShedTarget time.Duration
	// ConnectionPoolPreparedStatements says whether statements are prepared by name and kept on their
	// connection. Default: [pool.PreparedAuto], which does unless a pooler stands in front of the
	// server; [pool.PreparedForce] is for a pooler that follows them, [pool.PreparedOff] for never.
	ConnectionPoolPreparedStatements pool.PreparedStatements
	// ReplicasHint is how many processes like this one share the database server, for the check
	// that their connections fit into what it has left, twice as many while deploying. Give them
	// the same ConnectionPoolName. Default: 1. Negative values, and more than 10,000, are refused.
	ReplicasHint int
	// StrictBudget makes Start fail with the numbers when the connections do not fit; where the
	// database was absent at start, /ready tells them. Default: a warning in the log.
	StrictBudget bool
	// FailFast makes Start fail when the database cannot be reached. Default: the app starts,
	// answers 503, and serves as soon as the database is there.
	FailFast bool

	// StatementTimeout bounds a single statement in the database. Default: 30 s; negative: no
	// limit.
	StatementTimeout time.Duration
	// WriteStall is how long a client may take no byte before its transfer is cut. Default:
	// 5 s; negative: no limit.
	WriteStall time.Duration
	// BufferBytes is how much of an answer is kept in memory so that the connection goes back
	// before the client has read. Default: 256 KiB; negative: nothing is kept.
	BufferBytes int
	// MaxBodyBytes is the largest body of a request. Default: 1 MiB; negative: no limit.
	MaxBodyBytes int64

	// BodyTimeout is how long the body of a request may take to come, whole; a slower one is answered
	// 408, and holds no database connection. Default: 10 s; negative: no limit.
	BodyTimeout time.Duration
	// NoCompression sends every answer as it is. Default: answers, the schema and the explorer of
	// 4 KiB and more are compressed by zstd or gzip, as the client accepts.
	NoCompression bool
	// CacheControl is the Cache-Control of answers by GET that are the same for everybody: with data
	// and no errors, to a request without a principal, in an app without Session, SessionClaims
	// and Context; for example "public, max-age=60", within which a change of the data is not seen.
	// With "no-store" in it, nothing is kept anywhere. Default: "private, no-cache", as all other good
	// answers by GET have: the client keeps them and asks by their ETag whether they still hold.
	CacheControl string

	// AllowedOrigins are the sites whose pages may read answers of /graphql in a browser: scheme, host and port, such as
	// https://app.example.com, or "*" for all of them, which AllowCredentials does not go with. Default: none, only pages of the
	// API's own origin may (CORS is closed).
	AllowedOrigins []string
	// AllowCredentials lets the pages of AllowedOrigins send what the browser keeps: cookies, passwords, certificates.
	// Default: browsers refuse to. A token that the page itself puts into Authorization needs no such leave.
	AllowCredentials bool
	// NoCSRFPrevention answers queries by GET wherever they come from. Default: those are refused that a page of another site
	// made a browser send; and in production also those that do not show that none did, by a header such as
	// Apollo-Require-Preflight, Content-Type: application/json or Authorization: Bearer, or by Sec-Fetch-Site.
	NoCSRFPrevention bool
	// RateLimit is how many requests a second one client may send for long: a principal, or the address of requests without
	// one. A request counts as many times as it has root fields, and credentials that are not accepted count ten times, for the
	// address. Who sends more is answered 429. Default: 50 in production, else no limit; negative: no limit.
	RateLimit int
	// RateBurst is how many a client may send at once after a pause. Default: four times RateLimit. Less than 1 is refused.
	RateBurst int
	// TrustedProxies are the addresses and networks, such as 10.0.0.0/8, of the proxies in front, which are believed when they
	// tell whom they ask for. Without them, all who come through a proxy are one client to RateLimit. Default: none.
	TrustedProxies []string
	// ForwardedHeader is the header in which they tell it, each adding an address at the end: X-Forwarded-For, or Forwarded (RFC
	// 7239), or another one. Only this one is read. Default: X-Forwarded-For.
	ForwardedHeader string
	// ReadHeaderTimeout is how long the header of a request may take to come. Default: 10 s; negative: no limit. This and the
	// two below are for Run and Serve; a server of your own has its own.
	ReadHeaderTimeout time.Duration
	// IdleTimeout is how long a connection of a client is kept without a request. Default: 2 min; negative: no limit.
	IdleTimeout time.Duration
	// MaxHeaderBytes is about how long the header of a request may be; a longer one is answered 431. Default: 64 KiB; less than
	// 1 KiB is refused.
	MaxHeaderBytes int

	// MutationsAllOrNothing runs all the mutations of an operation in one transaction, so that one that fails undoes the others.
	// Default: each has a transaction of its own, and what one has saved stays.
	MutationsAllOrNothing bool
	// MutationIsolation is the isolation level of a mutation's transaction: "read committed", "repeatable read" or
	// "serializable". Default: the database's, mostly read committed.
	MutationIsolation string
	// MutationRetries is how often a mutation is tried again that lost against another one at the same time (SQLSTATE 40001 and
	// 40P01), with a growing pause between. One in Go is not called twice. Default: 3; negative: never.
	MutationRetries int

	// MaxPage is the largest number of rows of one list. Default: 1000; negative: no limit.
	MaxPage int
	// MaxDepth is how deep a selection may nest. Default: 20; negative: no limit.
	MaxDepth int
	// MaxTokens is the largest number of tokens of a document. Default: 15,000; negative: no
	// limit.
	MaxTokens int
	// MaxRootFields is the largest number of root fields of an operation. Default: 50;
	// negative: no limit.
	MaxRootFields int
	// MaxAliases is the largest number of aliases of an operation. Default: 500; negative: no
	// limit.
	MaxAliases int
	// MaxCost is the largest estimate of rows × fields of an operation. Default: 5,000,000;
	// negative: no limit.
	MaxCost int
	// PersistedQueriesBytes is how much memory is kept for queries that clients send by their hash, as Apollo's automatic
	// persisted queries do: after the first time, without the text. Default: 8 MiB, about 10,000 queries; negative: none, and
	// clients are told to send texts.
	PersistedQueriesBytes int
	// TrustedDocuments is a file with all the documents that may run, by their ids: an Apollo persisted query manifest, or an
	// object of texts by id, as graphql-codegen and relay-compiler write it. It is read at start. Requests then send an id and
	// no text; nothing else runs, and the explorer is off. Default: none, every valid document runs.
	TrustedDocuments string
	// NoIntrospection refuses __schema and __type, and leaves /schema.graphql out. Default: so it is in production.
	NoIntrospection bool
	// AllowIntrospection lets everybody ask for the schema in production too. Default: it is not shown there.
	AllowIntrospection bool
	// HTTPProfile chooses which HTTP status answers what: "compat-2025", which today's clients
	// expect, or "draft-2026". Default: "compat-2025".
	HTTPProfile string

	// SchemaRegistry keeps every schema that is served in the database, as a row of fraiseql.schema_history: the SDL, its hash, the
	// versions and since when. What has changed since the last start is logged, breaking changes as warnings. The table is made at
	// start; a role that may not do that, or not write to it, is told in the log how it could. Default: nothing is kept.
	SchemaRegistry bool
	// RefuseBreakingChanges makes Start and Reload fail when the schema breaks what the last one in the registry has promised to
	// clients, or when the registry cannot be kept. It needs SchemaRegistry. Default: such changes are logged and served.
	RefuseBreakingChanges bool

	// MeterProvider gets the metrics of requests, operations and the pool by OpenTelemetry, the same that /metrics has. The pool's
	// are there from Start to Shutdown. Default: none. The global provider is not used unless it is given:
	// otel.GetMeterProvider().
	MeterProvider metric.MeterProvider
	// TracerProvider gets spans by OpenTelemetry: of each request at /graphql, which continues the trace that its traceparent
	// names (W3C Trace Context), of its operation, of its wait for a connection and of its statements. No span has a document, a
	// variable or a value. A request whose context has a span already, as under otelhttp of your own, gets none for HTTP.
	// Default: none, which costs nothing. The global provider is not used unless it is given: otel.GetTracerProvider().
	TracerProvider trace.TracerProvider
	// SlowOperation is the time above which an operation is told of in the log, as a warning "slow operation": with its name,
	// the time, the wait for a connection, and what was sent and answered, but no variables and no literals. Default, and
	// negative: off. Try 1 s.
	SlowOperation time.Duration
	// SlowOperationPlan adds to the line how the database plans the operation's statements: the generic plan, without values,
	// under the request's role and settings. It is asked for on a connection that is idle, once a minute for a statement and
	// for one operation at a time, and the statement is not run again. It needs SlowOperation. Default: off.
	SlowOperationPlan bool
	// Logger gets everything that the app has to tell. Default: slog.Default().
	Logger *slog.Logger
}

// The defaults that are longer than a line of prose; the ones of the pool are in package pool.
const (
	defaultTitle            = "FraiseQL API"
	defaultVersion          = "1.0.0"
	defaultAddr             = "127.0.0.1:8000"
	defaultPoolName         = "fraiseql"
	defaultStatementTimeout = 30 * time.Second
	defaultWriteStall       = 5 * time.Second
	defaultBufferBytes      = 256 << 10
	defaultMaxBodyBytes     = 1 << 20
	defaultBodyTimeout      = 10 * time.Second
	defaultRateLimit        = 50 // in production
	defaultBurst            = 4  // times the limit
	defaultHeaderTimeout    = 10 * time.Second
	defaultIdleTimeout      = 2 * time.Minute
	defaultMaxHeaderBytes   = 64 << 10
	defaultRetries          = 3
	defaultMaxPage          = 1000
	defaultMaxDepth         = 20
	defaultMaxTokens        = 15_000
	defaultMaxRootFields    = 50
	defaultMaxAliases       = 500
	defaultMaxCost          = 5_000_000
	defaultPersistedBytes   = 8 << 20
	defaultProfile          = "compat-2025"
)

// Resolve gives the options with the defaults in the place of what is not set, or every fault of
// them. [New] does the same, and looks at what is declared besides.
func (o Options) Resolve() (Options, error) {
	o = o.withDefaults()
	return o, o.validate()
}

func (o Options) withDefaults() Options {
	size := 10
	if o.Production {
		size = 20
		o.RateLimit = cmp.Or(o.RateLimit, defaultRateLimit)
		o.NoIntrospection = o.NoIntrospection || !o.AllowIntrospection
	}
	if o.RateLimit > 0 {
		o.RateBurst = cmp.Or(o.RateBurst, defaultBurst*o.RateLimit)
	}
	o.ForwardedHeader = cmp.Or(o.ForwardedHeader, guard.DefaultForwardedHeader)
	o.ReadHeaderTimeout = cmp.Or(o.ReadHeaderTimeout, defaultHeaderTimeout)
	o.IdleTimeout = cmp.Or(o.IdleTimeout, defaultIdleTimeout)
	o.MaxHeaderBytes = cmp.Or(o.MaxHeaderBytes, defaultMaxHeaderBytes)
	if len(o.Schemas) == 0 {
		o.Schemas = []string{"public"}
	}
	o.Title = cmp.Or(o.Title, defaultTitle)
	o.Version = cmp.Or(o.Version, defaultVersion)
	o.Addr = cmp.Or(o.Addr, defaultAddr)
	o.ConnectionPoolName = cmp.Or(o.ConnectionPoolName, defaultPoolName)
	o.ConnectionPoolSize = cmp.Or(o.ConnectionPoolSize, size)
	o.ConnectionPoolMaxOverflow = cmp.Or(o.ConnectionPoolMaxOverflow, 10)
	o.ConnectionPoolTimeout = cmp.Or(o.ConnectionPoolTimeout, 30*time.Second)
	o.ConnectionPoolRecycle = cmp.Or(o.ConnectionPoolRecycle, time.Hour)
	o.ReplicasHint = cmp.Or(o.ReplicasHint, 1)
	o.StatementTimeout = cmp.Or(o.StatementTimeout, defaultStatementTimeout)
	o.WriteStall = cmp.Or(o.WriteStall, defaultWriteStall)
	o.BufferBytes = cmp.Or(o.BufferBytes, defaultBufferBytes)
	o.MaxBodyBytes = cmp.Or(o.MaxBodyBytes, defaultMaxBodyBytes)
	o.BodyTimeout = cmp.Or(o.BodyTimeout, defaultBodyTimeout)
	o.MutationRetries = cmp.Or(o.MutationRetries, defaultRetries)
	o.MaxPage = cmp.Or(o.MaxPage, defaultMaxPage)
	o.MaxDepth = cmp.Or(o.MaxDepth, defaultMaxDepth)
	o.MaxTokens = cmp.Or(o.MaxTokens, defaultMaxTokens)
	o.MaxRootFields = cmp.Or(o.MaxRootFields, defaultMaxRootFields)
	o.MaxAliases = cmp.Or(o.MaxAliases, defaultMaxAliases)
	o.MaxCost = cmp.Or(o.MaxCost, defaultMaxCost)
	o.PersistedQueriesBytes = cmp.Or(o.PersistedQueriesBytes, defaultPersistedBytes)
	o.HTTPProfile = cmp.Or(o.HTTPProfile, defaultProfile)
	o.Logger = cmp.Or(o.Logger, slog.Default())
	if o.InsecureDevAuth.Password != "" {
		o.InsecureDevAuth.Username = cmp.Or(o.InsecureDevAuth.Username, "admin")
	}
	return o
}
