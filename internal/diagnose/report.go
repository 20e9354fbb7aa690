package diagnose

import (
	"cmp"
	"slices"
	"strconv"
)

// Severity says how much a finding matters.
type Severity string

// The severities. An Error is wrong now: rows are shown that should not be, or the app cannot serve. A Warning will be,
// under load or with the next deploy. A Note is good to know.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
)

func (s Severity) rank() int { return slices.Index([]Severity{Error, Warning, Note}, s) }

// Finding is one thing that was found.
type Finding struct {
	Severity Severity `json:"severity"`
	Code     string   `json:"code"`     // stable, for programs: rls-view-owner
	Object   string   `json:"object"`   // what it is about: view public.v_order
	Message  string   `json:"message"`  // what is the matter with it, in a sentence
	Evidence []string `json:"evidence"` // what was measured or read
	Source   string   `json:"source"`   // where that stands: catalog relations, or the statement that was explained
	Cure     string   `json:"cure"`     // what to do
	Paste    []string `json:"paste"`    // the same as SQL statements or flags, one each; empty where there is nothing to paste
}

// Checked tells what one check looked at, whether it found something or not.
type Checked struct {
	Check  string `json:"check"`  // budget, server, catalog, row security, indexes, documents
	Things int    `json:"things"` // how many were looked at
	What   string `json:"what"`   // of what kind
}

// Server is what was asked.
type Server struct {
	Version  string `json:"version"` // 15.18
	Database string `json:"database"`
	Role     string `json:"role"`
}

// Report is what a run found.
type Report struct {
	Server   Server    `json:"server"`
	Checked  []Checked `json:"checked"`
	Findings []Finding `json:"findings"` // the worst first
	Errors   int       `json:"errors"`
	Warnings int       `json:"warnings"`
	Notes    int       `json:"notes"`
}

// Worst is the severity of the worst finding; empty when there is none.
func (r *Report) Worst() Severity {
	if len(r.Findings) == 0 {
		return ""
	}
	return r.Findings[0].Severity
}

func (r *Report) add(f Finding) {
	f.Evidence, f.Paste = append([]string{}, f.Evidence...), append([]string{}, f.Paste...) // never null as JSON
	r.Findings = append(r.Findings, f)
}

func (r *Report) checked(check string, things int, what string) {
	r.Checked = append(r.Checked, Checked{Check: check, Things: things, What: what})
}

// finish puts the worst first; findings of one severity keep their order.
func (r *Report) finish() {
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return cmp.Compare(a.Severity.rank(), b.Severity.rank()) })
	for _, f := range r.Findings {
		switch f.Severity {
		case Error:
			r.Errors++
		case Warning:
			r.Warnings++
		case Note:
			r.Notes++
		}
	}
}

// count writes a number with the thing that is counted.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
