package catalog

import (
	"strings"

	"github.com/fraiseql/fraiseql-go/schema"
)

// measures are the types that the aggregates and the groups of one object type share.
type measures struct {
	o               *object
	own, sums, ends []*schema.Field         // the object's fields that can be sorted; of these, those that add up, and those that have a min
	names           map[string]bool         // of the types made so far
	fields          []*schema.Field         // count, countDistinct, sum, avg, min, max
	all, group      *schema.Type            // what the two kinds of queries give; nil: not made yet
	choosing        []*schema.Field         // the arguments of groups, but for where
	inputs          map[string]*schema.Type // conditions on objects of figures, and orders by them; nil: of no fields
}

// addTypeAggregates makes the aggregates that a type's names ask for. It comes when all types and the other queries have
// their names: none of them gives way to a type that is made for aggregates.
func (b *builder) addTypeAggregates(o *object) {
	names := o.decl.Queries
	list := plural(oneName(o.t.Name))
	if n := names.List; n != nil && *n != "" {
		list = *n
	}
	for _, q := range [...]struct {
		kind  schema.RootKind
		asked *string
		name  string
	}{{schema.Aggregate, names.Aggregate, list + "Aggregate"}, {schema.Groups, names.Groups, list + "Groups"}} {
		if q.asked != nil {
			q.name = *q.asked
		}
		if q.name == "" {
			continue
		}
		f := &schema.Field{Name: q.name, Root: &schema.Root{Kind: q.kind}}
		b.addMeasures(o, f, o.decl.Origin, o.fatal, q.asked != nil)
	}
}

// addMeasures makes a root field for the aggregates of an object's rows, or of groups of them.
func (b *builder) addMeasures(o *object, f *schema.Field, origin string, fatal, asked bool) {
	f.Root.Of = o.t
	if b.asMeasures(o, f, f.Root.Kind, origin, fatal, asked) {
		b.addQuery(f, origin, fatal)
	}
}

// asMeasures gives a field the type and the arguments of figures over an object's rows, or over groups of them. A type without
// a field to group by has no groups, which is told when they were asked for.
func (b *builder) asMeasures(o *object, f *schema.Field, kind schema.RootKind, origin string, fatal, asked bool) bool {
	m := b.measuresOf(o, origin, fatal)
	groups := kind == schema.Groups
	if groups && len(m.own) == 0 {
		if asked {
			b.report(fatal, origin, "leave it out, or let the type have a column that can be sorted", "%s has no field of %s to group by", told(f), o.t.Name)
		}
		return false
	}
	if name := m.taken(b, groups); name != "" {
		if f.Root != nil || asked { // the queries of the type have told it otherwise
			b.report(fatal, origin, "give that another name, or leave the "+noun(f)+" out, as in `aggregate: false, groups: false`",
				"%s is left out: it needs the type name %s, which is taken by %s", told(f), name, b.claims[name])
		}
		return false
	}
	if where := b.where(o.t); where != nil {
		f.Args = append(f.Args, &schema.Field{Name: "where", Type: schema.Of(where), Description: "Only the rows that match."})
	}
	what := "Figures over the rows of " + o.t.Name + "."
	if groups {
		what = "The rows of " + o.t.Name + " in groups, with figures over each."
		if m.group == nil {
			m.makeGroups(b)
		}
		f.Type = schema.ListOf(schema.NonNull(schema.Of(m.group)))
		f.Args = append(append(m.choosing[:1:1], f.Args...), m.choosing[1:]...)
	} else {
		f.Type = schema.Of(m.aggregate(b))
	}
	if f.Description == "" {
		f.Description = what
	}
	return true
}

// aggregate makes the type of figures over all rows, once.
func (m *measures) aggregate(b *builder) *schema.Type {
	if m.all == nil {
		m.all = m.object(b, "Aggregate", "Figures over rows of "+m.o.t.Name+".", m.shared(b))
	}
	return m.all
}

// measuresOf sorts an object's fields by what can be computed from them, once.
func (b *builder) measuresOf(o *object, origin string, fatal bool) *measures {
	if made := b.measures[o.t]; made != nil {
		return made
	}
	m := &measures{o: o, names: map[string]bool{}, inputs: map[string]*schema.Type{}}
	b.measures[o.t] = m
	for _, f := range o.t.Fields {
		base := f.Type.Base()
		if f.Hidden || f.NoOrder || f.Relation != nil || f.Batch != nil || f.Type.Elem != nil || base.Kind != schema.Scalar && base.Kind != schema.Enum {
			continue
		}
		if !validLabel(f.Name) {
			b.report(fatal, origin, "give the field another name", "the field %s is left out of aggregates, where its name would be an enum's value", f.Name)
			continue
		}
		m.own = append(m.own, f)
		switch base.Underlying().Name {
		case "Int", "BigInt", "Decimal", "Float":
			m.sums = append(m.sums, f)
		case "Date", "Time", "DateTime", "LocalDateTime", "Duration", "String", "IpAddress", "CIDR":
		default:
			if base.Kind != schema.Enum {
				continue
			}
		}
		m.ends = append(m.ends, f)
	}
	return m
}

// taken gives a type name that is needed and belongs to something else, or nothing.
func (m *measures) taken(b *builder, groups bool) string {
	need := []string{"CountDistinct", "Sum", "Avg", "Min", "Max"}
	if groups {
		need = append(need, "Group", "GroupKey", "GroupField", "HavingInput", "CountDistinctHavingInput", "SumHavingInput", "AvgHavingInput",
			"MinMaxHavingInput", "GroupOrderByInput", "GroupKeyOrderByInput", "GroupSumOrderByInput", "GroupMinMaxOrderByInput")
	} else {
		need = append(need, "Aggregate")
	}
	for _, suffix := range need {
		name := m.o.t.Name + suffix
		made := strings.TrimSuffix(name, "OrderByInput") // a type of that name has such an order itself
		for _, name := range []string{name, made} {
			if _, is := b.claims[name]; is && !m.names[name] {
				return name
			}
		}
	}
	return ""
}

// named claims a type's name, which taken has found to be free.
func (m *measures) named(b *builder, t *schema.Type) *schema.Type {
	b.claims[t.Name], m.names[t.Name] = reserved, true
	return t
}

func (m *measures) object(b *builder, suffix, description string, fields []*schema.Field) *schema.Type {
	return m.named(b, &schema.Type{Kind: schema.Object, Name: m.o.t.Name + suffix, Description: description, Fields: fields})
}

func (m *measures) input(b *builder, suffix, description string, fields []*schema.Field) *schema.Type {
	return m.named(b, &schema.Type{Kind: schema.Input, Name: m.o.t.Name + suffix, Description: description, Fields: fields})
}

// shared makes the fields that figures over all rows and over groups have alike, once.
func (m *measures) shared(b *builder) []*schema.Field {
	if m.fields != nil {
		return m.fields
	}
	count := schema.NonNull(schema.Of(b.scalars["Int"]))
	m.fields = []*schema.Field{{Name: "count", Type: count, Description: rowCount, Measure: &schema.Measure{Kind: schema.RowCount}}}
	for _, part := range [...]struct {
		name, suffix      string
		text, description string
		kind              schema.MeasureKind
		of                []*schema.Field
		typ               func(*schema.Type) *schema.Ref
	}{
		{
			"countDistinct", "CountDistinct", "How many different values there are; null is none.", "How many different values there are in fields of ",
			schema.DistinctCount, m.own, func(*schema.Type) *schema.Ref { return count },
		},
		{"sum", "Sum", "Sums; null where no row has a value.", "Sums of fields of ", schema.Sum, m.sums, b.sumOf},
		{"avg", "Avg", "Averages; null where no row has a value.", "Averages of fields of ", schema.Avg, m.sums, b.avgOf},
		{"min", "Min", "The smallest values; null where no row has one.", "The smallest values of fields of ", schema.Min, m.ends, schema.Of},
		{"max", "Max", "The greatest values; null where no row has one.", "The greatest values of fields of ", schema.Max, m.ends, schema.Of},
	} {
		if len(part.of) == 0 {
			continue
		}
		inner := make([]*schema.Field, len(part.of))
		for i, f := range part.of {
			inner[i] = &schema.Field{
				Name: f.Name, Type: part.typ(f.Type.Named), Description: f.Description, Deprecated: f.Deprecated,
				Measure: &schema.Measure{Kind: part.kind, Of: f},
			}
		}
		t := m.object(b, part.suffix, part.description+m.o.t.Name+".", inner)
		m.fields = append(m.fields, &schema.Field{
			Name: part.name, Type: schema.NonNull(schema.Of(t)), Description: part.text, Measure: &schema.Measure{Kind: schema.Measures},
		})
	}
	return m.fields
}

// sumOf is the type of a sum: wide enough for what PostgreSQL's sum gives.
func (b *builder) sumOf(t *schema.Type) *schema.Ref {
	switch t = t.Underlying(); t.Name {
	case "Int":
		return schema.Of(b.scalars["BigInt"])
	case "Float":
		return schema.Of(t)
	}
	return schema.Of(b.scalars["Decimal"])
}

func (b *builder) avgOf(t *schema.Type) *schema.Ref {
	if t = t.Underlying(); t.Name == "Float" {
		return schema.Of(t)
	}
	return schema.Of(b.scalars["Decimal"])
}

// makeGroups makes the type of a group, and the arguments that make and choose groups.
func (m *measures) makeGroups(b *builder) {
	of := m.o.t.Name
	choice := m.named(b, &schema.Type{Kind: schema.Enum, Name: of + "GroupField", Description: "Fields that rows of " + of + " can be grouped by.", Chooses: true})
	keys := make([]*schema.Field, len(m.own))
	for i, own := range m.own {
		choice.Values = append(choice.Values, schema.EnumValue{Name: own.Name, Label: own.Name, Description: own.Description, Deprecated: own.Deprecated})
		keys[i] = &schema.Field{
			Name: own.Name, Type: schema.Of(own.Type.Named), Description: own.Description, Deprecated: own.Deprecated,
			Measure: &schema.Measure{Kind: schema.GroupKey, Of: own},
		}
	}
	key := &schema.Field{
		Name: "key", Description: "What the rows have in common; null for a field that they are not grouped by.", Measure: &schema.Measure{Kind: schema.Measures},
		Type: schema.NonNull(schema.Of(m.object(b, "GroupKey", "What rows of "+of+" have in common.", keys))),
	}
	fields := append([]*schema.Field{key}, m.shared(b)...)
	m.group = m.object(b, "Group", "Rows of "+of+" that have something in common.", fields)
	integer := schema.Of(b.scalars["Int"])
	m.choosing = []*schema.Field{
		{
			Name: "by", Type: schema.NonNull(schema.ListOf(schema.NonNull(schema.Of(choice)))),
			Description: "What the rows of a group have in common: at least one field. Null is a value like others.",
		},
		{Name: "having", Type: schema.Of(m.conditions(b)), Description: "Only the groups that match."},
		{
			Name: "orderBy", Type: schema.ListOf(schema.NonNull(schema.Of(m.orders(b, key)))),
			Description: "The order of the groups; their keys decide between equals.",
		},
		{Name: "limit", Type: integer, Description: "At most this many groups."},
		{Name: "offset", Type: integer, Description: "Groups to skip."},
	}
}

// conditions makes the input of having. A field that rows cannot be filtered by is no condition of groups either.
func (m *measures) conditions(b *builder) *schema.Type {
	of := m.o.t.Name
	having := m.input(b, "HavingInput", "Conditions on groups of "+of+"; all of them must hold.", nil)
	list := schema.ListOf(schema.NonNull(schema.Of(having)))
	having.Fields = []*schema.Field{
		{Name: "AND", Type: list, Description: "All of these hold."},
		{Name: "OR", Type: list, Description: "At least one of these holds."},
		{Name: "NOT", Type: schema.Of(having), Description: "This does not hold."},
	}
	m.conditionsOn(b, having)
	return having
}

// conditionsOn gives an input the conditions on figures.
func (m *measures) conditionsOn(b *builder, in *schema.Type) {
	m.each(b, nil, false, "Conditions on figures of "+m.o.t.Name+"; all of them must hold.", in, func(f *schema.Field) *schema.Type {
		if from := f.Measure.Of; from != nil && from.NoFilter {
			return nil
		}
		return b.condition(&schema.Field{Name: f.Name, Type: schema.Of(f.Type.Named)})
	})
}

// orders makes the input of groups' orders.
func (m *measures) orders(b *builder, key *schema.Field) *schema.Type {
	order := m.input(b, "GroupOrderByInput", "An order of groups of "+m.o.t.Name+".", nil)
	m.ordersBy(b, key, order)
	return order
}

// ordersBy gives an input the orders by figures, and by key when there is one.
func (m *measures) ordersBy(b *builder, key *schema.Field, in *schema.Type) {
	m.each(b, key, true, "An order by figures of fields of "+m.o.t.Name+".", in, func(*schema.Field) *schema.Type { return b.direction() })
}

// each gives an input a field for each measure, and for each object of measures, which it makes an input for; objects whose
// fields take the same share one.
func (m *measures) each(b *builder, key *schema.Field, orders bool, description string, in *schema.Type, take func(*schema.Field) *schema.Type) {
	measures := m.shared(b)
	if key != nil {
		measures = append([]*schema.Field{key}, measures...)
	}
	for _, f := range measures {
		var t *schema.Type
		if f.Measure.Kind == schema.Measures {
			name := map[string]string{"key": "Key", "countDistinct": "CountDistinct", "sum": "Sum", "avg": "Avg"}[f.Name]
			switch {
			case name == "":
				name = "MinMax"
			case orders && name == "CountDistinct":
				name = "Key"
			case orders && name == "Avg":
				name = "Sum"
			}
			if name += "HavingInput"; orders {
				name = "Group" + strings.TrimSuffix(name, "HavingInput") + "OrderByInput"
			}
			if _, known := m.inputs[name]; !known {
				m.inputs[name] = nil
				var fields []*schema.Field
				for _, measure := range f.Type.Named.Fields {
					if kind := take(measure); kind != nil {
						fields = append(fields, &schema.Field{Name: measure.Name, Type: schema.Of(kind), Description: measure.Description, Deprecated: measure.Deprecated})
					}
				}
				if len(fields) > 0 {
					m.inputs[name] = m.input(b, name, description, fields)
				}
			}
			t = m.inputs[name]
		} else {
			t = take(f)
		}
		if t != nil {
			in.Fields = append(in.Fields, &schema.Field{Name: f.Name, Type: schema.Of(t), Description: f.Description})
		}
	}
}
