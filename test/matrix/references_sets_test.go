package matrix_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// ranges compare ends: an end is a bound with a sign of the side on which its values are.
func ranges() map[string]reference {
	// lowerOf and upperOf order ends; nil is endless.
	lowerOf := func(a, b interval) int {
		switch {
		case a.lower == nil && b.lower == nil:
			return 0
		case a.lower == nil:
			return -1
		case b.lower == nil:
			return 1
		}
		if c := compare(a.lower, b.lower); c != 0 {
			return c
		}
		return btoi(b.withLower) - btoi(a.withLower)
	}
	upperOf := func(a, b interval) int {
		switch {
		case a.upper == nil && b.upper == nil:
			return 0
		case a.upper == nil:
			return 1
		case b.upper == nil:
			return -1
		}
		if c := compare(a.upper, b.upper); c != 0 {
			return c
		}
		return btoi(a.withUpper) - btoi(b.withUpper)
	}
	// before tells whether a ends before b begins.
	before := func(a, b interval) bool {
		if a.upper == nil || b.lower == nil {
			return false
		}
		c := compare(a.upper, b.lower)
		return c < 0 || c == 0 && !(a.withUpper && b.withLower)
	}
	meets := func(a, b interval) bool {
		return a.upper != nil && b.lower != nil && compare(a.upper, b.lower) == 0 && a.withUpper != b.withLower
	}
	on := func(test func(v, o interval) bool) reference {
		return func(f *field, v any, o json.RawMessage) bool {
			a, b := v.(interval), f.operand(o).(interval)
			return !a.empty && !b.empty && test(a, b)
		}
	}
	contains := func(f *field, v any, o json.RawMessage) bool {
		r := v.(interval)
		x := f.read(`{"lower": ` + string(o) + `, "upper": ` + string(o) + `, "includesUpper": true}`).(interval)
		return !r.empty && !before(r, x) && !before(x, r)
	}
	return map[string]reference{
		"range.contains":      contains,
		"range.containsDate":  contains,
		"range.overlaps":      on(func(v, o interval) bool { return !before(v, o) && !before(o, v) }),
		"range.adjacent":      on(func(v, o interval) bool { return meets(v, o) || meets(o, v) }),
		"range.strictlyLeft":  on(before),
		"range.strictlyRight": on(func(v, o interval) bool { return before(o, v) }),
		"range.notLeft":       on(func(v, o interval) bool { return lowerOf(v, o) >= 0 }),
		"range.notRight":      on(func(v, o interval) bool { return upperOf(v, o) <= 0 }),
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func documents() map[string]reference {
	keys := func(v any) []string {
		var all []string
		switch v := v.(type) {
		case map[string]any:
			for k := range v {
				all = append(all, k)
			}
		case []any:
			for _, item := range v {
				if s, ok := item.(string); ok {
					all = append(all, s)
				}
			}
		case string:
			all = []string{v}
		}
		return all
	}
	has := func(v any, key json.RawMessage) bool { return slices.Contains(keys(v), word(key)) }
	size := func(v any) (json.Number, bool) {
		object, _ := v.(map[string]any)
		n, ok := object["size"].(json.Number)
		return n, ok
	}
	return map[string]reference{
		"json.hasKey": func(_ *field, v any, o json.RawMessage) bool { return has(v, o) },
		"json.hasAnyKeys": func(_ *field, v any, o json.RawMessage) bool {
			return slices.ContainsFunc(items(o), func(k json.RawMessage) bool { return has(v, k) })
		},
		"json.hasAllKeys": func(_ *field, v any, o json.RawMessage) bool {
			return !slices.ContainsFunc(items(o), func(k json.RawMessage) bool { return !has(v, k) })
		},
		"json.contains":    func(_ *field, v any, o json.RawMessage) bool { return holds(v, readJSON(string(o)), true) },
		"json.containedBy": func(_ *field, v any, o json.RawMessage) bool { return holds(readJSON(string(o)), v, true) },
		"json.pathExists": func(_ *field, v any, o json.RawMessage) bool {
			switch p := word(o); p {
			case "$.size":
				object, ok := v.(map[string]any)
				_, there := object["size"]
				if elements, is := v.([]any); is { // lax mode looks into lists
					return slices.ContainsFunc(elements, func(e any) bool { m, ok := e.(map[string]any); _, there := m["size"]; return ok && there })
				}
				return ok && there
			case "$.tags[*] ? (@ == \"a\")":
				object, _ := v.(map[string]any)
				tags, _ := object["tags"].([]any)
				return slices.Contains(tags, any("a"))
			case "$":
				return true
			default:
				panic("no reference for the path " + p)
			}
		},
		"json.pathMatch": func(_ *field, v any, o json.RawMessage) bool {
			n, ok := size(v)
			switch p := word(o); p {
			case "$.size > 10":
				return ok && compare(readNumber(n.String()), readNumber("10")) > 0
			case "$.size == 9":
				return ok && n == "9"
			default:
				panic("no reference for the predicate " + p)
			}
		},
	}
}

// holds is containment of JSON: a list may hold a single value at the top.
func holds(v, part any, top bool) bool {
	switch p := part.(type) {
	case map[string]any:
		object, ok := v.(map[string]any)
		if !ok {
			return false
		}
		for k, inner := range p {
			if mine, ok := object[k]; !ok || !holds(mine, inner, false) {
				return false
			}
		}
		return true
	case []any:
		elements, ok := v.([]any)
		return ok && !slices.ContainsFunc(p, func(inner any) bool {
			return !slices.ContainsFunc(elements, func(e any) bool { return holds(e, inner, false) })
		})
	}
	if elements, ok := v.([]any); ok && top {
		return slices.ContainsFunc(elements, func(e any) bool { return reflect.DeepEqual(e, part) })
	}
	return reflect.DeepEqual(v, part)
}

// searches work on words as they stand: the fixture's configuration is simple.
func searches() map[string]reference {
	on := func(known map[string]func(words []string) bool) reference {
		return func(_ *field, v any, o json.RawMessage) bool {
			test := known[word(o)]
			if test == nil {
				panic(fmt.Sprintf("no reference for the query %s", o))
			}
			return test(strings.Fields(v.(string)))
		}
	}
	has := func(words []string, w string) bool { return slices.Contains(words, w) }
	follows := func(words []string, a, b string) bool {
		for i := range words {
			if i > 0 && words[i-1] == a && words[i] == b {
				return true
			}
		}
		return false
	}
	catAndDog := func(w []string) bool { return has(w, "cat") && has(w, "dog") }
	return map[string]reference{
		"search.matches": on(map[string]func([]string) bool{
			"cat & !dog": func(w []string) bool { return has(w, "cat") && !has(w, "dog") },
			"ca:*": func(w []string) bool {
				return slices.ContainsFunc(w, func(x string) bool { return strings.HasPrefix(x, "ca") })
			},
		}),
		"search.plainQuery":  on(map[string]func([]string) bool{"dog cat": catAndDog, "cat & !dog": catAndDog}),
		"search.phraseQuery": on(map[string]func([]string) bool{"the cat": func(w []string) bool { return follows(w, "the", "cat") }}),
		"search.websearchQuery": on(map[string]func([]string) bool{
			`"the cat" or dog -cat`: func(w []string) bool { return follows(w, "the", "cat") || has(w, "dog") && !has(w, "cat") },
			`)(`:                    func([]string) bool { return false },
		}),
	}
}

func arrays() map[string]reference {
	in := func(f *field, all []any, v any) bool {
		return slices.ContainsFunc(all, func(e any) bool { return e != nil && v != nil && same(f.elem, e, v) })
	}
	subset := func(f *field, part, all []any) bool {
		return !slices.ContainsFunc(part, func(e any) bool { return !in(f, all, e) })
	}
	on := func(test func(f *field, v, o []any) bool) reference {
		return func(f *field, v any, o json.RawMessage) bool { return test(f, v.([]any), f.operand(o).([]any)) }
	}
	length := func(test func(n, o int) bool) reference {
		return func(_ *field, v any, o json.RawMessage) bool { return test(len(v.([]any)), number(o)) }
	}
	return map[string]reference{
		"list.neq":              func(f *field, v any, o json.RawMessage) bool { return !same(f, v, f.operand(o)) },
		"list.contains":         on(func(f *field, v, o []any) bool { return subset(f, o, v) }),
		"list.containedBy":      on(func(f *field, v, o []any) bool { return subset(f, v, o) }),
		"list.strictlyContains": on(func(f *field, v, o []any) bool { return subset(f, o, v) && !subset(f, v, o) }),
		"list.overlaps": on(func(f *field, v, o []any) bool {
			return slices.ContainsFunc(o, func(e any) bool { return in(f, v, e) })
		}),
		"list.lenEq":  length(func(n, o int) bool { return n == o }),
		"list.lenNeq": length(func(n, o int) bool { return n != o }),
		"list.lenGt":  length(func(n, o int) bool { return n > o }),
		"list.lenGte": length(func(n, o int) bool { return n >= o }),
		"list.lenLt":  length(func(n, o int) bool { return n < o }),
		"list.lenLte": length(func(n, o int) bool { return n <= o }),
		"list.anyEq":  func(f *field, v any, o json.RawMessage) bool { return in(f, v.([]any), f.elem.operand(o)) },
		"list.allEq": func(f *field, v any, o json.RawMessage) bool {
			x := f.elem.operand(o)
			return !slices.ContainsFunc(v.([]any), func(e any) bool { return e == nil || !same(f.elem, e, x) })
		},
	}
}
