// Package sqltext lays out statements for people to read.
package sqltext

import "strings"

// lineWidth is how long a line of SQL may be before it is broken.
const lineWidth = 100

// LayOut breaks a statement into lines: a clause begins one, and what is too long for one is indented below. Nothing but space
// is changed.
func LayOut(sql string) string {
	r := &reader{rest: sql}
	var b strings.Builder
	writeClauses(&b, r.until(), 0)
	return b.String()
}

// part is a word of SQL, or what stands in parentheses with the word before them.
type part struct {
	text   string
	spaced bool   // there is space in front of it
	inner  []part // between the parentheses that text ends with the first of
	group  bool
}

type reader struct{ rest string }

// until reads to the parenthesis that closes, or to the end.
func (r *reader) until() []part {
	var parts []part
	for {
		trimmed := strings.TrimLeft(r.rest, " \n\t")
		p := part{spaced: len(trimmed) < len(r.rest) && len(parts) > 0}
		r.rest = trimmed
		switch {
		case r.rest == "":
			return parts
		case r.rest[0] == ')':
			r.rest = r.rest[1:]
			return parts
		case r.rest[0] == ',':
			p.text, r.rest = ",", r.rest[1:]
		default:
			n := wordLength(r.rest)
			p.text, r.rest = r.rest[:n], r.rest[n:]
			if r.rest != "" && r.rest[0] == '(' {
				p.text, r.rest, p.group = p.text+"(", r.rest[1:], true
				p.inner = r.until()
			}
		}
		parts = append(parts, p)
	}
}

// wordLength is the length of what is kept together: until space, a comma or a parenthesis outside of quotes.
func wordLength(s string) int {
	for i := 0; i < len(s); {
		switch s[i] {
		case ' ', '\n', '\t', ',', '(', ')':
			return i
		case '\'', '"':
			escapes := s[i] == '\'' && i > 0 && (s[i-1] == 'E' || s[i-1] == 'e')
			i = quoteEnd(s, i, escapes)
		default:
			i++
		}
	}
	return len(s)
}

// quoteEnd is where a quoted text ends that begins at i; a doubled quote ends it and begins the next one.
func quoteEnd(s string, i int, escapes bool) int {
	for end := i + 1; end < len(s); end++ {
		switch {
		case escapes && s[end] == '\\':
			end++
		case s[end] == s[i]:
			return end + 1
		}
	}
	return len(s)
}

// flat writes parts on one line.
func flat(parts []part) string {
	var b strings.Builder
	for i, p := range parts {
		if p.spaced && i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(p.text)
		if p.group {
			b.WriteString(flat(p.inner) + ")")
		}
	}
	return b.String()
}

// isQuery tells whether parts are a select.
func isQuery(parts []part) bool { return len(parts) > 0 && parts[0].text == "select" }

// clauses takes a select apart in front of the words that begin its clauses.
func clauses(parts []part) [][]part {
	var all [][]part
	for i, p := range parts {
		begins := false
		switch p.text {
		case "select", "where", "having", "limit", "offset":
			begins = true
		case "group", "order":
			begins = i+1 < len(parts) && parts[i+1].text == "by"
		case "from":
			begins = i > 0 && parts[i-1].text != "distinct" // IS DISTINCT FROM
		}
		if begins || len(all) == 0 {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], p)
	}
	return all
}

// writeClauses writes a select, each of its clauses on a line of its own.
func writeClauses(b *strings.Builder, parts []part, indent int) {
	for i, clause := range clauses(parts) {
		if i > 0 {
			newLine(b, indent)
		}
		if line := flat(clause); indent+len(line) <= lineWidth {
			b.WriteString(line)
			continue
		}
		head := 1
		if clause[0].text == "group" || clause[0].text == "order" {
			head = 2
		}
		b.WriteString(flat(clause[:head]))
		for _, item := range items(clause[head:], isQuery(parts)) {
			newLine(b, indent+2)
			writeItem(b, item, indent+2)
		}
	}
}

// items takes a list apart behind its commas, and conditions in front of each "and".
func items(parts []part, conditions bool) [][]part {
	var all [][]part
	begin := true
	for _, p := range parts {
		if begin || conditions && p.text == "and" {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], p)
		begin = p.text == ","
	}
	return all
}

// writeItem writes what may be too long for one line: then what is in its parentheses is indented below.
func writeItem(b *strings.Builder, parts []part, indent int) {
	if line := flat(parts); indent+len(line) <= lineWidth {
		b.WriteString(line)
		return
	}
	for i, p := range parts {
		if p.spaced && i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(p.text)
		switch {
		case !p.group:
		case len(flat(p.inner)) <= lineWidth/3:
			b.WriteString(flat(p.inner) + ")")
		case isQuery(p.inner):
			newLine(b, indent+2)
			writeClauses(b, p.inner, indent+2)
			newLine(b, indent)
			b.WriteByte(')')
		default:
			for _, item := range items(p.inner, true) {
				newLine(b, indent+2)
				writeItem(b, item, indent+2)
			}
			newLine(b, indent)
			b.WriteByte(')')
		}
	}
}

func newLine(b *strings.Builder, indent int) { b.WriteString("\n" + strings.Repeat(" ", indent)) }
