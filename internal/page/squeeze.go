package page

import (
	"path"
	"regexp"
	"strings"
)

// Squeeze leaves out of a source what only people read: comments, indentation, blanks that separate nothing. Names
// stay, so what the browser's tools show still reads like the source.
func Squeeze(name, source string) string {
	switch path.Ext(name) {
	case ".js":
		return squeezeScript(source)
	case ".css":
		short := cssBlanks.ReplaceAllStringFunc(strings.Join(strings.Fields(source), " "), strings.TrimSpace)
		return strings.ReplaceAll(short, ";}", "}")
	case ".html":
		var out strings.Builder
		for line := range strings.Lines(source) {
			out.WriteString(strings.TrimLeft(line, " "))
		}
		return out.String()
	}
	return source
}

// The style sheets have no text in quotes that these characters and a blank stand in, and no blank before a colon or
// around the minus of a calculation that would be touched.
var cssBlanks = regexp.MustCompile(` ?[{},;>] ?|: `)

// squeezeScript knows just enough of JavaScript to tell code from strings, templates and regular expressions. It
// counts on semicolons at the end of statements.
func squeezeScript(source string) string {
	var out []byte
	var last byte      // the last byte written
	var word string    // the last word written, to know a division from a regular expression
	var gap, line bool // a blank, a line's end before the next piece
	for i := 0; i < len(source); {
		end := i + 1
		switch c := source[i]; {
		case c == ' ' || c == '\n' || c == '\t' || c == '\r':
			gap, line = true, line || c == '\n'
			i++
			continue
		case strings.HasPrefix(source[i:], "/*"):
			i += 2 + strings.Index(source[i+2:], "*/") + 2
			gap = true
			continue
		case strings.HasPrefix(source[i:], "//"):
			i += strings.IndexByte(source[i:]+"\n", '\n')
			continue
		case c == '"' || c == '\'':
			end = quotedEnd(source, i, c)
		case c == '`':
			end = templateEnd(source, i)
		case c == '/' && (strings.IndexByte("\x00(,=:[!&|?{};+-*<>", last) >= 0 || word == "return"):
			end = regexpEnd(source, i)
		case strings.HasPrefix(source[i:], "=>"):
			end++
		default:
			for isWord(c) && end < len(source) && isWord(source[end]) {
				end++
			}
		}
		piece := source[i:end]
		if gap && last != 0 {
			joined := isWord(last) && isWord(piece[0]) || (last == '+' || last == '-') && last == piece[0]
			ended := line && strings.IndexByte("{;,([:?=&|+-*<>!", last) < 0 && strings.IndexByte(")}].,;?:=&|<>*", piece[0]) < 0
			if joined && !line {
				out = append(out, ' ')
			} else if joined || ended {
				out = append(out, '\n')
			}
		}
		if piece == "}" && last == ';' || last == ',' && strings.Contains(")]}", piece) {
			out = out[:len(out)-1] // the semicolon behind a block's last statement, the comma behind a list's last item
		}
		if n := len(out) - len(word) - 2; piece == "=>" && last == ')' && n >= 0 && out[n] == '(' && isWord(word[0]) && (n == 0 || !isWord(out[n-1])) {
			out = append(out[:n], word...) // one parameter needs no parentheses
		}
		out = append(out, piece...)
		last, gap, line = piece[len(piece)-1], false, false
		if piece != ")" {
			word = piece
		}
		i = end
	}
	return string(out)
}

func isWord(c byte) bool {
	return c == '_' || c == '$' || c == '#' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// quotedEnd is the offset behind a literal that ends with an unescaped quote.
func quotedEnd(source string, i int, quote byte) int {
	for i++; i < len(source) && source[i] != quote; i++ {
		if source[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// templateEnd follows a template literal through its placeholders.
func templateEnd(source string, i int) int {
	depth := 0
	for i++; i < len(source); i++ {
		switch c := source[i]; {
		case c == '\\':
			i++
		case depth == 0 && c == '`':
			return i + 1
		case depth == 0 && strings.HasPrefix(source[i:], "${"):
			depth = 1
			i++
		case depth == 0:
		case c == '{':
			depth++
		case c == '}':
			depth--
		case c == '`':
			i = templateEnd(source, i) - 1
		case c == '"' || c == '\'':
			i = quotedEnd(source, i, c) - 1
		}
	}
	return i
}

func regexpEnd(source string, i int) int {
	class := false
	for i++; i < len(source) && (class || source[i] != '/'); i++ {
		switch source[i] {
		case '\\':
			i++
		case '[':
			class = true
		case ']':
			class = false
		}
	}
	return i + 1
}
