package cli

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/fraiseql/fraiseql-go/internal/ramp"
)

const (
	stepRow  = "%10s %10s %9s %9s %9s %9s %10s %8s %9s  %s\n"
	lineEnds = 3 // kinds of errors that a line of the table names
)

var stepHead = strings.TrimRight(fmt.Sprintf(stepRow, "offered/s", "achieved/s", "p50", "p95", "p99", "failed", "pool wait", "waited", "use", ""), " \n")

// stepLine is a step in the table.
func stepLine(s ramp.Step) string {
	wait, waited, use := "-", "-", "-"
	if s.Pool != nil {
		wait, waited, use = ramp.Short(s.Pool.MeanWait), ramp.Percent(s.Pool.Waited), ramp.Short(s.Pool.MeanUse)
	}
	var notes []string
	if s.Cut {
		notes = append(notes, "cut short")
	}
	for i, e := range s.Errors {
		if i == lineEnds {
			notes = append(notes, "…")
			break
		}
		notes = append(notes, fmt.Sprintf("%d × %s %s", e.Count, e.Kind, e.Name))
	}
	line := fmt.Sprintf(stepRow, ramp.Number(s.Offered), ramp.Number(s.Achieved), ramp.Short(s.P50), ramp.Short(s.P95), ramp.Short(s.P99),
		fmt.Sprint(s.Failed), wait, waited, use, strings.Join(notes, ", "))
	return strings.TrimRight(line, " \n")
}

// colourOf marks a step in which requests failed, and one that was cut short.
func colourOf(s ramp.Step) string {
	switch {
	case s.Failed > 0:
		return red
	case s.Cut:
		return yellow
	}
	return ""
}

// progress is a bar on a terminal, and nothing elsewhere.
type progress struct{ bar *progressbar.ProgressBar }

// bar goes to standard error, so that the table can be kept in a file. It is left away where the terminal cannot move back.
func (p *program) bar(f *benchFlags) progress {
	file, ok := p.err.(*os.File)
	if !ok {
		return progress{}
	}
	if info, err := file.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return progress{}
	}
	for _, line := range p.environ {
		if line == "TERM=dumb" {
			return progress{}
		}
	}
	return progress{progressbar.NewOptions64(f.duration.Milliseconds(),
		progressbar.OptionSetWriter(p.err), progressbar.OptionSetDescription("loading, at most "+f.duration.String()),
		progressbar.OptionSetPredictTime(false), progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish())}
}

func (b progress) at(elapsed time.Duration) {
	if b.bar != nil {
		_ = b.bar.Set64(min(elapsed.Milliseconds(), b.bar.GetMax64()-1)) // a bar that cannot be drawn is no reason to stop
	}
}

func (b progress) clear() {
	if b.bar != nil {
		_ = b.bar.Clear()
	}
}
