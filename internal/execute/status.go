package execute

import "strings"

// outcome is what the status of a function means.
type outcome struct {
	success    bool
	code       int    // of an error: what HTTP would call it
	identifier string // of an error: what programs know it by
}

// general is the identifier of an error that has no word of its own.
const general = "general_error"

// classify reads a status of either spelling: not_found:user, failed:not_found.
func classify(status string) outcome {
	word, rest, more := strings.Cut(strings.ToLower(strings.TrimSpace(status)), ":")
	word, rest = strings.TrimSpace(word), strings.TrimSpace(rest)
	switch word {
	case "success", "new", "created", "updated", "deleted":
		return outcome{success: true}
	}
	o := outcome{code: 500, identifier: rest}
	switch kind, _, _ := strings.Cut(rest, ":"); {
	case word == "failed" && codeOf(kind) != 0 && kind != "noop":
		o.code = codeOf(kind)
	case codeOf(word) != 0:
		o.code = codeOf(word)
		if !more {
			o.identifier = word
		}
	}
	if o.identifier == "" {
		o.identifier = general
	}
	return o
}

// codeOf gives the code of a word that statuses begin with, or of an error class; 0: it has none.
func codeOf(word string) int {
	switch word {
	case "noop", "validation":
		return 422
	case "not_found":
		return 404
	case "unauthorized":
		return 401
	case "forbidden":
		return 403
	case "conflict":
		return 409
	case "timeout":
		return 408
	}
	return 0
}
