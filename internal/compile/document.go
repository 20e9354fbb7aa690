package compile

import (
	"bytes"

	"github.com/fraiseql/fraiseql-go/internal/jsonw"
	"github.com/fraiseql/fraiseql-go/schema"
)

// appendDocument writes a value as the JSON document that a database function takes: keys are the database's names, those that
// were not sent are not there, null is null, and nothing inside a value of the type JSON is touched.
func (v *val) appendDocument(dst []byte, leaves []leaf) []byte {
	switch v.kind {
	case absentVal, nullVal:
		return append(dst, "null"...)
	case listVal:
		dst = append(dst, '[')
		for i, item := range v.items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = item.appendDocument(dst, leaves)
		}
		return append(dst, ']')
	case objectVal:
		dst = append(dst, '{')
		first := true
		for _, m := range v.fields {
			if m.val.kind == absentVal {
				continue
			}
			if !first {
				dst = append(dst, ',')
			}
			first = false
			dst = append(jsonw.AppendString(dst, columnOf(v.ref.Base(), m.name)), ':')
			dst = m.val.appendDocument(dst, leaves)
		}
		return append(dst, '}')
	}
	plain := v.plain
	if v.leaf > 0 {
		plain = leaves[v.leaf-1].plain
	}
	if v.ref.Elem != nil {
		return appendDocumentList(dst, v.ref, plain)
	}
	return appendDocumentScalar(dst, v.ref.Named, plain)
}

// columnOf is the database's name of an input's field.
func columnOf(t *schema.Type, field string) string {
	if f := t.Field(field); f != nil && f.Key != "" {
		return f.Key
	}
	return schema.ColumnName(field)
}

// appendDocumentList writes a list of scalars that was sent as one JSON list.
func appendDocumentList(dst []byte, ref *schema.Ref, plain []byte) []byte {
	dst = append(dst, '[')
	cur := jsonw.At(plain)
	first := true
	for cur.Enter(); cur.More(); {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		token := cur.Value()
		switch elem := ref.Elem; {
		case elem.Elem != nil && !jsonw.IsNull(token):
			dst = appendDocumentList(dst, elem, token)
		case jsonw.IsNull(token), elem.Named.Name == "JSON":
			dst = append(dst, token...)
		default:
			if token[0] == '"' {
				token = jsonw.AppendUnquoted(nil, token)
			}
			dst = appendDocumentScalar(dst, elem.Named, token)
		}
	}
	return append(dst, ']')
}

// appendDocumentScalar writes a scalar as PostgreSQL would write it into a document.
func appendDocumentScalar(dst []byte, t *schema.Type, plain []byte) []byte {
	if t.Kind == schema.Enum {
		if v, ok := t.Value(string(plain)); ok {
			plain = []byte(v.Label)
		}
		return jsonw.AppendString(dst, plain)
	}
	switch t.Underlying().Name {
	case "Int", "Float", "Boolean", "JSON":
		return append(dst, plain...)
	case "BigInt", "Decimal":
		if numberForm.Match(plain) {
			return append(dst, plain...)
		}
	case "Bytes":
		if t.As == nil {
			if text, err := scalar(t, stringToken, plain); err == nil {
				plain = text
			}
		}
	}
	return jsonw.AppendString(dst, plain)
}

// appendRenamed writes JSON of any shape with every key turned into the name of a column.
func appendRenamed(dst, token []byte) []byte {
	cur := jsonw.At(token)
	switch cur.Kind() {
	case '{':
		dst = append(dst, '{')
		first := true
		for cur.Enter(); cur.More(); {
			if !first {
				dst = append(dst, ',')
			}
			first = false
			key := cur.Key()
			if bytes.IndexByte(key, '\\') >= 0 {
				key = jsonw.AppendUnquoted(nil, append(append([]byte{'"'}, key...), '"'))
			}
			dst = append(jsonw.AppendString(dst, schema.ColumnName(string(key))), ':')
			dst = appendRenamed(dst, cur.Value())
		}
		return append(dst, '}')
	case '[':
		dst = append(dst, '[')
		first := true
		for cur.Enter(); cur.More(); {
			if !first {
				dst = append(dst, ',')
			}
			first = false
			dst = appendRenamed(dst, cur.Value())
		}
		return append(dst, ']')
	}
	return append(dst, token...)
}
