package matrix_test

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// reference is an operator in Go: whether a value that is not null matches what the client
// sends. It may use nothing of the server.
type reference func(f *field, value any, operand json.RawMessage) bool

// references are found by the kind of the field and the operator, or by the operator alone.
func references() map[string]reference {
	all := map[string]reference{
		"eq":  func(f *field, v any, o json.RawMessage) bool { return same(f, v, f.operand(o)) },
		"neq": func(f *field, v any, o json.RawMessage) bool { return !same(f, v, f.operand(o)) },
		"in": func(f *field, v any, o json.RawMessage) bool {
			return slices.ContainsFunc(items(o), func(item json.RawMessage) bool { return same(f, v, f.operand(item)) })
		},
		"nin": func(f *field, v any, o json.RawMessage) bool {
			return !slices.ContainsFunc(items(o), func(item json.RawMessage) bool { return same(f, v, f.operand(item)) })
		},
		"gt":  func(f *field, v any, o json.RawMessage) bool { return compare(v, f.operand(o)) > 0 },
		"gte": func(f *field, v any, o json.RawMessage) bool { return compare(v, f.operand(o)) >= 0 },
		"lt":  func(f *field, v any, o json.RawMessage) bool { return compare(v, f.operand(o)) < 0 },
		"lte": func(f *field, v any, o json.RawMessage) bool { return compare(v, f.operand(o)) <= 0 },
	}
	for _, part := range []map[string]reference{texts(), networks(), paths(), ranges(), documents(), searches(), arrays()} {
		for name, r := range part {
			all[name] = r
		}
	}
	return all
}

func same(f *field, a, b any) bool {
	if f.kind == json_ {
		return reflect.DeepEqual(a, b)
	}
	if f.kind == list {
		x, y := a.([]any), b.([]any)
		return len(x) == len(y) && !slices.ContainsFunc(x, func(v any) bool { return v == nil }) && containsInOrder(f, x, y)
	}
	return equal(a, b)
}

func containsInOrder(f *field, x, y []any) bool {
	for i := range x {
		if !same(f.elem, x[i], y[i]) {
			return false
		}
	}
	return true
}

func items(o json.RawMessage) []json.RawMessage {
	var all []json.RawMessage
	if err := json.Unmarshal(o, &all); err != nil {
		panic(err)
	}
	return all
}

func word(o json.RawMessage) string {
	var s string
	if err := json.Unmarshal(o, &s); err != nil {
		panic(err)
	}
	return s
}

func number(o json.RawMessage) int {
	var n int
	if err := json.Unmarshal(o, &n); err != nil {
		panic(err)
	}
	return n
}

func texts() map[string]reference {
	on := func(test func(v, o string) bool) reference {
		return func(_ *field, v any, o json.RawMessage) bool { return test(v.(string), word(o)) }
	}
	lower := func(test func(v, o string) bool) reference {
		return on(func(v, o string) bool { return test(strings.ToLower(v), strings.ToLower(o)) })
	}
	return map[string]reference{
		"text.contains":    on(strings.Contains),
		"text.icontains":   lower(strings.Contains),
		"text.startsWith":  on(strings.HasPrefix),
		"text.istartsWith": lower(strings.HasPrefix),
		"text.endsWith":    on(strings.HasSuffix),
		"text.iendsWith":   lower(strings.HasSuffix),
		"text.like":        on(like),
		"text.ilike":       lower(like),
		"text.matches":     on(func(v, o string) bool { return regexp.MustCompile(o).MatchString(v) }),
		"text.imatches":    on(func(v, o string) bool { return regexp.MustCompile("(?i)" + o).MatchString(v) }),
		"text.notMatches":  on(func(v, o string) bool { return !regexp.MustCompile(o).MatchString(v) }),
	}
}

// like is LIKE, one sign after another.
func like(v, pattern string) bool {
	if pattern == "" {
		return v == ""
	}
	switch c := pattern[0]; {
	case c == '%':
		return like(v, pattern[1:]) || v != "" && like(v[1:], pattern)
	case c == '\\' && len(pattern) > 1:
		return v != "" && v[0] == pattern[1] && like(v[1:], pattern[2:])
	case v == "":
		return false
	case c == '_' || c == v[0]:
		return like(v[1:], pattern[1:])
	}
	return false
}

// kindsOfAddresses are the blocks, as their RFCs give them.
var kindsOfAddresses = map[string][]string{
	"isPrivate":       {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"},
	"isLoopback":      {"127.0.0.0/8", "::1/128"},
	"isMulticast":     {"224.0.0.0/4", "ff00::/8"},
	"isBroadcast":     {"255.255.255.255/32"},
	"isLinkLocal":     {"169.254.0.0/16", "fe80::/10"},
	"isDocumentation": {"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"},
	"isCarrierGrade":  {"100.64.0.0/10"},
	"isSiteLocal":     {"fec0::/10"},
	"isUniqueLocal":   {"fc00::/7"},
	"isGlobalUnicast": {"2000::/3"},
}

func within(p netip.Prefix, blocks ...string) bool {
	return slices.ContainsFunc(blocks, func(b string) bool {
		block := netip.MustParsePrefix(b)
		return block.Bits() <= p.Bits() && block.Contains(p.Addr())
	})
}

// reserved tells it of IPv6 by what is not reserved: the blocks in use, as far as they reach.
func reserved(p netip.Prefix) bool {
	if p.Addr().Is4() {
		return within(p, "0.0.0.0/8", "240.0.0.0/4")
	}
	used := []string{"2000::/3", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"}
	return !slices.ContainsFunc(used, func(b string) bool { return netip.MustParsePrefix(b).Overlaps(p.Masked()) }) && p.Bits() > 2
}

// public tells whether nothing of it is special.
func public(p netip.Prefix) bool {
	special := []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16",
		"198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
	}
	if slices.ContainsFunc(special, func(b string) bool { return netip.MustParsePrefix(b).Overlaps(p.Masked()) }) {
		return false
	}
	return p.Addr().Is4() || within(p, "2000::/3")
}

func networks() map[string]reference {
	prefix := func(o json.RawMessage) netip.Prefix { return readPrefix(word(o)).(netip.Prefix) }
	inside := func(inner, outer netip.Prefix) bool {
		return outer.Bits() <= inner.Bits() && outer.Masked().Contains(inner.Addr())
	}
	on := func(test func(v, o netip.Prefix) bool) reference {
		return func(_ *field, v any, o json.RawMessage) bool { return test(v.(netip.Prefix), prefix(o)) }
	}
	is := func(test func(p netip.Prefix) bool) reference {
		return func(_ *field, v any, o json.RawMessage) bool { return test(v.(netip.Prefix)) == (string(o) == "true") }
	}
	all := map[string]reference{
		"inSubnet":    on(inside),
		"overlaps":    on(func(v, o netip.Prefix) bool { return v.Masked().Overlaps(o.Masked()) }),
		"strictLeft":  on(func(v, o netip.Prefix) bool { return inside(v, o) && v.Bits() > o.Bits() }),
		"strictRight": on(func(v, o netip.Prefix) bool { return inside(o, v) && v.Bits() < o.Bits() }),
		"isIPv4":      is(func(p netip.Prefix) bool { return p.Addr().Is4() }),
		"isIPv6":      is(func(p netip.Prefix) bool { return p.Addr().Is6() }),
		"isPublic":    is(public),
		"isReserved":  is(reserved),
	}
	for name, blocks := range kindsOfAddresses {
		all[name] = is(func(p netip.Prefix) bool { return within(p, blocks...) })
	}
	both := map[string]reference{}
	for name, r := range all {
		both["address."+name], both["network."+name] = r, r
	}
	between := func(last func(netip.Prefix) netip.Addr) reference {
		return func(_ *field, v any, o json.RawMessage) bool {
			var in struct{ From, To netip.Addr }
			if err := json.Unmarshal(o, &in); err != nil {
				panic(err)
			}
			p := v.(netip.Prefix)
			return p.Addr().Compare(in.From) >= 0 && last(p).Compare(in.To) <= 0
		}
	}
	both["address.inRange"] = between(netip.Prefix.Addr)
	both["network.inRange"] = between(func(p netip.Prefix) netip.Addr {
		raw := p.Addr().AsSlice()
		for i := p.Bits(); i < len(raw)*8; i++ {
			raw[i/8] |= 0x80 >> (i % 8)
		}
		a, _ := netip.AddrFromSlice(raw)
		return a
	})
	return both
}

func paths() map[string]reference {
	startsWith := func(long, short labels) bool {
		return len(long) >= len(short) && slices.Equal(long[:len(short)], short)
	}
	on := func(test func(v labels, o json.RawMessage) bool) reference {
		return func(_ *field, v any, o json.RawMessage) bool { return test(v.(labels), o) }
	}
	path := func(o json.RawMessage) labels { return readPath(word(o)).(labels) }
	level := func(test func(n, o int) bool) reference {
		return on(func(v labels, o json.RawMessage) bool { return test(len(v), number(o)) })
	}
	lquery := func(v labels, q string) bool {
		// * any labels, {n} that many, @ any case: as a regular expression over the labels with dots behind them.
		pattern := "^"
		for _, l := range strings.Split(q, ".") {
			name, count, counted := strings.Cut(l, "{")
			if counted {
				count = "{" + count
			} else if name == "*" {
				count = "*"
			}
			insensitive := ""
			if strings.HasSuffix(name, "@") {
				insensitive, name = "(?i:", strings.TrimSuffix(name, "@")+")"
			}
			if strings.HasPrefix(name, "*") && name == "*" {
				name = `[^.]+`
			} else {
				name = strings.ReplaceAll(name, "*", `[^.]*`)
			}
			pattern += "(" + insensitive + name + `\.)` + count
		}
		return regexp.MustCompile(pattern + "$").MatchString(strings.Join(v, ".") + ".")
	}
	has := func(v labels, label string) bool { return slices.Contains(v, label) }
	return map[string]reference{
		"path.ancestorOf":    on(func(v labels, o json.RawMessage) bool { return startsWith(path(o), v) }),
		"path.descendantOf":  on(func(v labels, o json.RawMessage) bool { return startsWith(v, path(o)) }),
		"path.matchesLquery": on(func(v labels, o json.RawMessage) bool { return lquery(v, word(o)) }),
		"path.matchesLtxtquery": on(func(v labels, o json.RawMessage) bool {
			switch q := word(o); q {
			case "science & !physics":
				return has(v, "science") && !has(v, "physics")
			case "history | other":
				return has(v, "history") || has(v, "other")
			default:
				panic("no reference for the ltxtquery " + q)
			}
		}),
		"path.matchesAnyLquery": on(func(v labels, o json.RawMessage) bool {
			return slices.ContainsFunc(items(o), func(q json.RawMessage) bool { return lquery(v, word(q)) })
		}),
		"path.nlevelEq":  level(func(n, o int) bool { return n == o }),
		"path.nlevelNeq": level(func(n, o int) bool { return n != o }),
		"path.nlevelGt":  level(func(n, o int) bool { return n > o }),
		"path.nlevelGte": level(func(n, o int) bool { return n >= o }),
		"path.nlevelLt":  level(func(n, o int) bool { return n < o }),
		"path.nlevelLte": level(func(n, o int) bool { return n <= o }),
	}
}
