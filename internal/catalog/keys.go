package catalog

import "slices"

// Annotation is what one marker can say. [Annotations] has them all.
type Annotation struct {
	Marker string // the word behind @fraiseql:
	Keys   []Key  // in the order in which messages name them
}

// Key is a key of an annotation, or of a mapping inside one.
type Key struct {
	Name    string
	Form    string // what may stand behind it: text, name, …
	Meaning string // in one sentence, or two
	Default string // what holds without it; empty: nothing, since it must be there
	Example string // a line of the annotation that has it, in YAML

	// Named says that the keys of its mapping are names that the comment chooses, and each holds a mapping of Keys. Otherwise
	// Keys are those of the mapping itself.
	Named bool
	Keys  []Key
}

// The forms of keys. Only a text goes on over spaces where an annotation stands in one line.
const (
	formOfText    = "text"
	formOfName    = "name"
	formOfType    = "type"
	formOfNames   = "name, or list of names"
	formOfMapping = "mapping"
	formOfBoolean = "`true` or `false`"
	formOfQuery   = "name, `true` or `false`"
)

// Annotations lists the markers with all keys that they take. The same tables read them, so it is complete.
func Annotations() []Annotation {
	abstract := slices.Concat(typeKeys, abstractKeys).told()
	return []Annotation{
		{Marker: "type", Keys: typeKeys.told()},
		{Marker: "interface", Keys: abstract},
		{Marker: "union", Keys: abstract},
		{Marker: "field", Keys: fieldKeys.told()},
		{Marker: "mutation", Keys: functionKeys.told()},
	}
}

// keys are those of a mapping that is read into an N. What they mean stands beside what reads them, so that none is read and
// not told, or told and not read.
type keys[N any] []key[N]

type key[N any] struct {
	Key
	read func(*N, entry) error
}

// read takes all keys of a mapping, and refuses those that are not among them.
func (ks keys[N]) read(m mapping, n *N) error {
	return m.each(ks.names(), func(k entry) error { return ks.find(k.name).read(n, k) })
}

// find gives the key of a name, or nil.
func (ks keys[N]) find(name string) *key[N] {
	if i := slices.IndexFunc(ks, func(k key[N]) bool { return k.Name == name }); i >= 0 {
		return &ks[i]
	}
	return nil
}

func (ks keys[N]) names() []string {
	names := make([]string, 0, len(ks))
	for _, k := range ks {
		names = append(names, k.Name)
	}
	return names
}

func (ks keys[N]) told() []Key {
	told := make([]Key, 0, len(ks))
	for _, k := range ks {
		told = append(told, k.Key)
	}
	return told
}

// into reads a value into its place in an N.
func into[N, T any](place func(*N) *T, value func(entry) (T, error)) func(*N, entry) error {
	return func(n *N, k entry) (err error) {
		*place(n), err = value(k)
		return err
	}
}
