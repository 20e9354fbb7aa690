package compile

import (
	"strconv"

	"github.com/fraiseql/fraiseql-go/internal/fault"
)

// Rows that a list is taken to have when nothing bounds it: at the root, and below a parent.
const (
	rootRows   = 1000
	nestedRows = 10
)

// page is a limit or an offset whose value is known only with the variables.
type page struct {
	field  string
	arg    string
	number number
}

// number is a value of type Int that may be a variable.
type number struct {
	leaf  int
	value int64
	ids   *globalIDs // the number is how many there are
}

func (n number) in(leaves []leaf) int64 {
	if n.ids != nil {
		return n.ids.count(leaves)
	}
	if n.leaf == 0 {
		return n.value
	}
	v, _ := strconv.ParseInt(string(leaves[n.leaf-1].text), 10, 64)
	return v
}

// cost is an estimate: rows times fields, and the same below each row.
type cost struct {
	rows   number
	fields int
	below  []cost
}

func (c *cost) sum(leaves []leaf) float64 {
	total := float64(c.fields)
	for i := range c.below {
		total += c.below[i].sum(leaves)
	}
	return float64(max(c.rows.in(leaves), 0)) * total
}

// check applies the limits that depend on the variables' values.
func (p *Plan) check(leaves []leaf, c *Compiler) error {
	for i := range p.cursors {
		if err := p.cursors[i].check(leaves); err != nil {
			return err
		}
	}
	for _, ids := range p.globals {
		if err := ids.check(leaves); err != nil {
			return err
		}
	}
	for _, pg := range p.pages {
		if err := pg.check(leaves, c.maxPage); err != nil {
			return err
		}
	}
	if c.maxCost == 0 {
		return nil
	}
	if total := p.sum(leaves); total > c.maxCost {
		over := fault.New(fault.QueryTooCostly,
			"the operation may read about %.0f values (rows × fields), the most is %.0f: ask for fewer rows with limit", total, c.maxCost)
		over.Extensions = map[string]any{"cost": total, "limit": c.maxCost}
		return over
	}
	return nil
}

func (p *Plan) sum(leaves []leaf) float64 {
	total := 0.0
	for i := range p.cost {
		total += p.cost[i].sum(leaves)
	}
	return total
}

func (pg *page) check(leaves []leaf, maxPage int) error {
	n := pg.number.in(leaves)
	if n < 0 {
		return fault.New(fault.BadUserInput, "%s: the argument %q is %d: it must not be negative", pg.field, pg.arg, n)
	}
	if pg.arg != "offset" && maxPage > 0 && n > int64(maxPage) {
		return fault.New(fault.BadUserInput, "%s: the argument %q is %d: the maximum is %d", pg.field, pg.arg, n, maxPage)
	}
	return nil
}
