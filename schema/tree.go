package schema

// Tree tells of a field that it names rows whose place in a tree is known by a path of labels.
type Tree struct {
	Of   *Type   // whose rows are named
	Key  *Field  // their key
	Path *Column // of type ltree
}
