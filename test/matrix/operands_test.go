package matrix_test

import (
	"encoding/json"
	"slices"
)

// chosen are operands for operators that take another type than the field's, and edges that no
// row holds.
func chosen() map[string][]string {
	all := map[string][]string{
		"whole.gte": {"11"}, "big.eq": {"9223372036854775807"}, "big.lt": {`"9223372036854775807"`}, "exact.eq": {"10.000", `"1e2"`}, "rough.gt": {"9.999999999999"},
		"unique_id.eq": {`"123E4567-E89B-12D3-A456-426614174000"`}, "instant.eq": {`"2026-01-31T11:00:00+01:00"`}, "ip.eq": {`"0:0:0:0:0:0:0:1"`, `"10.0.0.5"`},
		"flag.eq": {"true", "false"}, "span.eq": {`"PT720H"`}, "mac.eq": {`"08-00-2B-01-02-03"`},

		"text.contains": {`"50%"`, `"b"`, `"_"`, `"\\"`, `""`, `"'"`}, "text.icontains": {`"B"`, `"%_"`, `"zz"`}, "text.startsWith": {`"50%_"`, `"a"`, `"%"`}, "text.istartsWith": {`"A"`, `"X50%"`},
		"text.endsWith": {`"%_"`, `"c"`, `"b"`}, "text.iendsWith": {`"BC"`, `"T"`}, "text.like": {`"a%"`, `"50\\%\\_"`, `"___"`, `"a\\\\b"`, `""`}, "text.ilike": {`"A_C"`, `"%PERCENT"`},
		"text.matches": {`"^a.c$"`, `"[0-9]+"`, `"^$"`, `"a\\.c"`}, "text.imatches": {`"^ABC$"`, `"PERCENT"`}, "text.notMatches": {`"^a"`, `"."`},

		"path.matchesLquery": {`"top.*{1}"`, `"*.science.*"`, `"top.science@"`, `"top.sci*"`, `"nothing"`}, "path.matchesLtxtquery": {`"science & !physics"`, `"history | other"`},
		"path.matchesAnyLquery": {`["other", "top.*.physics"]`, `["nothing"]`, `[]`},

		"key.eq": {`22`, `"99"`}, "key.descendantOfId": {`"22"`, `"99"`}, "key.ancestorOfId": {`"22"`},

		"json.hasKey": {`"size"`, `"a"`, `"nothing"`}, "json.hasAnyKeys": {`["size", "a"]`, `["nothing"]`, `[]`}, "json.hasAllKeys": {`["size", "tags"]`, `["a", "b"]`, `[]`, `["size", "nothing"]`},
		"json.contains": {`{"size": 12}`, `{"tags": ["b"]}`, `["a"]`, `"a"`, `{}`, `[]`, `{"in": {}}`, `12.0`}, "json.containedBy": {`{"size": 12, "tags": ["b", "c"]}`, `["a", "b", 1, 2]`, `{}`, `12`},
		"json.pathExists": {`"$.size"`, `"$.tags[*] ? (@ == \"a\")"`, `"$"`}, "json.pathMatch": {`"$.size > 10"`, `"$.size == 9"`},

		"search.matches": {`"cat & !dog"`, `"ca:*"`}, "search.plainQuery": {`"dog cat"`, `"cat & !dog"`}, "search.phraseQuery": {`"the cat"`}, "search.websearchQuery": {`"\"the cat\" or dog -cat"`, `")("`},

		"wholes.contains": {"5", "10", "-100", "9"}, "bigs.contains": {`"10"`, `"9223372036854775806"`, "1"}, "exacts.contains": {"10", `"20.25"`, "1.5"},
		"days.contains": {`"2026-01-31"`, `"2026-02-01"`, `"2025-12-31"`}, "moments.contains": {`"2026-02-01T00:00:00"`, `"2026-01-01T00:00:00"`}, "instants.contains": {`"2026-02-01T00:00:00Z"`, `"2026-02-01T01:00:00+01:00"`},
		"wholes.adjacent": {`{"lower": 10, "upper": 12}`, `{"upper": 1}`, `{}`}, "exacts.adjacent": {`{"lower": 10, "upper": 12, "includesLower": false}`}, "wholes.overlaps": {`{}`, `{"lower": 9}`},
		"wholes.strictlyLeft": {`{"lower": 12}`}, "wholes.strictlyRight": {`{"upper": 1}`}, "wholes.notLeft": {`{"lower": 5, "includesLower": false}`}, "wholes.notRight": {`{"upper": 11, "includesUpper": true}`},
	}
	all["days.containsDate"] = all["days.contains"]
	for _, n := range []string{"Eq", "Neq", "Gt", "Gte", "Lt", "Lte"} {
		all["path.nlevel"+n] = []string{"1", "2", "3", "0"}
		all["list.len"+n] = []string{"0", "1", "2"}
	}
	for _, k := range []string{"address", "network"} {
		all[k+".inSubnet"] = []string{`"10.0.0.0/8"`, `"::/0"`, `"0.0.0.0/0"`, `"8.8.8.8/32"`, `"10.1.0.0/16"`}
		all[k+".inRange"] = []string{`{"from": "8.0.0.0", "to": "10.255.255.255"}`, `{"from": "::", "to": "2001:db8::1"}`, `{"from": "255.255.255.255", "to": "::1"}`, `{"from": "9.0.0.0", "to": "8.0.0.0"}`}
		all[k+".overlaps"] = []string{`"10.0.0.77/8"`, `"::1"`, `"8.8.8.8"`}
		all[k+".strictLeft"] = []string{`"10.0.0.0/8"`, `"::1"`, `"0.0.0.0/0"`}
		all[k+".strictRight"] = []string{`"10.0.0.77"`, `"8.8.8.8"`, `"2001:db8::1"`, `"10.0.0.0/8"`}
		for _, op := range []string{"isIPv4", "isIPv6", "isPublic", "isReserved"} {
			all[k+"."+op] = []string{"true", "false"}
		}
		for op := range kindsOfAddresses {
			all[k+"."+op] = []string{"true", "false"}
		}
	}
	return all
}

// operandsOf lists what an operator is tried with: of its own type the rows' values, so that
// some match and some do not, and what was chosen for it.
func operandsOf(f *field, op string, all map[string][]string) []json.RawMessage {
	var out []json.RawMessage
	add := func(o json.RawMessage) {
		if o != nil && !slices.ContainsFunc(out, func(known json.RawMessage) bool { return string(known) == string(o) }) {
			out = append(out, o)
		}
	}
	for _, text := range slices.Concat(all[f.name+"."+op], all[string(f.kind)+"."+op]) {
		add(json.RawMessage(text))
	}
	const most = 6
	var values []json.RawMessage
	for row := range f.values {
		if o := f.sent(row); o != nil && len(values) < most {
			values = append(values, o)
		}
	}
	switch op {
	case "isNull":
		return []json.RawMessage{json.RawMessage("true"), json.RawMessage("false")}
	case "in", "nin":
		add(json.RawMessage("[]"))
		add(marshal(values[:1]))
		add(marshal(values))
	case "anyEq", "allEq":
		for row := range f.elem.values[:2] {
			add(f.elem.sent(row))
		}
		add(f.elem.sent(len(f.elem.values) - 1))
	default:
		if len(out) > 0 && !takesOwn(f, op) {
			return out
		}
		for _, o := range values {
			add(o)
		}
	}
	return out
}

// takesOwn tells whether an operator takes a value like the field's.
func takesOwn(f *field, op string) bool {
	switch op {
	case "eq", "neq", "gt", "gte", "lt", "lte":
		return true
	}
	switch f.kind {
	case list:
		return op == "contains" || op == "containedBy" || op == "strictlyContains" || op == "overlaps"
	case key:
		return true
	case ranged:
		return op != "contains" && op != "containsDate"
	case path:
		return op == "ancestorOf" || op == "descendantOf"
	}
	return false
}
