package compile

// arrayLiteral writes PostgreSQL's text form of an array.
// Source: PostgreSQL documentation, section 8.15.6.
type arrayLiteral struct{ dst []byte }

func (a *arrayLiteral) open() { a.dst = append(a.dst, '{') }

func (a *arrayLiteral) close() { a.dst = append(a.dst, '}') }

func (a *arrayLiteral) comma() { a.dst = append(a.dst, ',') }

func (a *arrayLiteral) null() { a.dst = append(a.dst, "NULL"...) }

func (a *arrayLiteral) element(text []byte) {
	a.dst = append(a.dst, '"')
	for _, c := range text {
		if c == '"' || c == '\\' {
			a.dst = append(a.dst, '\\')
		}
		a.dst = append(a.dst, c)
	}
	a.dst = append(a.dst, '"')
}
