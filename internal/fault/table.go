package fault

// Code is the stable name of a kind of error; clients find it in extensions.code.
type Code string

// The codes, in the order of the reference page.
const (
	ParseFailed                Code = "GRAPHQL_PARSE_FAILED"
	ValidationFailed           Code = "GRAPHQL_VALIDATION_FAILED"
	BadUserInput               Code = "BAD_USER_INPUT"
	Unauthenticated            Code = "UNAUTHENTICATED"
	AuthUnavailable            Code = "AUTH_UNAVAILABLE"
	Forbidden                  Code = "FORBIDDEN"
	NotFound                   Code = "NOT_FOUND"
	Conflict                   Code = "CONFLICT"
	OperationNotFound          Code = "OPERATION_NOT_FOUND"
	MethodNotAllowed           Code = "METHOD_NOT_ALLOWED"
	NotAcceptable              Code = "NOT_ACCEPTABLE"
	UnsupportedMediaType       Code = "UNSUPPORTED_MEDIA_TYPE"
	ReadOnly                   Code = "READ_ONLY"
	SerializationFailure       Code = "SERIALIZATION_FAILURE"
	OutcomeUnknown             Code = "OUTCOME_UNKNOWN"
	CSRF                       Code = "CSRF"
	PersistedQueryNotFound     Code = "PERSISTED_QUERY_NOT_FOUND"
	PersistedQueryNotSupported Code = "PERSISTED_QUERY_NOT_SUPPORTED"
	PersistedQueryMismatch     Code = "PERSISTED_QUERY_MISMATCH"
	PersistedQueryIDRequired   Code = "PERSISTED_QUERY_ID_REQUIRED"
	RateLimited                Code = "RATE_LIMITED"
	TooManyTokens              Code = "TOO_MANY_TOKENS"
	TooManyFields              Code = "TOO_MANY_FIELDS"
	QueryTooDeep               Code = "QUERY_TOO_DEEP"
	QueryTooCostly             Code = "QUERY_TOO_COSTLY"
	RequestTooLarge            Code = "REQUEST_TOO_LARGE"
	RequestTimeout             Code = "REQUEST_TIMEOUT"
	PoolTimeout                Code = "POOL_TIMEOUT"
	PoolSaturated              Code = "POOL_SATURATED"
	PoolUnavailable            Code = "POOL_UNAVAILABLE"
	StatementTimeout           Code = "STATEMENT_TIMEOUT"
	DeadlineExceeded           Code = "DEADLINE_EXCEEDED"
	DatabaseError              Code = "DATABASE_ERROR"
	ShuttingDown               Code = "SHUTTING_DOWN"
	NotReady                   Code = "NOT_READY"
	Internal                   Code = "INTERNAL"
)

// Info is a row of the table.
type Info struct {
	Code    Code
	Status  int    // HTTP status of an answer that has no data because of this error
	Meaning string // one sentence
	Cure    string // what the reader can do
}

// Lookup gives a code's row; an unknown code has INTERNAL's.
func Lookup(c Code) Info {
	for _, row := range Table() {
		if row.Code == c {
			return row
		}
	}
	return Lookup(Internal)
}

// Table lists every code once.
func Table() []Info {
	return table[:]
}

var table = [...]Info{
	{ParseFailed, 400, "The document is not GraphQL.", "Mend the syntax at the location given."},
	{ValidationFailed, 400, "The document does not fit the schema.", "Compare the field, argument or type named with the schema."},
	{BadUserInput, 400, "A variable or an argument has a value that its type does not take.", "Send what the message says is accepted."},
	{Unauthenticated, 401, "No valid credentials came with the request.", "Send a valid, unexpired token."},
	{AuthUnavailable, 503, "Credentials cannot be checked now, such as while the keys of their issuer cannot be fetched.", "Try again after Retry-After with the same credentials; the operator finds the reason in the log."},
	{Forbidden, 403, "The principal may not do this.", "Ask for the role or scope that the message names."},
	{NotFound, 404, "What was asked for does not exist.", "Check the identifier."},
	{Conflict, 409, "The change contradicts data that is there, such as a unique constraint.", "Change the value of the field named, or read the current state first."},
	{OperationNotFound, 400, "The document holds no operation of that name, or several and none was chosen.", "Send operationName with one of the names listed."},
	{MethodNotAllowed, 405, "The HTTP method cannot carry this operation.", "Send queries by GET or POST, everything else by POST."},
	{NotAcceptable, 406, "None of the media types in Accept can be given.", "Accept application/graphql-response+json or application/json."},
	{UnsupportedMediaType, 415, "The request's Content-Type is not understood.", "Send application/json in UTF-8."},
	{ReadOnly, 500, "A query tried to write.", "Make the view or function that it reads free of writes, or offer it as a mutation."},
	{SerializationFailure, 409, "The transaction lost against another one at the same time.", "Send the operation again."},
	{OutcomeUnknown, 500, "The connection to the database was lost after a change was sent to be saved, so nobody knows whether it was.", "Read what is there before sending the change again."},
	{CSRF, 403, "A page of another site may have made the browser send the request.", "Send it by POST, or with the header Content-Type: application/json or Apollo-Require-Preflight, or list the page's origin in --allowed-origins."},
	{PersistedQueryNotFound, 400, "The document's id is not known: nobody has sent its text yet, or it is none of the trusted documents.", "Send the id and the text once, as clients of automatic persisted queries do by themselves; add a trusted document to the manifest."},
	{PersistedQueryNotSupported, 400, "Documents are not kept here, so an id alone names none.", "Send the text, as clients of automatic persisted queries do by themselves, or have --persisted-queries-bytes raised."},
	{PersistedQueryMismatch, 400, "The id that came with a document is not its SHA-256.", "Hash the very text that is sent, and write the hash in lower-case hex."},
	{PersistedQueryIDRequired, 400, "Only trusted documents are served, by their ids alone.", "Send documentId or extensions.persistedQuery without query."},
	{RateLimited, 429, "The address or the principal has sent more than its share.", "Try again after Retry-After; send less at once, or have --rate-limit raised."},
	{TooManyTokens, 400, "The document has more tokens than the limit.", "Split the document, or raise --max-tokens."},
	{TooManyFields, 400, "The document has more root fields, aliases, or fields written out of fragments than the limit.", "Split the document, or raise --max-root-fields, --max-aliases or --max-tokens."},
	{QueryTooDeep, 400, "The selection nests deeper than the limit.", "Ask in several requests, or raise --max-depth."},
	{QueryTooCostly, 400, "The estimated number of rows times fields, or the size of an introspection answer, is above the limit.", "Ask for fewer rows with limit, or raise --max-cost."},
	{RequestTooLarge, 413, "The body is larger than the limit.", "Send less, or raise --max-body-bytes."},
	{RequestTimeout, 408, "The body did not come within its time.", "Send it faster, or raise --body-timeout."},
	{PoolTimeout, 503, "No database connection became free within the pool's timeout.", "Try again after Retry-After; if it stays, raise the pool size or shorten what holds connections."},
	{PoolSaturated, 503, "Every database connection is in use and no more callers may wait.", "Try again after Retry-After; if it stays, raise the pool size or its overflow."},
	{PoolUnavailable, 503, "The database cannot be reached.", "Try again after Retry-After; the operator finds the reason at /ready."},
	{StatementTimeout, 504, "The database stopped the statement at its time limit.", "Ask for less, add the index that the filter needs, or raise --statement-timeout."},
	{DeadlineExceeded, 504, "The request's own deadline passed.", "Give it more time, or ask for less."},
	{DatabaseError, 500, "The database refused the statement.", "See the server's log under the request id."},
	{ShuttingDown, 503, "The server is stopping and takes no new requests.", "Try again after Retry-After: another instance will answer."},
	{NotReady, 503, "The server has not finished starting.", "Try again after Retry-After; the operator finds the reason at /ready."},
	{Internal, 500, "Something went wrong that this server has no name for.", "See the server's log under the request id."},
}
