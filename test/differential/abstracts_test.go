package differential_test

import (
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"
)

// variant is what a row of an interface or a union can be, or an object in a document.
type variant struct {
	Name   string   `json:",omitempty"` // of an object in a document: empty, its label names it
	Labels []string // what the type column holds
	Own    bool     `json:",omitempty"` // it is a kind with a source of its own, by own_id
	Fields []field  `json:",omitempty"` // what it has in the same row beside what all have
	Listed bool     `json:",omitempty"` // it has queries of its own
}

func (k *kind) abstract() bool { return len(k.Variants) > 0 }

// variant finds what a row is. nil: its label stands for no type.
func (k *kind) variant(r row) *variant {
	for i := range k.Variants {
		if slices.Contains(k.Variants[i].Labels, r.Label) {
			return &k.Variants[i]
		}
	}
	return nil
}

// held lists what the rows of a kind hold: its own fields, then those of its variants, each name once.
func (k *kind) held() []field {
	all := slices.Clone(k.Fields)
	for _, v := range k.Variants {
		for _, f := range v.Fields {
			if !slices.ContainsFunc(all, func(g field) bool { return g.Name == f.Name }) {
				all = append(all, f)
			}
		}
	}
	return all
}

// types writes the variants for a comment.
func (k *kind) types() string {
	if !k.abstract() {
		return ""
	}
	var b strings.Builder
	b.WriteString("type_column: label\ntypes:\n")
	for _, v := range k.Variants {
		for i, label := range v.Labels {
			b.WriteString("  " + label + ": {name: " + v.Name)
			switch {
			case v.Own:
				b.WriteString(", by: {own_id: id}")
			case i > 0 || len(v.Fields) == 0:
				b.WriteString(", fields: []")
			default:
				b.WriteString(", fields: {" + shapes(v.Fields)[2:] + "}")
			}
			if i == 0 && v.Listed {
				root := strings.ToLower(v.Name)
				b.WriteString(", queries: {one: " + root + ", list: " + root + "s}")
			}
			b.WriteString("}\n")
		}
	}
	return b.String()
}

var abstractNames = []string{"Item", "Thing"}

// abstracts adds an interface, and one more or a union. Kinds with a source of their own get what the interface promises.
func abstracts(r *rapid.T, w *world) {
	once := func(n int, what string) bool { return rapid.IntRange(0, n-1).Draw(r, what) == n/2 }
	for i, name := range abstractNames {
		k := kind{Name: name, Union: i > 0 && !once(3, "interface"), Shape: rapid.SampledFrom([]string{columns, columns, stored, made}).Draw(r, "shape")}
		var own []*kind
		for j := range w.Kinds {
			if c := &w.Kinds[j]; !c.abstract() && (c.Shape != inGo || k.Union) && len(c.Rows) > 0 && len(own) < 2 && once(3, "own source") {
				own = append(own, c)
				k.Variants = append(k.Variants, variant{Name: c.Name, Labels: []string{strings.ToLower(c.Name)}, Own: true})
			}
		}
		depth := 0
		if len(own) == 0 && !k.Union {
			depth = 1 // nested objects have the name of their type, so that two types do not share them
		}
		k.Fields = fields(r, k.Shape, depth, rapid.IntRange(1, 3).Draw(r, "fields"))
		for j := range k.Fields {
			k.Fields[j].Name = fmt.Sprintf("c%d%d", i, j)
		}
		if once(2, "link") {
			l := link{Name: fmt.Sprintf("via%d", i), To: rapid.SampledFrom([]string{"Ant", "Bee", "Cat", "Item"}).Draw(r, "to")}
			if once(2, "back") {
				l.Back = fmt.Sprintf("back%d", i)
			}
			k.Links = append(k.Links, l)
		}
		if !k.Union {
			for _, c := range own {
				promise(r, c, &k)
			}
		}
		pool := fields(r, k.Shape, 1, 3)
		for n := range rapid.IntRange(1-min(1, len(own)), 3-len(own)).Draw(r, "in the row") {
			v := variant{Name: fmt.Sprintf("%s%c", name, 'A'+n), Labels: []string{fmt.Sprintf("l%d", n)}, Listed: once(2, "listed")}
			if once(4, "two labels") {
				v.Labels = append(v.Labels, "other"+v.Labels[0])
			}
			for j, f := range pool {
				if once(3, "not this") {
					continue
				}
				f.Name = fmt.Sprintf("p%d%d", i, j)
				if f.Type != "" && once(5, "null") {
					f.Type = strings.TrimSuffix(f.Type, "!") + rapid.SampledFrom([]string{"", "!"}).Draw(r, "null")
				}
				v.Fields = append(v.Fields, f)
			}
			k.Variants = append(k.Variants, v)
		}
		fillAbstract(r, &k, own)
		w.Kinds = append(w.Kinds, k)
	}
}

// promise gives a kind the fields and relations of an interface. Its rows hold values of their own, which the interface's hide.
func promise(r *rapid.T, c, of *kind) {
	c.Fields = append(c.Fields, of.Fields...)
	for _, l := range of.Links {
		c.Links = append(c.Links, link{Name: l.Name, To: l.To})
	}
	for i := range c.Rows {
		for _, f := range of.Fields {
			c.Rows[i].Values[f.Name] = draw(r, f, c.Shape)
		}
		for _, l := range of.Links {
			c.Rows[i].Links[l.Name] = rapid.IntRange(0, 6).Draw(r, "link")
		}
	}
}

func fillAbstract(r *rapid.T, k *kind, own []*kind) {
	strays := rapid.IntRange(0, 3).Draw(r, "strays") == 2
	for range rapid.SampledFrom([]int{1, 2, 3, 3, 4, 5, 6}).Draw(r, "rows") {
		v := &k.Variants[rapid.IntRange(0, len(k.Variants)-1).Draw(r, "variant")]
		of := row{Values: map[string]value{}, Links: map[string]int{}, Label: rapid.SampledFrom(v.Labels).Draw(r, "label")}
		if strays && rapid.IntRange(0, 4).Draw(r, "stray") == 2 {
			of.Label = rapid.SampledFrom([]string{"", "nobody"}).Draw(r, "no type")
		}
		for _, c := range own {
			if v.Own && c.Name == v.Name {
				of.Own = rapid.IntRange(1, len(c.Rows)).Draw(r, "own")
			}
		}
		claimed := append(slices.Clone(k.Fields), v.Fields...)
		for _, f := range k.held() {
			if at := slices.IndexFunc(claimed, func(c field) bool { return c.Name == f.Name }); at >= 0 {
				of.Values[f.Name] = draw(r, claimed[at], k.Shape)
			} else if rapid.IntRange(0, 3).Draw(r, "unclaimed") == 0 {
				of.Values[f.Name] = draw(r, f, k.Shape)
			} else {
				of.Values[f.Name] = value{Null: true}
			}
		}
		for _, l := range k.Links {
			of.Links[l.Name] = rapid.IntRange(0, 6).Draw(r, "link")
		}
		k.Rows = append(k.Rows, of)
	}
}

// kindsOf draws what an object in a document can be. An object type has a field at least: those of alone have nothing in common.
func kindsOf(r *rapid.T, shape string, depth int, alone bool) []variant {
	least := 0
	if alone {
		least = 1
	}
	var all []variant
	for _, label := range []string{"text", "line", "pic"}[:rapid.IntRange(1, 3).Draw(r, "kinds")] {
		v := variant{Labels: []string{label}, Fields: fields(r, shape, depth, rapid.IntRange(least, 2).Draw(r, "fields"))}
		for i := range v.Fields {
			v.Fields[i].Name = "k" + v.Fields[i].Name
		}
		all = append(all, v)
	}
	return all
}

// anyKind draws a label and its members into an object.
func anyKind(r *rapid.T, f field, shape string, out *value) {
	v := rapid.SampledFrom(f.On).Draw(r, "kind")
	out.Label = v.Labels[0]
	out.Object["kind"] = text(out.Label)
	for _, sub := range v.Fields {
		out.Object[sub.Name] = draw(r, sub, shape)
	}
	if rapid.IntRange(0, 14).Draw(r, "no kind") == 7 {
		out.Label = "?"
		out.Object["kind"] = rapid.SampledFrom([]value{{Null: true}, text("nobody"), bad("1")}).Draw(r, "instead")
	}
}

// tell writes the rows of an interface or a union for the oracle, over those of the kinds with a source of their own, and
// what it makes of the types in the same row.
func (k *kind) tell(list []map[string]any, rows map[string]any, told map[string]map[string]any) {
	for _, v := range k.Variants {
		if v.Own {
			continue
		}
		names := []string{"id"}
		for _, f := range append(slices.Clone(k.Fields), v.Fields...) {
			names = append(names, f.Name)
		}
		told["plains"][v.Name] = names
		told["relations"][v.Name] = told["relations"][k.Name]
		if root := strings.ToLower(v.Name); v.Listed {
			told["roots"][root] = map[string]any{"of": v.Name}
			told["roots"][root+"s"] = map[string]any{"of": v.Name, "many": true}
		}
		rows[v.Name] = []map[string]any{}
	}
	for j, r := range k.Rows {
		v := k.variant(r)
		if v == nil {
			list[j]["#type"] = nil
			continue
		}
		list[j]["#type"] = v.Name
		if !v.Own {
			rows[v.Name] = append(rows[v.Name].([]map[string]any), list[j])
			continue
		}
		for name, x := range rows[v.Name].([]map[string]any)[r.Own-1] {
			_, has := list[j][name]
			if !has || name == "#id" || name == "id" && k.Union { // a union's own fields are in no answer
				list[j][name] = x
			}
		}
	}
}
