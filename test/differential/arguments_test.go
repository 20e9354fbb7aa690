package differential_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"pgregory.net/rapid"
)

// arguments writes those of a field. One response name of one type mostly keeps its arguments, so that fields merge.
func (a *writer) arguments(t *selectable, f selectField, alias string) string {
	if len(f.Args) == 0 || f.Type == "Broken" {
		return ""
	}
	key := a.schema.families[t.Name] + " " + f.Name + " " + alias
	if known, ok := a.args[key]; ok && !a.one(25, "other arguments") {
		for _, v := range variables.FindAllString(known, -1) {
			a.uses[v] = true
		}
		return known
	}
	var args []string
	give := func(name, value string) { args = append(args, name+": "+value) }
	for _, arg := range f.Args {
		required := strings.HasSuffix(arg.Type, "!")
		if !required && !a.one(3, "argument") {
			continue
		}
		switch {
		case arg.Name == "limit", arg.Name == "offset", arg.Name == "at", arg.Name == "n", arg.Name == "times":
			give(arg.Name, a.number(arg.Type))
		case arg.Name == "id":
			give("id", a.id())
		case arg.Name == "word":
			give("word", a.word())
		case arg.Name == "where" && len(a.numbers[f.Type]) > 0:
			give("where", a.condensed(arg.Type, func(literal bool) string { return a.where(f.Type, 2, literal) }))
		case arg.Name == "orderBy" && len(a.numbers[f.Type]) > 0:
			give("orderBy", a.condensed(arg.Type, func(literal bool) string { return a.order(f.Type, literal) }))
		}
	}
	text := ""
	if len(args) > 0 {
		text = "(" + strings.Join(args, ", ") + ")"
	}
	a.args[key] = text
	return text
}

var variables = regexp.MustCompile(`\$[A-Za-z_][A-Za-z_0-9]*`)

// number is a small whole number: a literal or a variable of any sort that may stand there.
func (a *writer) number(sdl string) string {
	n := a.upTo(4, "number")
	required := strings.HasSuffix(sdl, "!")
	if a.one(2, "literal") {
		if !required && a.one(8, "null") {
			return "null"
		}
		return strconv.Itoa(n)
	}
	name := fmt.Sprintf("$n%d", a.upTo(1, "variable"))
	if required {
		name += "r"
	}
	return a.use(name, func() *variable {
		v := &variable{value: n, sent: true}
		switch a.upTo(3, "sort of variable") {
		case 0:
			v.declaration = "Int!"
		case 1:
			v.declaration = fmt.Sprintf("Int = %d", a.upTo(3, "default"))
			v.sent = rapid.Bool().Draw(a.r, "sent")
			if a.one(4, "null") {
				v.value = nil
			}
		case 2:
			v.declaration = "Int! = 2"
			v.sent = rapid.Bool().Draw(a.r, "sent")
		default:
			v.declaration = "Int"
			if required {
				v.declaration = "Int!"
				break
			}
			v.sent = rapid.Bool().Draw(a.r, "sent")
			if a.one(3, "null") {
				v.value = nil
			}
		}
		if a.one(20, "wrong type") {
			v.value, v.sent = "many", true
		}
		return v
	})
}

func (a *writer) id() string {
	n := a.upTo(6, "id")
	switch a.upTo(3, "sort of id") {
	case 0:
		return strconv.Itoa(n)
	case 1:
		return strconv.Quote(strconv.Itoa(n))
	case 2:
		return a.use("$id", func() *variable { return &variable{"ID!", n, true} })
	}
	return a.use("$key", func() *variable {
		v := &variable{fmt.Sprintf("ID = %d", n), strconv.Itoa(a.upTo(6, "id")), rapid.Bool().Draw(a.r, "sent")}
		if a.one(3, "null") {
			v.value = nil
		}
		return v
	})
}

func (a *writer) word() string {
	switch a.upTo(2, "word") {
	case 0:
		return `"a\u00e9\n"`
	case 1:
		return `"""block"""`
	}
	return a.use("$word", func() *variable {
		v := &variable{pick(a, []string{"String", "String!", `String = "d"`}, "type"), "☃", true}
		if v.declaration != "String!" {
			v.sent = rapid.Bool().Draw(a.r, "sent")
			if a.one(3, "null") {
				v.value = nil
			}
		}
		return v
	})
}

// condensed writes an input as a literal or as a variable, whose JSON is the literal with its names quoted.
func (a *writer) condensed(sdl string, write func(literal bool) string) string {
	if a.one(3, "as a variable") {
		name := "$" + strings.ToLower(strings.Trim(sdl, "[]!"))
		return a.use(name, func() *variable {
			return &variable{sdl, rawJSON(jsonNames.ReplaceAllString(write(false), `"$1"`)), !a.one(4, "absent")}
		})
	}
	return write(true)
}

var jsonNames = regexp.MustCompile(`\b([A-Za-z_][A-Za-z_0-9]*)\b`)

// rawJSON keeps JSON as it is.
type rawJSON string

func (j rawJSON) MarshalJSON() ([]byte, error) { return []byte(literals.Replace(string(j))), nil }

var literals = strings.NewReplacer(`"true"`, "true", `"false"`, "false", `"null"`, "null")

func (a *writer) where(t string, depth int, literal bool) string {
	if depth > 0 {
		sub := func() string { return a.where(t, depth-1, literal) }
		switch a.upTo(6, "junction") {
		case 0:
			return "{OR: [" + sub() + ", " + sub() + "]}"
		case 1:
			return "{AND: [" + sub() + ", " + sub() + "]}"
		case 2:
			return "{NOT: " + sub() + "}"
		case 3:
			return "{NOT: " + sub() + ", OR: [" + sub() + "]}"
		}
	}
	var conditions []string
	for range 1 + a.upTo(1, "conditions") {
		op := pick(a, []string{"eq", "neq", "gt", "gte", "lt", "lte", "in", "nin", "isNull"}, "operator")
		operand := func() string {
			if literal && a.one(4, "variable") {
				return a.use("$operand", func() *variable { return &variable{"Int!", a.upTo(2, "operand"), true} })
			}
			return strconv.Itoa(pick(a, []int{-7, 0, 1, 2, 3}, "operand"))
		}
		switch op {
		case "in", "nin":
			list := make([]string, a.upTo(2, "list"))
			for i := range list {
				list[i] = operand()
			}
			op += ": [" + strings.Join(list, ", ") + "]"
		case "isNull":
			op += ": " + pick(a, []string{"true", "false"}, "operand")
		default:
			op += ": " + operand()
		}
		conditions = append(conditions, op)
	}
	if len(conditions) == 2 && conditions[0][:2] == conditions[1][:2] {
		conditions = conditions[:1]
	}
	return "{" + pick(a, a.numbers[t], "field") + ": {" + strings.Join(conditions, ", ") + "}}"
}

func (a *writer) order(t string, _ bool) string {
	terms := make([]string, a.upTo(2, "terms"))
	for i := range terms {
		direction := pick(a, []string{"ASC", "DESC", "ASC_NULLS_FIRST", "ASC_NULLS_LAST", "DESC_NULLS_FIRST", "DESC_NULLS_LAST"}, "direction")
		terms[i] = "{" + pick(a, a.numbers[t], "field") + ": " + direction + "}"
	}
	return "[" + strings.Join(terms, ", ") + "]"
}

// introspection asks for parts of the schema. Descriptions are each server's own.
func (a *writer) introspection() string {
	a.mirror = true
	defer func() { a.mirror = false }()
	if a.one(2, "whole schema") {
		return a.alias("__schema", "s") + "__schema" + a.mirrored("__Schema", 0)
	}
	names := make([]string, 0, len(a.schema.Types)+3)
	for _, t := range a.schema.Types {
		if t.Name != "__Schema" { // the oracle's directives have an argument that the specification does not know yet
			names = append(names, t.Name)
		}
	}
	name := pick(a, append(names, "Int", "Float", "ID", "Boolean", "BigInt", "Hue", "SortDirection", "AntWhereInput", "AntOrderByInput", "NoSuchType"), "type")
	if a.one(3, "variable") {
		return a.alias("__type", "t") + "__type(name: " + a.use("$type", func() *variable { return &variable{"String!", name, true} }) + ")" + a.mirrored("__Type", 0)
	}
	return fmt.Sprintf("type%s: __type(name: %q)", name, name) + a.mirrored("__Type", 0)
}

// mirrored selects from a type of introspection, two lists deep at most.
func (a *writer) mirrored(t string, lists int) string {
	from := a.schema.types[t]
	items := []string{pick(a, []string{"__typename", map[bool]string{true: "name", false: "__typename"}[t != "__Schema"]}, "first")}
	for range 1 + a.upTo(3, "selections") {
		f := pick(a, from.Fields, "field")
		below := lists
		switch f.Name {
		case "description", "directives":
			continue
		case "fields", "interfaces", "possibleTypes", "inputFields", "types", "enumValues", "args":
			if below++; below > 2 {
				continue
			}
		}
		text := f.Name
		if len(f.Args) > 0 && a.one(2, "deprecated") {
			text = "all_" + f.Name + ": " + f.Name + "(includeDeprecated: true)"
		}
		text += a.directives()
		if !f.Leaf {
			text += a.mirrored(f.Type, below)
		}
		items = append(items, text)
	}
	return " { " + strings.Join(items, " ") + " }"
}

var tokens = regexp.MustCompile(`\$?[A-Za-z_][A-Za-z_0-9]*|"""[^"]*"""|"[^"]*"|-?[0-9]+|\.\.\.|\S`)

// spoil changes one token of a document: most often it is no longer valid.
func spoil(r *rapid.T, text string) string {
	all := tokens.FindAllStringIndex(text, -1)
	at := rapid.SampledFrom(all).Draw(r, "token")
	other := rapid.SampledFrom(all).Draw(r, "other token")
	switch rapid.IntRange(0, 2).Draw(r, "how") {
	case 0: // it is gone
		return text[:at[0]] + text[at[1]:]
	case 1: // another one stands in its place
		return text[:at[0]] + text[other[0]:other[1]] + text[at[1]:]
	}
	return text[:at[1]] + " " + text[at[0]:at[1]] + text[at[1]:] // it stands twice
}
