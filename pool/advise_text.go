package pool

import (
	"fmt"
	"strings"
	"time"
)

// reasons say how the numbers came about; wanted is the overflow where there is room for it.
func (a *Advice) reasons(wanted int) []string {
	l := a.Load
	out := []string{fmt.Sprintf("%s requests/s × %v keep %s busy at once, on average (Little's law).",
		decimal(l.RequestsPerSecond), l.HoldTime, count(a.Busy, "connection"))}
	if l.Replicas > 1 {
		text := fmt.Sprintf("Each of %d replicas has %s of them.", l.Replicas, decimal(a.BusyPerReplica))
		if shared, ok := smallestSize(a.Busy, l.WaitProbability); ok && shared < l.Replicas*a.Size {
			text += fmt.Sprintf(" Together they keep %d connections where one pool for all would need %d: a small pool has less to share.", l.Replicas*a.Size, shared)
		}
		out = append(out, text)
	}
	out = append(out, fmt.Sprintf("%d is the smallest size at which at most %s of the requests wait for a connection: %s do (Erlang C).",
		a.Size, percent(l.WaitProbability), percent(a.WaitProbability)))
	switch {
	case a.MaxOverflow < wanted:
		out = append(out, fmt.Sprintf("The overflow for bursts is %s, for max_connections leaves no room for %d.", overflowWord(a.MaxOverflow), wanted))
	case wanted == leastOverflow:
		out = append(out, fmt.Sprintf("An overflow of %d carries the bursts of a small pool.", a.MaxOverflow))
	default:
		out = append(out, fmt.Sprintf("An overflow of %d, half of the size, carries bursts of one and a half times the load.", a.MaxOverflow))
	}
	if a.FitsWhileDeploying {
		out = append(out, fmt.Sprintf("%s fit into the %d that the server has for them (%s), and so do %d while a deploy runs old and new processes at once.",
			a.need(a.Total), a.Usable, a.origin(), a.TotalWhileDeploying))
	}
	return out
}

// warnings say what is wrong with the load, by what evidence, and the cure.
func (a *Advice) warnings() []string {
	l, out := a.Load, []string{}
	warn := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	const cure = "run fewer replicas, put PgBouncer in transaction mode in front, hold connections for less time, or raise max_connections"
	switch {
	case !a.Fits:
		warn("%s do not fit into the %d that the server has for them (%s): %s.", a.need(a.Total), a.Usable, a.origin(), cure)
	case !a.FitsWhileDeploying:
		warn("%s fit into the %d that the server has for them (%s), but %d do not while a deploy runs old and new processes at once: stop the old before the new start, or %s.",
			a.need(a.Total), a.Usable, a.origin(), a.TotalWhileDeploying, cure)
	}
	if cores := float64(l.Cores); l.Cores > 0 && a.Busy > busyPerCore*cores {
		warn("%s busy at once on %s: if they work there and do not only wait, the database cannot keep up, and more connections are not faster. Make the slow queries faster (EXPLAIN ANALYZE shows where their time goes), or give the database more cores.",
			count(a.Busy, "connection"), count(cores, "core"))
	} else if l.Cores > 0 && float64(a.Total) > totalPerCore*cores {
		warn("A burst can put %d connections to work on %s: they make each other slower there (measured on two cores, 10 connections gave 16,100 queries/s and 30 gave 9,800). Lower the overflow, or put PgBouncer in front of the replicas.",
			a.Total, count(cores, "core"))
	}
	if l.HoldTime >= longHold {
		warn("A request holds its connection for %v: halve that and half of the connections do. Look for slow queries, and for waits for something else than the database while a connection is held.", l.HoldTime)
	}
	if a.WaitProbability > 0 && a.P99Wait > time.Second {
		warn("One request in a hundred waits longer than %v for a connection: ask for a smaller share of waiting requests than %s.", a.P99Wait.Round(time.Millisecond), percent(l.WaitProbability))
	}
	return out
}

// need tells a total as a sum of its parts.
func (a *Advice) need(total int) string {
	if a.Load.Replicas == 1 {
		return fmt.Sprintf("%d connections", total)
	}
	return fmt.Sprintf("%d replicas × %d = %d connections", a.Load.Replicas, a.PerReplica, total)
}

func (a *Advice) origin() string {
	return fmt.Sprintf("max_connections %d − %d reserved", a.Load.MaxConnections, a.Load.Reserved)
}

func overflowWord(n int) string {
	if n == 0 {
		return "none"
	}
	return fmt.Sprintf("%d", n)
}

func count(n float64, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return decimal(n) + " " + noun
}

// percent writes a share with two digits that matter.
func percent(share float64) string {
	text := strings.TrimSuffix(fmt.Sprintf("%.2g", share*100), ".0")
	if strings.Contains(text, "e") {
		text = decimal(share * 100)
	}
	return text + " %"
}
