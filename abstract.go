package fraiseql

import (
	"reflect"

	"github.com/fraiseql/fraiseql-go/schema"
)

// Interface declares the rows of a view, table or materialized view as the interface T, a struct of the fields that all its
// types have. source and the fields are as in [Object]. typeColumn is the column, or the key of the document, whose value
// tells which type a row is of, and types are the values and the types they stand for:
//
//	type Item struct {
//		ID    fraiseql.ID `graphql:",key"`
//		Title string
//	}
//
//	type Link struct { // reads the same row: no Object declares it
//		Item
//		URL string
//	}
//
//	fraiseql.Object[Article]("v_article"), // reads its own source
//	fraiseql.Interface[Item]("v_item", "kind", []fraiseql.Possible{
//		fraiseql.As[Article]("article"),
//		fraiseql.As[Link]("link"),
//	}),
//
// Each type needs the interface's fields; embedding T gives them. [List], [Get], [Connection], [From] and relations take T as
// they take an object. A row whose typeColumn stands for no type is an error in its place.
//
// With an empty source it declares objects inside documents, whose key typeColumn tells what they are; the types are then
// structs without a source. docs/reference/abstract-types.md tells more.
func Interface[T any](source, typeColumn string, types []Possible, o ...ObjectOptions) Type {
	return abstractType{objectType{of: reflect.TypeFor[T](), source: source, options: last(o)}, schema.Interface, typeColumn, types}
}

// Union declares the same as [Interface] for types that have nothing in common. T's fields cannot be selected; clients filter
// and order by them, and T's key is what Get and Connection go by.
func Union[T any](source, typeColumn string, types []Possible, o ...ObjectOptions) Type {
	return abstractType{objectType{of: reflect.TypeFor[T](), source: source, options: last(o)}, schema.Union, typeColumn, types}
}

// Possible is a type that a row of an [Interface] or a [Union] can be; [As] makes it.
type Possible struct {
	of    reflect.Type
	label string
	by    []string
}

// As says that rows whose type column holds label are of the type T. Several labels may stand for one type.
//
// When [Object] declares T, by names the columns that lead from the row to T's own row, as in "article_id=id"; without them
// they are those that are named as the columns of T's key.
func As[T any](label string, by ...string) Possible {
	return Possible{of: reflect.TypeFor[T](), label: label, by: by}
}

type abstractType struct {
	objectType
	kind       schema.Kind
	typeColumn string
	types      []Possible
}

func (a abstractType) call() string {
	if a.kind == schema.Union {
		return "fraiseql.Union"
	}
	return "fraiseql.Interface"
}

func (a abstractType) head(d *declarer) {
	where := "Go type " + a.of.String()
	switch {
	case a.typeColumn == "":
		d.fault("%s: %s has no type column: name the column whose value tells which type a row is of", where, a.call())
		return
	case len(a.types) == 0:
		d.fault("%s: %s has no types: name them, as in fraiseql.As[Link](\"link\")", where, a.call())
		return
	}
	if a.source == "" {
		a.inDocuments(d)
	} else {
		a.objectType.head(d)
	}
	if s := d.objects[a.of]; s != nil && s.source == a.source {
		s.decl.Kind, s.decl.Label = a.kind, a.typeColumn
	}
}

// inDocuments makes the type of objects inside documents, which no source is needed for.
func (a abstractType) inDocuments(d *declarer) {
	name := or(a.options.Name, a.of.Name())
	switch {
	case a.of.Kind() != reflect.Struct || d.scalarOf(a.of) != nil:
		d.fault("%s[%s]: it is made of a struct: give it a struct type", a.call(), a.of)
	case d.objects[a.of] != nil:
		d.fault("Go type %s is declared twice: declare it once", a.of)
	case !schema.ValidName(name):
		d.fault("Go type %s: %q cannot be a GraphQL name: set ObjectOptions.Name", a.of, name)
	default:
		d.newObject(a.of, name, "")
	}
}

// middle comes when all heads have been there: what no Object declares reads the same row.
func (a abstractType) middle(d *declarer) {
	s := d.objects[a.of]
	if s == nil || s.decl.Kind != a.kind || s.source != a.source {
		return // its fault was reported by head
	}
	for _, p := range a.types {
		known := d.objects[p.of]
		switch {
		case p.of.Kind() != reflect.Struct || d.scalarOf(p.of) != nil:
			d.fault("fraiseql.As[%s](%q): an object is made of a struct: give it a struct type", p.of, p.label)
			continue
		case known != nil && known.decl.PartOf != "" && known.decl.PartOf != s.decl.Name:
			d.fault("fraiseql.As[%s](%q): the rows of %s are its own already: declare another struct type for those of %s", p.of, p.label, known.decl.PartOf, s.decl.Name)
			continue
		case known == nil && !schema.ValidName(p.of.Name()):
			d.fault("fraiseql.As[%s](%q): %q cannot be a GraphQL name: declare a named type of it", p.of, p.label, p.of.Name())
			continue
		case known == nil:
			known = d.newObject(p.of, p.of.Name(), a.source)
			known.decl.Document = a.options.Document
			if a.source != "" {
				known.decl.PartOf = s.decl.Name
			}
		}
		decl := schema.PossibleDecl{Label: p.label, Type: known.decl.Name, Origin: s.decl.Origin + ", type " + known.decl.Name}
		for _, text := range p.by {
			pairs, err := byPairs(text)
			if err != nil {
				d.fault("fraiseql.As[%s](%q): %w", p.of, p.label, err)
			}
			decl.By = append(decl.By, pairs...)
		}
		if len(p.by) > 0 && (known.decl.PartOf != "" || a.source == "") {
			d.fault("fraiseql.As[%s](%q): by leads to another source, and %s is in the same row: declare it by fraiseql.Object, or leave by out", p.of, p.label, p.of)
		}
		s.decl.Possible = append(s.decl.Possible, decl)
	}
}

func (a abstractType) body(d *declarer) {
	s := d.objects[a.of]
	if s == nil || s.decl.Kind != a.kind || s.source != a.source || s.complete {
		return
	}
	a.objectType.body(d)
	for _, p := range a.types {
		if of := d.objects[p.of]; of != nil && !of.complete && (of.decl.PartOf == s.decl.Name || a.source == "") {
			d.fill(of)
			if len(of.decl.Key) == 0 {
				of.decl.Key = s.decl.Key
			}
		}
	}
}
