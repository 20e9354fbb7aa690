package docs_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// block is a fenced code block of a page.
type block struct {
	page     string // path of the page, from the root of the module
	line     int    // of its first line of code
	language string
	text     string
	marks    []mark
}

// mark is an HTML comment right above a block, which readers of the page do not see. It tells how to treat the block:
//
//	<!-- not run: why not -->     the reason for which it cannot run
//	<!-- output -->               what the block before it prints; … stands for anything, on a line of its own for lines
//	<!-- file: main.go -->        it is written into this file of the page's folder; SQL is also run
//	<!-- server -->               it goes on running, until the next server of the page starts or the page ends
//	<!-- stop -->                 the server is stopped before it
//	<!-- exit: 2 -->              a command of it ends with this code
//	<!-- setup: command -->       a command to run before it
//	<!-- example: blog -->        the database gets the SQL files of this example before it
//	<!-- variables -->            the variables, as JSON, of the query after it
//
// A block of graphql is sent to the page's server. The answer shown below it, as an output in json, may be laid out freely.
type mark struct{ name, value string }

func (b block) mark(name string) (string, bool) {
	for _, m := range b.marks {
		if m.name == name {
			return m.value, true
		}
	}
	return "", false
}

func (b block) where() string { return fmt.Sprintf("%s:%d", b.page, b.line) }

// isProgram tells whether a block of Go is a whole program.
func (b block) isProgram() bool {
	return b.language == "go" && strings.HasPrefix(strings.TrimSpace(b.text), "package main")
}

var (
	fence   = regexp.MustCompile("^( *)(`{3,}) *([^` ]*) *$")
	comment = regexp.MustCompile(`(?s)^<!-- (.*?) -->$`)
	known   = map[string]bool{"not run": true, "output": false, "file": true, "server": false, "stop": false, "exit": true, "setup": true, "example": true, "variables": false} // whether they have a value
)

// blocks finds the fenced blocks of a page and what is marked above them.
func blocks(page, text string) ([]block, error) {
	var all []block
	var marks []mark
	var faults []error
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSpace(lines[i])
		if strings.HasPrefix(line, "<!--") {
			first := i
			for !strings.HasSuffix(line, "-->") && i+1 < len(lines) {
				i++
				line += "\n" + lines[i]
			}
			m, err := parseMark(line)
			if err != nil {
				faults = append(faults, fmt.Errorf("%s:%d: %w", page, first+1, err))
			}
			marks = append(marks, m)
			continue
		}
		if strings.HasPrefix(line, "~~~") {
			faults = append(faults, fmt.Errorf("%s:%d: a block fenced by ~~~ is not seen by these tests: use ```", page, i+1))
		}
		open := fence.FindStringSubmatch(lines[i])
		if open == nil {
			if strings.HasPrefix(line, "```") {
				faults = append(faults, fmt.Errorf("%s:%d: the fence %q is not understood", page, i+1, line))
			}
			if line != "" {
				marks = nil
			}
			continue
		}
		indent, first := open[1], i+1
		var code strings.Builder
		closed := false
		for i++; i < len(lines); i++ {
			if strings.TrimSpace(lines[i]) == open[2] {
				closed = true
				break
			}
			code.WriteString(strings.TrimPrefix(lines[i], indent) + "\n")
		}
		if !closed {
			faults = append(faults, fmt.Errorf("%s:%d: the block has no end", page, first))
		}
		b := block{page, first + 1, open[3], code.String(), marks}
		marks = nil
		if err := b.check(); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", b.where(), err))
		}
		all = append(all, b)
	}
	return all, errors.Join(faults...)
}

func parseMark(text string) (mark, error) {
	inner := comment.FindStringSubmatch(text)
	if inner == nil {
		return mark{}, fmt.Errorf("the comment %q is not of the form <!-- mark --> or <!-- mark: value -->", text)
	}
	name, value, _ := strings.Cut(inner[1], ":")
	m := mark{strings.TrimSpace(name), strings.TrimSpace(value)}
	wanted, ok := known[m.name]
	switch {
	case !ok:
		return m, fmt.Errorf("the mark %q is not known", m.name)
	case wanted && m.value == "":
		return m, fmt.Errorf("the mark %q needs a value: <!-- %s: … -->", m.name, m.name)
	}
	return m, nil
}

// check refuses a block that no test would look at.
func (b block) check() error {
	if _, ok := b.mark("not run"); ok {
		return nil
	}
	_, output := b.mark("output")
	_, file := b.mark("file")
	switch b.language {
	case "go", "sh", "console", "sql", "toml", "graphql":
		return nil
	case "json":
		return nil // parsed when it is neither an output nor a file
	case "text":
		if output || file {
			return nil
		}
		return errors.New("a text block is the output of the block before it (<!-- output -->), a file, or <!-- not run: why not -->")
	}
	return fmt.Errorf("nothing is known about running %q: want one of %s, or <!-- not run: why not -->", b.language,
		"go, sh, console, sql, toml, graphql, json, text")
}

// command is a line of a console block with what it shows.
type command struct{ text, shown string }

// commands takes a console block apart. A command begins with "$ " and goes on in lines that begin with "> ", and behind
// a backslash; what follows is its output.
func (b block) commands() ([]command, error) {
	var all []command
	continued := false
	for line := range strings.Lines(b.text) {
		switch {
		case continued:
			all[len(all)-1].text += line
		case strings.HasPrefix(line, "$ "):
			all = append(all, command{text: strings.TrimPrefix(line, "$ ")})
		case len(all) > 0 && all[len(all)-1].shown == "" && strings.HasPrefix(line, "> "):
			all[len(all)-1].text += strings.TrimPrefix(line, "> ")
		case len(all) == 0:
			return nil, errors.New("a console block begins with a command: $ …")
		default:
			all[len(all)-1].shown += line
			continue
		}
		continued = strings.HasSuffix(strings.TrimRight(line, "\n"), `\`)
	}
	return all, nil
}

// compare tells how an output differs from the one shown, in which … stands for anything within a line, and alone on a
// line for any lines.
func compare(shown, got string) error {
	var pattern strings.Builder
	pattern.WriteString(`^`)
	for line := range strings.Lines(tidy(shown)) {
		line = strings.TrimRight(line, "\n")
		if strings.TrimSpace(line) == "…" {
			pattern.WriteString(`(?:.*\n)*`)
			continue
		}
		for i, part := range strings.Split(line, "…") {
			if i > 0 {
				pattern.WriteString(`.*`)
			}
			pattern.WriteString(regexp.QuoteMeta(part))
		}
		pattern.WriteString(`\n`)
	}
	pattern.WriteString(`$`)
	same, err := regexp.MatchString(pattern.String(), tidy(got))
	if err != nil {
		return err
	}
	if !same {
		return fmt.Errorf("the page shows\n%s\nand it prints\n%s", tidy(shown), tidy(got))
	}
	return nil
}

// compareJSON tells how an answer differs from the one shown, whatever their layouts. … stands for anything.
func compareJSON(shown, got string) error {
	parts := strings.Split(squeeze(shown), "…")
	for i, part := range parts {
		parts[i] = regexp.QuoteMeta(part)
	}
	same, err := regexp.MatchString(`^`+strings.Join(parts, `.*`)+`$`, squeeze(got))
	if err == nil && !same {
		err = fmt.Errorf("the page shows\n%s\nand the answer is\n%s", squeeze(shown), squeeze(got))
	}
	return err
}

// squeeze takes away the spaces outside of JSON's strings.
func squeeze(text string) string {
	var b strings.Builder
	inString, escaped := false, false
	for _, r := range text {
		switch {
		case inString:
			inString = escaped || r != '"'
			escaped = !escaped && r == '\\'
		case r == '"':
			inString = true
		case r == ' ' || r == '\n' || r == '\t' || r == '\r':
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// tidy takes away what is not seen: spaces at ends of lines, and empty lines at the end.
func tidy(text string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.Trim(text, "\n")) {
		b.WriteString(strings.TrimRight(line, " \t\r\n") + "\n")
	}
	return b.String()
}
