package fraiseql

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/fraiseql/fraiseql-go/schema"
)

// OneOf, embedded in a struct that is an argument or a part of one, makes it an input of which exactly one field is sent, with
// a value. All others then stay nil; so the fields are pointers:
//
//	type UserBy struct {
//		fraiseql.OneOf
//		ID    *fraiseql.ID
//		Email *string
//	}
type OneOf struct{}

type resolveQuery[A, R any] struct {
	name    string
	f       func(context.Context, A) (R, error)
	options QueryOptions
}

func (q resolveQuery[A, R]) root(d *declarer) (schema.QueryDecl, bool) {
	call := fmt.Sprintf("fraiseql.Resolve(%q)", q.name)
	if !d.rootName(call, q.name) {
		return schema.QueryDecl{}, false
	}
	if q.f == nil {
		d.fault("%s: the function is nil: give it one", call)
		return schema.QueryDecl{}, false
	}
	out := schema.QueryDecl{
		Name: q.name, Description: q.options.Description, Deprecated: q.options.Deprecated,
		Origin: call, Kind: schema.Resolve, Requires: q.options.Requires,
	}
	args := d.arguments(call, q.name, reflect.TypeFor[A]())
	out.Args = args.args
	answer := d.answer(call, q.name, reflect.TypeFor[R]())
	out.Type = answer.sdl
	f := q.f
	out.Resolver = func(ctx context.Context, raw json.RawMessage) (schema.Result, error) {
		var a A
		if err := args.decode(raw, reflect.ValueOf(&a).Elem()); err != nil {
			return schema.Result{}, fmt.Errorf("%s: arguments: %w", call, err)
		}
		r, err := f(ctx, a)
		if err != nil {
			return schema.Result{}, told(err)
		}
		if rows, ok := any(r).(described); ok {
			return rows.describe(answer)
		}
		text, err := answer.form.encode(nil, reflect.ValueOf(&r).Elem())
		if err != nil {
			return schema.Result{}, fmt.Errorf("%s: the result: %w", call, err)
		}
		return schema.Result{JSON: text}, nil
	}
	return out, args.ok && answer.ok
}

func (q resolveQuery[A, R]) mutation(d *declarer) (schema.MutationDecl, bool) {
	decl, ok := q.root(d)
	return schema.MutationDecl{
		Name: decl.Name, Description: decl.Description, Deprecated: decl.Deprecated, Origin: decl.Origin,
		Type: decl.Type, Args: decl.Args, Resolver: decl.Resolver, Requires: decl.Requires,
	}, ok
}

// answer is what a resolver's R means.
type answer struct {
	ok       bool
	sdl      string
	form     *form
	typeName string // of described rows
	source   string
	maxPage  int // negative: none
}

// rowsOf is what *Rows[T] and *Row[T] tell about themselves without a value.
type rowsOf interface {
	element() (of reflect.Type, many bool)
}

func (*Rows[T]) element() (reflect.Type, bool) { return reflect.TypeFor[T](), true }
func (*Row[T]) element() (reflect.Type, bool)  { return reflect.TypeFor[T](), false }

func (d *declarer) answer(call, name string, r reflect.Type) answer {
	if rows, ok := reflect.Zero(r).Interface().(rowsOf); ok {
		of, many := rows.element()
		s := d.objects[of]
		if s == nil || s.source == "" {
			d.fault("%s: it returns rows of %s, which has no source: add fraiseql.Object[%s](\"…\") to Options.Types", call, of, of)
			return answer{}
		}
		a := answer{ok: true, sdl: s.decl.Name, typeName: s.decl.Name, source: s.source, maxPage: d.maxPage}
		if many {
			a.sdl = "[" + a.sdl + "!]"
		}
		return a
	}
	f := d.formOf(place{what: call + ": the result", name: title(name) + "Result"}, r, false)
	if f == nil || !d.tellsType(call, f) {
		return answer{}
	}
	return answer{ok: true, sdl: f.sdl, form: f} // without "!": a root field may fail alone
}

// tellsType refuses values of an interface or a union: a struct does not tell which of the types it is.
func (d *declarer) tellsType(call string, f *form) bool {
	for f.elem != nil {
		f = f.elem
	}
	if f.shape == nil || f.shape.decl.Kind == 0 {
		return true
	}
	cure := "return one of its types"
	if f.shape.source != "" {
		cure = fmt.Sprintf("return rows, by fraiseql.From[%s](%q)", f.shape.goType, f.shape.source)
	}
	d.fault("%s: the result is %s, an interface or a union, and its Go value does not tell of which type it is: %s", call, f.shape.decl.Name, cure)
	return false
}

type batchField[T, R any] struct {
	name    string
	f       func(context.Context, []T) ([]R, error)
	options FieldOptions
}

func (b batchField[T, R]) head(*declarer) {}

func (b batchField[T, R]) body(d *declarer) {
	of := reflect.TypeFor[T]()
	call := fmt.Sprintf("fraiseql.Field[%s](%q)", of, b.name)
	if b.f == nil {
		d.fault("%s: the function is nil: give it one", call)
		return
	}
	if !schema.ValidName(b.name) {
		d.fault("%s: %q cannot be a GraphQL name: use letters, digits and _", call, b.name)
		return
	}
	result := d.formOf(place{what: call + ": the result", name: title(b.name) + "Result"}, reflect.TypeFor[R](), false)
	d.later = append(d.later, func() {
		if result != nil && !d.tellsType(call, result) {
			return
		}
		d.addBatch(call, of, b.name, b.options, result, func(s *shape) schema.Batch {
			return schema.Batch{Resolve: b.resolver(call, s, result)}
		})
	})
}

func (b batchField[T, R]) resolver(call string, parent *shape, result *form) func(context.Context, []json.RawMessage) ([]json.RawMessage, error) {
	f := b.f
	return func(ctx context.Context, raw []json.RawMessage) ([]json.RawMessage, error) {
		parents := make([]T, len(raw))
		for i := range raw {
			if err := parent.decode(raw[i], reflect.ValueOf(&parents[i]).Elem()); err != nil {
				return nil, fmt.Errorf("%s: parent %d: %w", call, i, err)
			}
		}
		values, err := f(ctx, parents)
		if err != nil {
			return nil, told(err)
		}
		if len(values) != len(parents) {
			return nil, fmt.Errorf("%s gave %d values for %d parents: give one for each, in the same order", call, len(values), len(parents))
		}
		out := make([]json.RawMessage, len(values))
		for i := range values {
			if out[i], err = result.encode(nil, reflect.ValueOf(&values[i]).Elem()); err != nil {
				return nil, fmt.Errorf("%s: value %d: %w", call, i, err)
			}
		}
		return out, nil
	}
}

// addBatch runs when all structs are known: a field may hang on a type that is only reached
// through another one.
func (d *declarer) addBatch(call string, of reflect.Type, name string, options FieldOptions, result *form, made func(*shape) schema.Batch) {
	s := d.objects[of]
	if s == nil {
		d.fault("%s: %s is not a type of the API: add fraiseql.Object[%s](\"…\") to Options.Types", call, of, of)
		return
	}
	if result == nil {
		return
	}
	if s.field(name) != nil {
		d.fault("%s: %s has a field of that name already: choose another one, or tag the struct's field graphql:\"-\"", call, of)
		return
	}
	needs := options.Needs
	for _, n := range needs {
		if f := s.field(n); f == nil || f.relation {
			d.fault("%s: FieldOptions.Needs names %q, which is no plain field of %s", call, n, of)
			return
		}
	}
	if needs == nil {
		for _, f := range s.fields {
			if !f.relation {
				needs = append(needs, f.name)
			}
		}
	}
	d.out.Batches = append(d.out.Batches, schema.BatchDecl{
		On: s.decl.Name, Name: name, Type: result.typeRef(), Description: options.Description, Requires: options.Requires,
		Origin: call, Needs: needs,
		Batch: made(s),
	})
}
