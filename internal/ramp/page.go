package ramp

import (
	_ "embed" // the page
	"fmt"
	"html/template"
	"image/color"
	"io"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

//go:embed page.html
var source string

// The colours are those of the drawing; the page's style puts its own in their place, in the dark and in the light.
var colours = map[string]color.RGBA{
	"note":   {0x1c, 0x5f, 0xb8, 0xff},
	"good":   {0x14, 0x6c, 0x40, 0xff},
	"accent": {0xc9, 0x18, 0x4a, 0xff},
}

// chart is one drawing.
type chart struct {
	ID, Title string
	Curves    []curve
	SVG       template.HTML // drawn here, from numbers
}

// curve is a number of each step; Name is that of its colour.
type curve struct {
	Name, Label string
	value       func(Step) (y float64, known bool)
}

// WriteHTML writes the report as one page, with its curves, that needs no other file.
func (r Report) WriteHTML(w io.Writer) error {
	page, err := template.New("page").Funcs(template.FuncMap{"number": Number, "percent": Percent}).Parse(source)
	if err != nil {
		return fmt.Errorf("the page: %w", err)
	}
	ms := func(of func(Step) time.Duration) func(Step) (float64, bool) {
		return func(s Step) (float64, bool) { return of(s).Seconds() * 1000, s.Good > 0 }
	}
	charts := []chart{
		{ID: "throughput", Title: "Throughput and errors, per second", Curves: []curve{
			{"good", "achieved", func(s Step) (float64, bool) { return s.Achieved, true }},
			{"accent", "failed", func(s Step) (float64, bool) { return float64(s.Failed) / max(s.Elapsed.Seconds(), 1e-9), true }},
		}},
		{ID: "latency", Title: "Latency in ms", Curves: []curve{
			{"good", "p50", ms(func(s Step) time.Duration { return s.P50 })},
			{"note", "p95", ms(func(s Step) time.Duration { return s.P95 })},
			{"accent", "p99", ms(func(s Step) time.Duration { return s.P99 })},
		}},
		{ID: "pool", Title: "Pool, mean in ms", Curves: []curve{
			{"accent", "wait", func(s Step) (float64, bool) {
				if s.Pool == nil {
					return 0, false
				}
				return s.Pool.MeanWait.Seconds() * 1000, true
			}},
		}},
	}
	for i := range charts {
		if charts[i].SVG, err = charts[i].draw(r.Steps); err != nil {
			return fmt.Errorf("the chart of %s: %w", charts[i].ID, err)
		}
	}
	names := map[string]template.CSS{}
	for name, c := range colours {
		names[name] = template.CSS(fmt.Sprintf("#%02X%02X%02X", c.R, c.G, c.B)) // as vgsvg writes it
	}
	return page.Execute(w, struct {
		Report
		Charts  []chart
		Colours map[string]template.CSS
	}{r, charts, names})
}

// draw makes the chart's SVG. The rates have a logarithmic axis, which only the ticks tell: they name the rates.
func (c *chart) draw(steps []Step) (template.HTML, error) {
	p := plot.New()
	p.X.Label.Text = "offered requests/s" // the title above the chart tells the other axis
	p.X.Scale = plot.LogScale{}
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 1, 10, 0, 1e-3
	var ticks plot.ConstantTicks
	every := (len(steps) + 9) / 10 // a label for each of many would be unreadable
	for i, s := range steps {
		tick := plot.Tick{Value: s.Offered}
		if i%every == 0 {
			tick.Label = Number(s.Offered)
		}
		ticks = append(ticks, tick)
	}
	p.X.Tick.Marker = ticks
	if len(steps) > 0 {
		p.X.Min, p.X.Max = steps[0].Offered*0.9, steps[len(steps)-1].Offered*1.1
	}
	for _, curve := range c.Curves {
		var points plotter.XYs
		for _, s := range steps {
			if y, known := curve.value(s); known {
				points = append(points, plotter.XY{X: s.Offered, Y: y})
				p.Y.Max = max(p.Y.Max, y*1.05)
			}
		}
		if len(points) == 0 {
			continue
		}
		line, marks, err := plotter.NewLinePoints(points)
		if err != nil {
			return "", err
		}
		line.Color, line.Width = colours[curve.Name], vg.Points(1.5)
		marks.Color, marks.Shape, marks.Radius = colours[curve.Name], draw.CircleGlyph{}, vg.Points(2.5)
		p.Add(line, marks)
	}
	p.BackgroundColor = color.Transparent
	canvas := vgsvg.New(24*vg.Centimeter, 8*vg.Centimeter)
	p.Draw(draw.Crop(draw.New(canvas), 0, -vg.Centimeter, 0, 0)) // room for the last label
	var out strings.Builder
	if _, err := canvas.WriteTo(&out); err != nil {
		return "", err
	}
	_, svg, ok := strings.Cut(out.String(), "<svg")
	if !ok {
		return "", fmt.Errorf("no drawing was made")
	}
	return template.HTML("<svg" + svg), nil
}
