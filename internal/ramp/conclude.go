package ramp

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/fraiseql/fraiseql-go/pool"
)

// conclude computes the size of the pool from the greatest rate that was served, and says what kept it from being greater.
func (r *Report) conclude() {
	best, limit := -1, slowest(r.Steps)
	for i, s := range r.Steps {
		r.Steps[i].Served = s.served(limit)
		if r.Steps[i].Served && (best < 0 || s.Achieved > r.Steps[best].Achieved) {
			best = i
		}
	}
	switch {
	case len(r.Steps) == 0:
		r.Conclusion = "Nothing was measured, so no pool size can be told: it ended before the first answer; let it run for longer."
		return
	case r.Ended == Failing && best < 0:
		r.Conclusion = fmt.Sprintf("No pool size can be told: every request failed at %s requests/s (%s).", Number(r.Steps[len(r.Steps)-1].Offered), r.Steps[len(r.Steps)-1].failures())
		return
	case best < 0:
		r.Conclusion = fmt.Sprintf("No pool size can be told: already %s; begin with a lower --from.", r.limit(0))
		return
	}
	s := r.Steps[best]
	if s.Pool == nil || s.Pool.MeanUse <= 0 {
		r.Conclusion = fmt.Sprintf("No pool size can be told: %s requests/s were served within %s (95 of 100), but the pool's numbers are not known or the query leased no connection; %s.",
			Number(s.Achieved), Short(s.P95), r.limit(best+1))
		return
	}
	advice, err := pool.Advise(pool.Load{RequestsPerSecond: float64(s.Pool.Leases) / s.Elapsed.Seconds(), HoldTime: s.Pool.MeanUse})
	if err != nil {
		r.Conclusion = fmt.Sprintf("No pool size can be told: %s", err)
		return
	}
	r.Advice = &advice
	enough := "connections are"
	if advice.Size == 1 {
		enough = "connection is"
	}
	r.Conclusion = fmt.Sprintf("%d %s enough: at %s requests/s, the most that was served, with 95 of 100 answers within %s, a lease held its connection for %s, and leases waited for %s on average in the pool of %d; %s.",
		advice.Size, enough, Number(s.Achieved), Short(s.P95), Short(s.Pool.MeanUse), Short(s.Pool.MeanWait), s.Pool.Size, r.limit(best+1))
}

// limit says what kept the step from being served; there is none after the last.
func (r *Report) limit(i int) string {
	if i >= len(r.Steps) {
		return "nothing was saturated, so more may be possible"
	}
	s := r.Steps[i]
	at := fmt.Sprintf("at %s requests/s ", Number(s.Offered))
	longer := i > 0 && s.Pool != nil && r.Steps[i-1].Pool != nil && s.Pool.MeanUse > r.Steps[i-1].Pool.MeanUse*3/2
	switch {
	case s.Served:
		return at + "it was served too"
	case s.Failure() > mostFailed:
		return at + fmt.Sprintf("%s of the requests failed (%s)", Percent(s.Failure()), s.failures())
	case s.generatorLate():
		return at + fmt.Sprintf("the load generator fell behind: it sent requests %s late, so this machine was the limit", Short(s.Lateness))
	case longer:
		return at + fmt.Sprintf("a lease held its connection for %s: the database, or the machine that it is on, was the limit, and more connections do not help", Short(s.Pool.MeanUse))
	case s.Pool != nil && s.Pool.MeanWait > s.Pool.MeanUse/2:
		return at + fmt.Sprintf("leases queued for %s: the pool of %d was the limit", Short(s.Pool.MeanWait), s.Pool.MaxSize)
	}
	if !s.Saturated() {
		return at + fmt.Sprintf("95 of 100 answers took up to %s, and not for want of connections", Short(s.P95))
	}
	return at + fmt.Sprintf("only %s were answered, and not for want of connections", Number(s.Achieved))
}

// failures names the most frequent error.
func (s Step) failures() string {
	if len(s.Errors) == 0 {
		return "not told why"
	}
	return s.Errors[0].Kind + " " + s.Errors[0].Name
}

// Number writes a rate with three digits that matter.
func Number(x float64) string {
	if x == 0 {
		return "0"
	}
	unit := math.Pow(10, math.Min(math.Floor(math.Log10(math.Abs(x)))-2, 0))
	text := strconv.FormatFloat(x, 'f', max(0, int(math.Round(-math.Log10(unit)))), 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// Percent writes a share.
func Percent(x float64) string { return strconv.FormatFloat(100*x, 'f', 1, 64) + " %" }

// Short writes a duration with three digits that matter.
func Short(d time.Duration) string {
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit).String()
}
