package cli

import (
	"os"
	"strings"
)

// Coloured tells whether text that is written to a file gets colours.
func Coloured(path string, environ []string) bool {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	p := &program{environ: environ, out: f}
	return strings.HasPrefix(p.painter()(red, "x"), "\x1b")
}
