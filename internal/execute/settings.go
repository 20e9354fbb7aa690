package execute

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/fraiseql/fraiseql-go/auth"
	"github.com/fraiseql/fraiseql-go/pool"
)

// guards make the first statement of a batch: it sets, for the transaction, the request's
// settings and role, and what the session does not carry by itself. A read-only default and
// the statement timeout are the session's from its start, so that most batches need no guard.
type guards struct {
	mu     sync.RWMutex
	byForm map[guardForm]*guardText
}

// guardForm is what the text of a guard depends on.
type guardForm struct {
	travelling *pool.Setting // the first of the pool's list; nil: none
	settings   int
	role       bool
	writes     bool // the transaction is a mutation's
}

type guardText struct{ name, sql string }

// call makes the guard for a request, and false when there is nothing to set.
func (g *guards) call(s auth.Settings, travelling []pool.Setting, params [][]byte, writes bool) (call, [][]byte, bool) {
	form := guardForm{settings: len(s.Values), role: s.Role != "", writes: writes && len(travelling) > 0}
	if len(travelling) > 0 {
		form.travelling = &travelling[0]
	}
	if form == (guardForm{}) {
		return call{}, params, false
	}
	g.mu.RLock()
	text := g.byForm[form]
	g.mu.RUnlock()
	if text == nil {
		text = form.text(travelling)
		g.mu.Lock()
		if g.byForm == nil {
			g.byForm = map[guardForm]*guardText{}
		}
		g.byForm[form] = text
		g.mu.Unlock()
	}
	from := len(params)
	if len(s.Values) > 0 {
		for _, name := range slices.Sorted(maps.Keys(s.Values)) {
			params = append(params, []byte(name), []byte(s.Values[name]))
		}
	}
	if form.role {
		params = append(params, []byte(s.Role))
	}
	return call{name: text.name, sql: text.sql, params: params[from:len(params):len(params)]}, params, true
}

// text writes the guard. The role comes last: with it the rights to the rest may go.
func (f guardForm) text(travelling []pool.Setting) *guardText {
	var sets []string
	set := func(name, value string) { sets = append(sets, "pg_catalog.set_config("+name+", "+value+", true)") }
	for _, s := range travelling { // constants: PostgreSQL takes them faster than parameters
		if f.writes && s.Name == "transaction_read_only" {
			continue
		}
		set(literal(s.Name), literal(s.Value))
	}
	n := 0
	param := func() string { n++; return "$" + strconv.Itoa(n) + "::text" }
	for range f.settings {
		set(param(), param())
	}
	if f.role {
		set("'role'", param())
	}
	sql := "select " + strings.Join(sets, ", ")
	sum := sha256.Sum256([]byte(sql))
	return &guardText{"fq_" + hex.EncodeToString(sum[:10]), sql}
}

func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
