package execute

// Explain and Changed are tested from outside.
var (
	Explain = explain
	Changed = changed
)

// RangeParts gives the parts of a range of texts, as JSON.
func RangeParts(text []byte) ([]string, error) {
	r, err := readRange(text)
	if err != nil {
		return nil, err
	}
	var parts []string
	for _, name := range [...]string{"lower", "upper", "includesLower", "includesUpper", "isEmpty"} {
		part := r.part(name, false)
		if part == nil {
			part = []byte("null")
		}
		parts = append(parts, string(part))
	}
	return parts, nil
}
