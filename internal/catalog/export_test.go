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
