package schema

import "slices"

// Possible is an object that a value of an interface or a union can be.
type Possible struct {
	Type   *Type
	Labels []string // the label's values that stand for it
	// By leads from the row to the object's own row, in another source. Empty: the object is in the same row or the same
	// JSON object; of an interface without a source its row is found by the key that a global id holds.
	By []Join
}

// Only keeps the rows of a source that a label says to be of a type.
type Only struct {
	Label  *Field
	Labels []string
}

// Composite tells whether fields are selected on values of the type; a range is none, whose parts make one value.
func (t *Type) Composite() bool {
	return t.Abstract() || t.Kind == Object && t.Range == ""
}

// Abstract tells whether a value of the type is of one of several objects.
func (t *Type) Abstract() bool { return t.Kind == Interface || t.Kind == Union }

// Is tells whether a value of an object can stand where the type is asked for.
func (t *Type) Is(object *Type) bool {
	return t == object || slices.ContainsFunc(t.Possible, func(p *Possible) bool { return p.Type == object })
}
