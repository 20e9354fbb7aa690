package differential_test

import (
	"context"
	"errors"
	"strings"

	"github.com/fraiseql/fraiseql-go"
)

// What Go has a part in. functions.mjs does the same in JavaScript.
type (
	gadget struct {
		ID     fraiseql.ID
		Name   string
		Weight *float64
		Price  fraiseql.Decimal // null in the data at times
		Sizes  []int
		Parts  []part `by:"id=gadget_id"`
	}
	part struct {
		ID     fraiseql.ID
		Label  *string
		Gadget gadget  `by:"gadget_id=id"` // leads to nobody at times
		Maker  *gadget `by:"maker_id=id"`
	}
	color string
	box   struct {
		Label *string
		Sizes []int
		Color *color
		Inner *box
	}
)

// goKinds are the kinds that Go declares, without their rows.
func goKinds() []kind {
	return []kind{
		{Name: "Gadget", Shape: inGo, Fields: []field{{Name: "name", Type: "String!"}, {Name: "weight", Type: "Float"}, {Name: "price", Type: "Decimal!"}, {Name: "sizes", Type: "[Int!]!"}}},
		{Name: "Part", Shape: inGo, Fields: []field{{Name: "label", Type: "String"}}, Links: []link{{Name: "gadget", To: "Gadget", Back: "parts"}, {Name: "maker", To: "Gadget"}}},
	}
}

func boxes(n int) []box {
	out := make([]box, n)
	for i := range out {
		b := &out[i]
		b.Sizes = make([]int, i)
		for j := range b.Sizes {
			b.Sizes[j] = i * j
		}
		if i%3 < 2 {
			label, c := "box "+string(rune('0'+i)), []color{"RED", "GREEN"}[i%3]
			b.Color = &c
			b.Label = &label
		}
		if i > 0 {
			b.Inner = &boxes(1)[0]
		}
	}
	return out
}

func goTypes() []fraiseql.Type {
	all := fraiseql.FieldOptions{Needs: []string{"name", "weight"}}
	return []fraiseql.Type{
		fraiseql.Object[gadget]("v_gadget", fraiseql.ObjectOptions{Name: "Gadget"}),
		fraiseql.Object[part]("v_part", fraiseql.ObjectOptions{Name: "Part"}),
		fraiseql.Enum[color]("RED", "GREEN"),
		fraiseql.Field("loud", func(_ context.Context, gadgets []gadget) ([]string, error) {
			out := make([]string, len(gadgets))
			for i, g := range gadgets {
				out[i] = strings.ToUpper(g.Name)
			}
			return out, nil
		}, all),
		fraiseql.Field("box", func(_ context.Context, gadgets []gadget) ([]*box, error) {
			out := make([]*box, len(gadgets))
			for i, g := range gadgets {
				if all := boxes(len(g.Name)); g.Weight != nil {
					out[i] = &all[len(all)-1]
				}
			}
			return out, nil
		}, all),
		fraiseql.Field("fails", func(context.Context, []gadget) ([]*int, error) { return nil, errors.New("it fails") }, all),
		fraiseql.Field("failsHard", func(context.Context, []gadget) ([]int, error) { return nil, errors.New("it fails") }, all),
	}
}

func goQueries() []fraiseql.Query {
	return []fraiseql.Query{
		fraiseql.List[gadget]("gadgets"), fraiseql.Get[gadget]("gadget"), fraiseql.List[part]("parts"), fraiseql.Get[part]("part"),
		fraiseql.Resolve("boxes", func(_ context.Context, a struct {
			N  int
			At int `default:"0"`
		},
		) ([]box, error) {
			if a.N < 0 {
				return nil, errors.New("fewer than none")
			}
			return boxes(a.N + a.At), nil
		}),
		fraiseql.Resolve("say", func(_ context.Context, a struct {
			Word  string `default:"x"`
			Times *int
		},
		) (string, error) {
			times := 1
			if a.Times != nil {
				times = *a.Times
			}
			if times < 0 || times > 5 {
				return "", errors.New("not so often")
			}
			return strings.Repeat(a.Word, times), nil
		}),
		fraiseql.Resolve("boom", func(context.Context, struct{}) (*int, error) { return nil, errors.New("boom") }),
		fraiseql.Resolve("lightest", func(_ context.Context, a struct{ Limit int }) (*fraiseql.Rows[gadget], error) {
			return fraiseql.From[gadget]("v_gadget").Limit(a.Limit), nil
		}),
		fraiseql.Resolve("first", func(context.Context, struct{}) (*fraiseql.Row[gadget], error) {
			return fraiseql.From[gadget]("v_gadget").One(), nil
		}),
	}
}
