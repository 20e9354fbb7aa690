package compile

import (
	"github.com/fraiseql/fraiseql-go/internal/jsonw"
	"github.com/fraiseql/fraiseql-go/schema"
)

// valKind tells the states of an input value; absent and null differ.
type valKind uint8

const (
	absentVal valKind = iota
	nullVal
	leafVal // a scalar, an enum value, or a whole list of them
	listVal // a list of input objects, or of anything that holds a variable
	objectVal
)

// val is a coerced input value.
type val struct {
	kind valKind
	ref  *schema.Ref // the type that it was coerced to

	// A leaf's value. The text of a leaf that came from a variable belongs to one request: it
	// may become part of a statement only where the plan's shape holds it too (booleans, order
	// directions and enums that choose).
	text  []byte // as PostgreSQL reads it; of a list, an array literal
	plain []byte // as it was sent, without quotes, but of a scalar declared in Go as the database holds it; of a list, a JSON list
	leaf  int    // 1 + the index among the variables' leaves; 0: a literal of the document
	zero  bool   // a variable's value, in the plan's shape: see offsets

	items  []*val
	fields []member
}

type member struct {
	name string
	val  *val
}

var (
	absent     = &val{kind: absentVal}
	booleanRef = schema.Of(&schema.Type{Kind: schema.Scalar, Name: "Boolean"})
	stringRef  = schema.Of(&schema.Type{Kind: schema.Scalar, Name: "String"})
)

func (v *val) given() bool { return v.kind != absentVal && v.kind != nullVal }

// sent tells whether any part of a value came with the request.
func (v *val) sent() bool {
	for _, m := range v.fields {
		if m.val.sent() {
			return true
		}
	}
	for _, item := range v.items {
		if item.sent() {
			return true
		}
	}
	return v.leaf > 0
}

// member finds a field of an object value.
func (v *val) member(name string) *val {
	for _, m := range v.fields {
		if m.name == name {
			return m.val
		}
	}
	return absent
}

// appendJSON writes a value as JSON in the schema's names, for a Go resolver.
func (v *val) appendJSON(dst []byte, leaves []leaf) []byte {
	switch v.kind {
	case absentVal, nullVal:
		return append(dst, "null"...)
	case listVal:
		dst = append(dst, '[')
		for i, item := range v.items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = item.appendJSON(dst, leaves)
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
			dst = jsonw.AppendString(dst, m.name)
			dst = append(dst, ':')
			dst = m.val.appendJSON(dst, leaves)
		}
		return append(dst, '}')
	}
	plain := v.plain
	if v.leaf > 0 {
		plain = leaves[v.leaf-1].plain
	}
	if v.ref.Elem != nil {
		return append(dst, plain...)
	}
	return appendScalar(dst, v.ref.Named, plain)
}

// appendScalar writes a scalar that was sent as plain, as JSON.
func appendScalar(dst []byte, t *schema.Type, plain []byte) []byte {
	switch t.Underlying().Name {
	case "Int", "Float", "Boolean", "JSON":
		return append(dst, plain...)
	}
	return jsonw.AppendString(dst, plain)
}
