package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// report is the outcome of a run.
type report struct {
	Time    time.Time `json:"time"`
	Quick   bool      `json:"quick"`
	Cores   int       `json:"cores"`
	Go      string    `json:"go"`
	Pgx     string    `json:"pgx"`
	Commit  string    `json:"commit,omitempty"`
	Figures []result  `json:"figures"`
}

// result is what was found of one figure.
type result struct {
	Number   int       `json:"number"`
	Case     string    `json:"case"`
	Target   string    `json:"target"`
	Settings string    `json:"settings,omitempty"`
	Measured []finding `json:"measured"`
	Held     bool      `json:"held"`
	Late     bool      `json:"late,omitempty"` // only findings that depend on the machine's load were missed
	Peer     []string  `json:"pgxpool,omitempty"`
	LeftOut  bool      `json:"leftOut,omitempty"`
	Seconds  float64   `json:"seconds"`
}

// finding is one thing that was measured.
type finding struct {
	Text  string `json:"text"`
	Met   bool   `json:"met"`
	Timed bool   `json:"timed,omitempty"`
}

func (r *result) decide() {
	missed, exact := len(r.Measured) == 0, len(r.Measured) == 0
	for _, f := range r.Measured {
		missed = missed || !f.Met
		exact = exact || !f.Met && !f.Timed
	}
	r.Held, r.Late = !missed, missed && !exact
}

func (r result) verdict() string {
	switch {
	case r.LeftOut:
		return "left out"
	case r.Held:
		return "pass"
	case r.Late:
		return "MISS (time)"
	}
	return "MISS"
}

func newReport(quick bool) *report {
	r := &report{Time: time.Now().UTC().Truncate(time.Second), Quick: quick, Cores: runtime.NumCPU(), Go: runtime.Version()}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			if dep.Path == "github.com/jackc/pgx/v5" {
				r.Pgx = dep.Version
			}
		}
	}
	if out, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output(); err == nil { // absent outside a checkout
		r.Commit = strings.TrimSpace(string(out))
	}
	return r
}

func (r *report) printHeader(w io.Writer) {
	fmt.Fprintf(w, "figures of the pool, beside pgxpool of pgx %s, %s, %d cores, PostgreSQL on the same machine\n", r.Pgx, r.Go, r.Cores)
	fmt.Fprint(w, `pgxpool is set to what the pool has: MaxConns = size + overflow, MinConns = the warm size (size / 2), MaxConnIdleTime = the linger,
  MaxConnLifetime = the recycle age with a tenth of it as jitter, the same connect timeout, and that as PingTimeout. It has no level
  between, no limit of its own for a wait, and looks after idle connections every minute (HealthCheckPeriod, its default).
  Ours runs queries as compiled operations do (RawClean), since pgxpool resets no session.
`)
	if r.Quick {
		fmt.Fprintln(w, "quick: small sizes; a missed time is shown but does not count")
	}
}

func (r result) print(w io.Writer) {
	fmt.Fprintf(w, "\n%2d  %s: %s", r.Number, r.Case, r.verdict())
	if !r.LeftOut {
		fmt.Fprintf(w, "  (%.1f s)", r.Seconds)
	}
	fmt.Fprintf(w, "\n    target    %s\n", r.Target)
	if r.Settings != "" {
		fmt.Fprintf(w, "    with      %s\n", r.Settings)
	}
	for i, f := range r.Measured {
		label := "measured"
		if i > 0 {
			label = ""
		}
		mark := ""
		if !f.Met {
			mark = "   ← missed"
		}
		fmt.Fprintf(w, "    %-9s %s%s\n", label, f.Text, mark)
	}
	for i, text := range r.Peer {
		label := "pgxpool"
		if i > 0 {
			label = ""
		}
		fmt.Fprintf(w, "    %-9s %s\n", label, text)
	}
}

func (r *report) printSummary(w io.Writer) {
	held, measured := 0, 0
	var missed []string
	for _, f := range r.Figures {
		if f.LeftOut {
			continue
		}
		measured++
		if f.Held {
			held++
		} else {
			missed = append(missed, fmt.Sprint(f.Number))
		}
	}
	fmt.Fprintf(w, "\n%d of %d figures held", held, measured)
	if len(missed) > 0 {
		fmt.Fprintf(w, "; missed: %s", strings.Join(missed, ", "))
	}
	fmt.Fprintln(w)
}

// failed reports whether the run ends with an error.
func (r *report) failed() bool {
	for _, f := range r.Figures {
		if !f.LeftOut && !f.Held && !(r.Quick && f.Late) {
			return true
		}
	}
	return false
}

func (r *report) write(file string) error {
	text, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return fmt.Errorf("write the results: %w", err)
	}
	if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the results: %w", err)
	}
	return nil
}
