package execute

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/fraiseql/fraiseql-go/auth"
)

// guards make the first statement of each batch: it makes the transaction read-only, sets the
// statement timeout, the request's settings and its role. All of it ends with the transaction.
type guards struct {
	timeout string // in milliseconds; empty: the server's own

	mu     sync.RWMutex
	byForm map[guardForm]*guardText
}

type guardForm struct {
	settings int
	role     bool
}

type guardText struct{ name, sql string }

func newGuards(timeout time.Duration) *guards {
	g := &guards{byForm: map[guardForm]*guardText{}}
	if timeout > 0 {
		g.timeout = strconv.FormatInt(max(timeout.Milliseconds(), 1), 10)
	}
	return g
}

// call makes the guard for a request's settings.
func (g *guards) call(s auth.Settings, params [][]byte) call {
	form := guardForm{len(s.Values), s.Role != ""}
	g.mu.RLock()
	text := g.byForm[form]
	g.mu.RUnlock()
	if text == nil {
		text = g.text(form)
		g.mu.Lock()
		g.byForm[form] = text
		g.mu.Unlock()
	}
	if len(s.Values) > 0 {
		for _, name := range slices.Sorted(maps.Keys(s.Values)) {
			params = append(params, []byte(name), []byte(s.Values[name]))
		}
	}
	if form.role {
		params = append(params, []byte(s.Role))
	}
	return call{name: text.name, sql: text.sql, params: params}
}

// text writes the guard. The role comes last: with it the rights to the rest may go.
func (g *guards) text(form guardForm) *guardText {
	var b strings.Builder
	b.WriteString("select pg_catalog.set_config('transaction_read_only', 'on', true)")
	n := 0
	param := func() string { n++; return "$" + strconv.Itoa(n) + "::text" }
	if g.timeout != "" { // a constant: PostgreSQL takes it faster than a parameter
		b.WriteString(", pg_catalog.set_config('statement_timeout', '" + g.timeout + "', true)")
	}
	for range form.settings {
		b.WriteString(", pg_catalog.set_config(" + param() + ", " + param() + ", true)")
	}
	if form.role {
		b.WriteString(", pg_catalog.set_config('role', " + param() + ", true)")
	}
	sum := sha256.Sum256([]byte(b.String()))
	return &guardText{"fq_" + hex.EncodeToString(sum[:10]), b.String()}
}
