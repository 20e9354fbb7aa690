package execute

import (
	"strconv"
	"strings"

	"github.com/fraiseql/fraiseql-go/internal/compile"
	"github.com/fraiseql/fraiseql-go/internal/jsonw"
	"github.com/fraiseql/fraiseql-go/schema"
)

// judge finds out whether a function has succeeded, and fills the cells that are made of what it gave.
func judge(cells [][]byte) (success bool) {
	var o outcome
	status := string(cells[compile.CellStatus])
	told := cells[compile.CellSucceeded]
	if told != nil || status == "" && (cells[compile.CellErrorClass] != nil || cells[compile.CellDetail] != nil || cells[compile.CellHTTPStatus] != nil) {
		o, status = judgeWide(cells, len(told) > 0 && told[0] == 't') // the form with 13 columns
	} else {
		o = classify(status)
	}
	if status == "" {
		status = "failed"
	}
	cells[compile.CellStatus] = []byte(status)
	if !begins(cells[compile.CellMetadata], '{') {
		cells[compile.CellMetadata] = []byte("{}")
	}
	if o.success {
		cells[compile.CellLabel] = []byte(schema.SuccessLabel)
		cells[compile.CellCascade] = cascade(cells[compile.CellCascade])
		return true
	}
	cells[compile.CellLabel] = []byte(schema.ErrorLabel)
	cells[compile.CellCode] = strconv.AppendInt(nil, int64(o.code), 10)
	cells[compile.CellErrors] = errorsOf(cells, o)
	return false
}

// judgeWide reads the form that says in columns of their own what a status says in words.
func judgeWide(cells [][]byte, succeeded bool) (outcome, string) {
	class, detail := strings.ToLower(string(cells[compile.CellErrorClass])), string(cells[compile.CellDetail])
	status := detail
	if succeeded {
		if status == "" {
			status = "success"
		}
		return outcome{success: true}, status
	}
	o := outcome{code: codeOf(class), identifier: detail}
	if http, err := strconv.Atoi(string(cells[compile.CellHTTPStatus])); err == nil && http >= 400 {
		o.code = http
	}
	if o.code == 0 {
		o.code = 500
	}
	switch {
	case detail != "":
	case class != "":
		status, o.identifier = "failed:"+class, class
	default:
		status, o.identifier = "failed", general
	}
	return o, status
}

// errorsOf gives the errors as the function lists them, or else one that is made of its status.
func errorsOf(cells [][]byte, o outcome) []byte {
	detail := cells[compile.CellErrorDetail]
	for _, list := range [...][]byte{member(cells[compile.CellMetadata], "errors"), detail, member(detail, "errors")} {
		if isList(list) {
			return errorObjects(list)
		}
	}
	out := append([]byte(`[{"code":`), strconv.Itoa(o.code)...)
	out = jsonw.AppendString(append(out, `,"identifier":`...), o.identifier)
	out = append(out, `,"message":`...)
	if message := cells[compile.CellMessage]; message != nil {
		out = jsonw.AppendString(out, message)
	} else {
		out = append(out, "null"...)
	}
	out = append(out, `,"details":`...)
	if jsonw.IsNull(detail) {
		detail = []byte("null")
	}
	return append(append(out, detail...), "}]"...)
}

// errorObjects is a list of errors as it stands, but that a text in it is an error's message, and any other value that is no
// object its details.
func errorObjects(list []byte) []byte {
	out, same := []byte{'['}, true
	cur := jsonw.At(list)
	for cur.Enter(); cur.More(); {
		if len(out) > 1 {
			out = append(out, ',')
		}
		kind := cur.Kind()
		item := cur.Value()
		switch kind {
		case '{':
			out = append(out, item...)
			continue
		case '"':
			out = append(append(append(out, `{"message":`...), item...), '}')
		default:
			out = append(append(append(out, `{"details":`...), item...), '}')
		}
		same = false
	}
	if same {
		return list
	}
	return append(out, ']')
}

// begins tells whether a JSON value is there and of a kind.
func begins(token []byte, kind byte) bool {
	cur := jsonw.At(token)
	return token != nil && cur.Kind() == kind
}

// isList tells a JSON list that has something in it.
func isList(token []byte) bool {
	if !begins(token, '[') {
		return false
	}
	cur := jsonw.At(token)
	cur.Enter()
	return cur.More()
}

// member finds a key of a JSON object, or nil.
func member(token []byte, key string) []byte {
	if !begins(token, '{') {
		return nil
	}
	cur := jsonw.At(token)
	for cur.Enter(); cur.More(); {
		found := string(cur.Key()) == key
		if value := cur.Value(); found {
			return value
		}
	}
	return nil
}

// cascadeLists are the parts of a cascade that are never null.
var cascadeLists = [...]string{"updated", "deleted", "invalidations"}

// cascade brings what a function tells of other changes into one spelling, and gives it the lists that it leaves out.
func cascade(token []byte) []byte {
	if !begins(token, '{') {
		return nil
	}
	out := respell([]byte{}, token, 0)
	for _, list := range cascadeLists {
		if jsonw.IsNull(member(out, list)) {
			comma := ","
			if string(out) == "{}" {
				comma = ""
			}
			out = append(out[:len(out)-1], comma+`"`+list+`":[]}`...)
		}
	}
	return out
}

// respell writes the keys query_name and affected_count as queryName and affectedCount; entities stay as they are.
func respell(dst, token []byte, depth int) []byte {
	cur := jsonw.At(token)
	first := true
	comma := func() {
		if !first {
			dst = append(dst, ',')
		}
		first = false
	}
	switch kind := cur.Kind(); {
	case kind == '{':
		dst = append(dst, '{')
		for cur.Enter(); cur.More(); {
			key := string(cur.Key())
			value := cur.Value()
			if depth == 0 && jsonw.IsNull(value) {
				continue
			}
			comma()
			if key == "entity" {
				dst = append(append(dst, `"entity":`...), value...)
				continue
			}
			dst = append(append(append(dst, '"'), camelKey(key)...), `":`...)
			dst = respell(dst, value, depth+1)
		}
		return append(dst, '}')
	case kind == '[':
		dst = append(dst, '[')
		for cur.Enter(); cur.More(); {
			comma()
			dst = respell(dst, cur.Value(), depth+1)
		}
		return append(dst, ']')
	}
	return append(dst, token...)
}

func camelKey(key string) string {
	head := len(key) - len(strings.TrimLeft(key, "_"))
	out := []byte(key[:head])
	upper := false
	for _, c := range []byte(key[head:]) {
		switch {
		case c == '_':
			upper = true
		case upper && c >= 'a' && c <= 'z':
			out, upper = append(out, c-'a'+'A'), false
		default:
			out, upper = append(out, c), false
		}
	}
	return string(out)
}
