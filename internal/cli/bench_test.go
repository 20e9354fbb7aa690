//go:build unix

package cli_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/fraiseql/fraiseql-go/internal/ramp"
)

// page HTML JSON N holds a page of bench against what --json told: N steps, as many points on each curve, the same numbers.
func page(ts *testscript.TestScript, _ bool, args []string) {
	var report ramp.Report
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &report))
	n, err := strconv.Atoi(args[2])
	ts.Check(err)
	if len(report.Steps) != n {
		ts.Fatalf("%d steps: want %d", len(report.Steps), n)
	}
	found := readPage(ts, ts.ReadFile(args[0]))
	if found.conclusion != report.Conclusion {
		ts.Fatalf("the page says %q, and --json %q", found.conclusion, report.Conclusion)
	}
	for chart, curves := range map[string]int{"throughput": 2, "latency": 3, "pool": 1} {
		if got := found.points[chart]; len(got) != curves || slices.ContainsFunc(got, func(points int) bool { return points != n }) {
			ts.Fatalf("the curves of %s have %v points: want %d curves of %d", chart, got, curves, n)
		}
		if found.marks[chart] != curves*n {
			ts.Fatalf("%s has %d marks: want %d", chart, found.marks[chart], curves*n)
		}
	}
	var want []string
	for _, s := range report.Steps {
		want = append(want, ramp.Number(s.Offered), ramp.Number(s.Achieved), s.P50.String(), s.P95.String(), s.P99.String(),
			strconv.FormatInt(s.Good, 10), strconv.FormatInt(s.Failed, 10), s.Pool.MeanWait.String(), ramp.Percent(s.Pool.Waited), s.Pool.MeanUse.String(), "")
	}
	if !slices.Equal(found.cells, want) {
		ts.Fatalf("the table has\n%q, want\n%q", found.cells, want)
	}
}

type benchPage struct {
	conclusion string
	points     map[string][]int // of each curve of a chart
	marks      map[string]int
	cells      []string
}

func readPage(ts *testscript.TestScript, text string) benchPage {
	found := benchPage{points: map[string][]int{}, marks: map[string]int{}}
	d := xml.NewDecoder(strings.NewReader(text))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	section, into := "", (*string)(nil)
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return found
		}
		ts.Check(err)
		switch t := token.(type) {
		case xml.StartElement:
			attribute := map[string]string{}
			for _, a := range t.Attr {
				attribute[a.Name.Local] = a.Value
			}
			for _, name := range []string{"src", "href"} {
				if attribute[name] != "" {
					ts.Fatalf("the page loads %s", attribute[name])
				}
			}
			switch style := attribute["style"]; {
			case t.Name.Local == "script" || t.Name.Local == "link":
				ts.Fatalf("the page has a <%s>", t.Name.Local)
			case t.Name.Local == "section":
				section = attribute["id"]
			case t.Name.Local == "p" && attribute["id"] == "conclusion":
				into = &found.conclusion
			case t.Name.Local == "td":
				found.cells = append(found.cells, "")
				into = &found.cells[len(found.cells)-1]
			case t.Name.Local == "path" && coloured(style, "stroke:"):
				found.points[section] = append(found.points[section], strings.Count(attribute["d"], "L")+1)
			case t.Name.Local == "path" && coloured(style, "fill:"):
				found.marks[section]++
			}
		case xml.EndElement:
			into = nil
		case xml.CharData:
			if into != nil {
				*into += string(t)
			}
		}
	}
}

// coloured tells whether a path has one of the colours of the curves.
func coloured(style, property string) bool {
	return slices.ContainsFunc([]string{"#1C5FB8", "#146C40", "#C9184A"}, func(c string) bool { return strings.Contains(style, property+c) })
}
