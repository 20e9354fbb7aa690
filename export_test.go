package fraiseql

// Tests look at what a declaration came to, and at names, without a database.
var (
	Declare      = declare
	LowerCamel   = lowerCamel
	WithDefaults = func(o Options) Options { return o.withDefaults() }
)
