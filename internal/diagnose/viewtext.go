package diagnose

import (
	"errors"
	"fmt"
	"strings"
)

// selectText is the text of a SELECT as the server writes it, taken apart at its result columns.
type selectText struct {
	before  string // up to the first column
	targets []string
	after   string // from FROM on
}

// with adds columns behind those that are there.
func (s selectText) with(columns []string) string {
	return s.before + strings.Join(append(append([]string{}, s.targets...), columns...), ",\n    ") + s.after
}

// readSelect takes the definition of a view apart. What stands outside of all parentheses decides: the server puts
// parentheses around every expression that has a keyword in it.
func readSelect(text string) (selectText, error) {
	var s selectText
	var start, from int
	var commas []int
	err := topLevel(text, func(at int, word string) error {
		switch {
		case from > 0 || start == 0 && word != "select":
			if word == "union" || word == "intersect" || word == "except" {
				return fmt.Errorf("it has %s", strings.ToUpper(word))
			}
		case start == 0:
			start = at + len(word)
		case word == "distinct":
			return errors.New("it has DISTINCT")
		case word == "from" || word == "where" || word == "union" || word == "intersect" || word == "except":
			from = at
			if word != "from" {
				return errors.New("it has no FROM")
			}
		case word == ",":
			commas = append(commas, at)
		}
		return nil
	})
	if err != nil {
		return s, err
	}
	if start == 0 {
		return s, errors.New("it is no SELECT")
	}
	if from == 0 {
		from = len(text)
	}
	for from > start && strings.ContainsRune(" \n\t", rune(text[from-1])) {
		from--
	}
	for start < from && strings.ContainsRune(" \n\t", rune(text[start])) {
		start++
	}
	s.before, s.after = text[:start], text[from:]
	for _, at := range append(commas, from) {
		s.targets = append(s.targets, strings.TrimSpace(text[start:at]))
		start = at + 1
	}
	return s, nil
}

// pair is a key of an object and the SQL of its value.
type pair struct{ key, value string }

// readObject takes a result column apart that is a jsonb_build_object with constant keys.
func readObject(target string) ([]pair, error) {
	open := strings.IndexByte(target, '(')
	if name := target[:max(open, 0)]; name != "jsonb_build_object" && name != "json_build_object" {
		return nil, errors.New("it is no jsonb_build_object")
	}
	inner := target[open+1:]
	var commas []int
	end, depth := -1, 0
	err := scan(inner, func(at int, token string) error {
		switch {
		case end >= 0:
			return nil
		case token == "(" || token == "[":
			depth++
		case token == ")" && depth == 0:
			end = at
		case token == ")" || token == "]":
			depth--
		case token == "," && depth == 0:
			commas = append(commas, at)
		}
		return nil
	})
	if err != nil || end < 0 {
		return nil, errors.New("its parentheses do not match")
	}
	if rest := strings.TrimSpace(inner[end+1:]); rest != "" && !strings.HasPrefix(rest, "AS ") {
		return nil, errors.New("the object is a part of a larger expression")
	}
	var parts []string
	start := 0
	for _, at := range append(commas, end) {
		parts = append(parts, strings.TrimSpace(inner[start:at]))
		start = at + 1
	}
	if len(parts)%2 != 0 {
		return nil, errors.New("its keys and values are not pairs")
	}
	pairs := make([]pair, 0, len(parts)/2)
	for i := 0; i < len(parts); i += 2 {
		key, ok := constant(parts[i])
		if !ok {
			return nil, fmt.Errorf("its key %s is not a constant", parts[i])
		}
		pairs = append(pairs, pair{key, parts[i+1]})
	}
	return pairs, nil
}

// constant reads a constant text: 'name', or 'name'::text.
func constant(sql string) (string, bool) {
	quoted := strings.TrimSuffix(sql, "::text")
	escaped := strings.HasPrefix(quoted, "E'")
	quoted = strings.TrimPrefix(quoted, "E")
	if len(quoted) < 2 || quoted[0] != '\'' || quoted[len(quoted)-1] != '\'' || strings.Contains(strings.ReplaceAll(quoted[1:len(quoted)-1], "''", ""), "'") {
		return "", false
	}
	text := strings.ReplaceAll(quoted[1:len(quoted)-1], "''", "'")
	if escaped {
		text = strings.ReplaceAll(text, `\\`, `\`)
	}
	return text, true
}

// topLevel calls do for each word, in lower case, and each comma that stands outside of parentheses.
func topLevel(text string, do func(at int, word string) error) error {
	depth := 0
	return scan(text, func(at int, token string) error {
		switch token {
		case "(", "[":
			depth++
		case ")", "]":
			depth--
		default:
			if depth == 0 {
				return do(at, strings.ToLower(token))
			}
		}
		return nil
	})
}

// scan calls do for each word, parenthesis, bracket and comma of a statement, and passes over what is quoted.
func scan(text string, do func(at int, token string) error) error {
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '\'' || c == '"':
			end := quotedEnd(text, i, c == '\'' && i > 0 && text[i-1] == 'E')
			if end < 0 {
				return errors.New("a quote has no end")
			}
			i = end
		case strings.IndexByte("()[],", c) >= 0:
			if err := do(i, text[i:i+1]); err != nil {
				return err
			}
			i++
		case wordByte(c):
			start := i
			for i < len(text) && wordByte(text[i]) {
				i++
			}
			if err := do(start, text[start:i]); err != nil {
				return err
			}
		default:
			i++
		}
	}
	return nil
}

func wordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// quotedEnd gives the place behind a quoted text or name, or -1.
func quotedEnd(text string, start int, escapes bool) int {
	for i := start + 1; i < len(text); i++ {
		switch {
		case escapes && text[i] == '\\':
			i++
		case text[i] == text[start] && i+1 < len(text) && text[i+1] == text[start]:
			i++
		case text[i] == text[start]:
			return i + 1
		}
	}
	return -1
}
