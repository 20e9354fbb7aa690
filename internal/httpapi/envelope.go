package httpapi

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/internal/jsonw"
)

type rawJSON = json.RawMessage

// readEnvelope reads the body of a POST: an object with query or an id of it, operationName, variables and extensions; other
// keys are ignored, of a key that stands twice the last one counts. Variables points into body; Extensions, which a context
// may keep for longer, does not. The whole body is known to be well-formed JSON in UTF-8 afterwards.
func readEnvelope(body []byte, into *gqlop.Request) (wrong *fault.Error, at stage) {
	if !utf8.Valid(body) {
		return fault.New(fault.BadUserInput, "the body is not UTF-8"), atTransport
	}
	s := scanner{b: body}
	var query []byte // the token
	kind := s.kind()
	if kind == '{' {
		s.next()
		wrong = readMembers(&s, into, &query)
	} else {
		s.value(0)
	}
	s.finish()
	switch {
	case s.reason != "":
		return s.fault("the body"), atTransport
	case kind == '[':
		return fault.New(fault.BadUserInput, "the body is a list: batches are not served, send each request by itself"), atEnvelope
	case kind != '{':
		return fault.New(fault.BadUserInput, "the body is %s: send an object with query", kindName(kind)), atEnvelope
	case wrong != nil:
		return wrong, atEnvelope
	}
	if wrong := readPersisted(into); wrong != nil {
		return wrong, atEnvelope
	}
	switch {
	case query != nil:
		into.Query = text(query)
	case into.DocumentID == "":
		return fault.New(fault.BadUserInput, `the body has no "query": send the document in it`), atEnvelope
	}
	into.Extensions = bytes.Clone(into.Extensions)
	return nil, 0
}

// readMembers reads the members of the body's object. The first one of a wrong kind is reported, but reading goes on: JSON
// that is malformed further behind is the graver error.
func readMembers(s *scanner, into *gqlop.Request, query *[]byte) (wrong *fault.Error) {
	for first := true; s.member(first); first = false {
		key := s.key()
		if s.reason != "" {
			return wrong
		}
		kind := s.kind()
		start := s.at
		s.value(1)
		if s.reason != "" {
			return wrong
		}
		token := s.b[start:s.at:s.at]
		var fits bool
		switch {
		case isKey(key, "query"):
			if fits = kind == '"'; fits {
				*query = token
			}
		case isKey(key, "operationName"):
			into.OperationName, fits = textOrNull(token, kind)
		case isKey(key, "documentId"):
			into.DocumentID, fits = textOrNull(token, kind)
		case isKey(key, "variables"):
			into.Variables, fits = object(token, kind)
		case isKey(key, "extensions"):
			into.Extensions, fits = object(token, kind)
		default:
			continue
		}
		if !fits && wrong == nil {
			wrong = wrongKind(text(key), kind)
		}
	}
	return wrong
}

func wrongKind(name string, kind byte) *fault.Error {
	wanted := "an object"
	switch name {
	case "query":
		wanted = "a string"
	case "operationName", "documentId":
		wanted = "a string or null"
	}
	return fault.New(fault.BadUserInput, "%q is %s: it must be %s", name, kindName(kind), wanted)
}

// textOrNull takes a string, and null as the empty one.
func textOrNull(token []byte, kind byte) (s string, fits bool) {
	if kind == '"' {
		return text(token), true
	}
	return "", kind == 'n'
}

// object takes an object as it stands, and null as nothing.
func object(token []byte, kind byte) (raw rawJSON, fits bool) {
	switch kind {
	case '{':
		return token, true
	case 'n':
		return nil, true
	}
	return nil, false
}

// readParameter reads a parameter of the URL that holds a JSON object or null, in UTF-8.
func readParameter(name, value string) (raw rawJSON, wrong *fault.Error, at stage) {
	b := []byte(value)
	s := scanner{b: b}
	kind := s.kind()
	start := s.at
	s.value(0)
	end := s.at
	s.finish()
	if s.reason != "" {
		return nil, s.fault("the parameter \"" + name + "\""), atTransport
	}
	raw, fits := object(b[start:end], kind)
	if !fits {
		return nil, wrongKind(name, kind), atEnvelope
	}
	return raw, nil, 0
}

// isKey compares a string token with a plain name.
func isKey(token []byte, name string) bool {
	if string(token[1:len(token)-1]) == name {
		return true
	}
	return bytes.IndexByte(token, '\\') >= 0 && text(token) == name
}

// text gives what a string token stands for, as a string of its own.
func text(token []byte) string {
	if bytes.IndexByte(token, '\\') >= 0 {
		return string(jsonw.AppendUnquoted(make([]byte, 0, len(token)), token))
	}
	return string(token[1 : len(token)-1])
}

func kindName(kind byte) string {
	switch kind {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "a number"
}
