package schema

import "strings"

func (s *Schema) print() string {
	var b strings.Builder
	describe(&b, "", s.Description)
	b.WriteString("schema {\n  query: " + s.Query.Name + "\n")
	if s.Mutation != nil {
		b.WriteString("  mutation: " + s.Mutation.Name + "\n")
	}
	b.WriteString("}\n")
	for _, t := range s.sorted {
		if t.Kind == Scalar && isBuiltin(t.Name) {
			continue
		}
		b.WriteByte('\n')
		describe(&b, "", t.Description)
		switch t.Kind {
		case Scalar:
			b.WriteString("scalar " + t.Name)
			if t.SpecifiedBy != "" {
				b.WriteString(" @specifiedBy(url: " + quote(t.SpecifiedBy) + ")")
			}
			b.WriteByte('\n')
		case Enum:
			b.WriteString("enum " + t.Name + " {\n")
			for _, v := range t.Values {
				describe(&b, "  ", v.Description)
				b.WriteString("  " + v.Name + deprecation(v.Deprecated) + "\n")
			}
			b.WriteString("}\n")
		case Object:
			head := "type " + t.Name
			for i, of := range t.Interfaces {
				head += [...]string{" implements ", " & "}[min(i, 1)] + of.Name
			}
			printFields(&b, head, t.Fields)
		case Interface:
			printFields(&b, "interface "+t.Name, t.Fields)
		case Union:
			b.WriteString("union " + t.Name)
			for i, p := range t.Possible {
				b.WriteString([...]string{" = ", " | "}[min(i, 1)] + p.Type.Name)
			}
			b.WriteByte('\n')
		case Input:
			head := "input " + t.Name
			if t.OneOf {
				head += " @oneOf"
			}
			printFields(&b, head, t.Fields)
		}
	}
	return b.String()
}

func printFields(b *strings.Builder, head string, fields []*Field) {
	b.WriteString(head + " {\n")
	for _, f := range fields {
		if f.Hidden {
			continue
		}
		describe(b, "  ", f.Description)
		b.WriteString("  " + f.Name)
		if len(f.Args) > 0 {
			printArgs(b, f.Args)
		}
		b.WriteString(": " + f.Type.String())
		if f.Default != "" {
			b.WriteString(" = " + f.Default)
		}
		b.WriteString(deprecation(f.Deprecated) + "\n")
	}
	b.WriteString("}\n")
}

func printArgs(b *strings.Builder, args []*Field) {
	described := false
	for _, a := range args {
		described = described || a.Description != ""
	}
	open, between, end := "(", ", ", ")"
	if described {
		open, between, end = "(\n", "\n", "\n  )"
	}
	b.WriteString(open)
	for i, a := range args {
		if i > 0 {
			b.WriteString(between)
		}
		if described {
			describe(b, "    ", a.Description)
			b.WriteString("    ")
		}
		b.WriteString(a.Name + ": " + a.Type.String())
		if a.Default != "" {
			b.WriteString(" = " + a.Default)
		}
		b.WriteString(deprecation(a.Deprecated))
	}
	b.WriteString(end)
}

func deprecation(reason string) string {
	if reason == "" {
		return ""
	}
	return " @deprecated(reason: " + quote(reason) + ")"
}

// describe writes a description as a block string, whose only escape is \""".
func describe(b *strings.Builder, indent, text string) {
	if text == "" {
		return
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' }) {
		b.WriteString(indent + quote(text) + "\n")
		return
	}
	text = strings.ReplaceAll(text, `"""`, `\"""`)
	b.WriteString(indent + `"""`)
	if strings.Contains(text, "\n") || strings.HasSuffix(text, `"`) || strings.HasSuffix(text, `\`) {
		b.WriteByte('\n')
		for line := range strings.Lines(text) {
			b.WriteString(indent + strings.TrimRight(line, "\n") + "\n")
		}
		b.WriteString(indent + "\"\"\"\n")
		return
	}
	b.WriteString(text + "\"\"\"\n")
}

// quote writes a GraphQL string, whose escapes are those of JSON.
// Source: GraphQL specification, section 2.9.4.
func quote(text string) string {
	const hex = "0123456789abcdef"
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r < 0x20:
			b.WriteString(`\u00`)
			b.WriteByte(hex[r>>4])
			b.WriteByte(hex[r&15])
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func isBuiltin(name string) bool {
	switch name {
	case "Int", "Float", "String", "Boolean", "ID":
		return true
	}
	return false
}
