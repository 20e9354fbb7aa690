package differential_test

import (
	"fmt"
	"maps"
	"slices"

	"pgregory.net/rapid"
)

// worlds draws worlds: three to four types out of the database beside those declared in Go, and two interfaces or unions.
func worlds() *rapid.Generator[*world] {
	return rapid.Custom(func(r *rapid.T) *world {
		names := []string{"Ant", "Bee", "Cat", "Dog"}[:rapid.IntRange(3, 4).Draw(r, "kinds")]
		w := &world{Broken: rapid.Bool().Draw(r, "broken")}
		for i, name := range names {
			k := kind{Name: name, Shape: rapid.SampledFrom([]string{columns, columns, stored, made}).Draw(r, "shape")}
			k.Fields = fields(r, k.Shape, 2, rapid.IntRange(3, 6).Draw(r, "fields"))
			for n := range rapid.IntRange(0, 2).Draw(r, "links") {
				l := link{Name: fmt.Sprintf("to%d", n), To: rapid.SampledFrom(append(slices.Clone(names), abstractNames...)).Draw(r, "to")}
				if rapid.IntRange(0, 3).Draw(r, "back") > 0 {
					l.Back = fmt.Sprintf("from%d%d", i, n)
				}
				k.Links = append(k.Links, l)
			}
			w.Kinds = append(w.Kinds, k)
		}
		w.Kinds = append(w.Kinds, goKinds()...)
		for i := range w.Kinds {
			fill(r, &w.Kinds[i])
		}
		abstracts(r, w)
		return w
	})
}

var (
	typeNames = slices.Sorted(maps.Keys(pools))
	frequent  = []string{"Int", "Int", "Int", "String", "Float", "Decimal", "Hue"}
)

func fields(r *rapid.T, shape string, depth, n int) []field {
	all := make([]field, n)
	for i := range all {
		f := field{Name: fmt.Sprintf("f%d", i)}
		if shape != columns && depth > 0 && rapid.IntRange(0, 2).Draw(r, "nested") == 0 {
			f.Nested = fields(r, shape, depth-1, rapid.IntRange(1, 3).Draw(r, "fields"))
			f.List = rapid.Bool().Draw(r, "list")
			if rapid.IntRange(0, 2).Draw(r, "of kinds") == 0 {
				f.Nested = f.Nested[:rapid.IntRange(0, len(f.Nested)).Draw(r, "common")]
				f.On = kindsOf(r, shape, depth-1, len(f.Nested) == 0)
			}
			all[i] = f
			continue
		}
		f.Type = rapid.SampledFrom(append(slices.Clip(typeNames), frequent...)).Draw(r, "type")
		if rapid.IntRange(0, 3).Draw(r, "list") == 0 {
			f.Type = "[" + f.Type + rapid.SampledFrom([]string{"", "!"}).Draw(r, "element") + "]"
		}
		f.Type += rapid.SampledFrom([]string{"", "!"}).Draw(r, "null")
		all[i] = f
	}
	return all
}

func fill(r *rapid.T, k *kind) {
	for range rapid.SampledFrom([]int{0, 1, 2, 3, 3, 4, 5}).Draw(r, "rows") {
		of := row{Values: map[string]value{}, Links: map[string]int{}}
		for _, f := range k.Fields {
			of.Values[f.Name] = draw(r, f, k.Shape)
		}
		if k.Name == "Gadget" { // Go reads it into a string that holds no null
			of.Values["name"] = text(rapid.SampledFrom([]string{"nut", "cog", "lever"}).Draw(r, "name"))
			if of.Values["weight"].Fails {
				of.Values["weight"] = leaf("1.5", "1.5", "1.5")
			}
		}
		for _, l := range k.Links {
			of.Links[l.Name] = rapid.IntRange(0, 6).Draw(r, "link")
		}
		k.Rows = append(k.Rows, of)
	}
}

// draw makes a value of a field, seldom one that its type does not allow.
func draw(r *rapid.T, f field, shape string) value {
	if f.Type == "" {
		if !f.List {
			return object(r, f, shape, 4)
		}
		if rapid.IntRange(0, 5).Draw(r, "no list") == 0 {
			return rapid.SampledFrom([]value{{Null: true}, bad(`"x"`), bad("{}")}).Draw(r, "instead")
		}
		out := value{List: true}
		for range rapid.IntRange(0, 3).Draw(r, "items") {
			out.Items = append(out.Items, object(r, f, shape, 12))
		}
		return out
	}
	return drawType(r, f.Type, shape)
}

func object(r *rapid.T, f field, shape string, often int) value {
	if rapid.IntRange(0, often).Draw(r, "no object") == 0 {
		return rapid.SampledFrom([]value{{Null: true}, {Null: true}, bad("1"), bad("[]")}).Draw(r, "instead")
	}
	out := value{Object: map[string]value{}}
	for _, sub := range f.Nested {
		out.Object[sub.Name] = draw(r, sub, shape)
	}
	if len(f.On) > 0 {
		anyKind(r, f, shape, &out)
	}
	return out
}

func drawType(r *rapid.T, sdl, shape string) value {
	nonNull := sdl[len(sdl)-1] == '!'
	if nonNull {
		sdl = sdl[:len(sdl)-1]
	}
	if n := rapid.IntRange(0, 11).Draw(r, "null"); n == 0 || n < 3 && !nonNull {
		return value{Null: true, Doc: rapid.SampledFrom([]string{"", "null"}).Draw(r, "written")}
	}
	inColumns := shape == columns || shape == inGo
	if sdl[0] == '[' {
		if !inColumns && rapid.IntRange(0, 9).Draw(r, "no list") == 0 {
			return bad(`"x"`)
		}
		out := value{List: true}
		for range rapid.IntRange(0, 3).Draw(r, "items") {
			out.Items = append(out.Items, drawType(r, sdl[1:len(sdl)-1], shape))
		}
		return out
	}
	pool := pools[sdl]
	if inColumns {
		pool = slices.DeleteFunc(slices.Clone(pool), func(v value) bool { return v.SQL == "" && v.Fails })
	}
	return rapid.SampledFrom(pool).Draw(r, "value")
}
