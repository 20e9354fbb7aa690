package schema

// Measure is a value that is computed over many rows.
type Measure struct {
	Kind MeasureKind
	Of   *Field // the rows' field that it is computed from; nil for RowCount and Measures
}

// MeasureKind says how a value is made of many rows.
type MeasureKind uint8

// The kinds of measures. Rows where the field is null count for none but RowCount and GroupKey.
const (
	RowCount      MeasureKind = iota + 1
	DistinctCount             // how many different values there are
	Sum
	Avg
	Min
	Max
	GroupKey // the value that all rows of a group share; null when the groups were made without the field
	Measures // an object whose fields are measures
)
