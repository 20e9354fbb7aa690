package catalog

// Inner workings that have tables of their own.
var (
	Camel      = camel
	Snake      = snake
	Plural     = plural
	TypeName   = typeName
	OneName    = oneName
	Nearest    = nearest
	ParseNodes = parseNodes
)

// BuiltinNames are the types of pg_catalog that are served.
var BuiltinNames = builtinNames

// ScalarsFor lists the scalars that a type of pg_catalog may be, the usual one first.
func ScalarsFor(name string) []string {
	return scalarsFor(&Type{Schema: "pg_catalog", Name: name, Kind: 'b'})
}
