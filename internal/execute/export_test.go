package execute

// Explain and Changed are tested from outside.
var (
	Explain = explain
	Changed = changed
)
