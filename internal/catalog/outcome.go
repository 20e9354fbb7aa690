package catalog

import (
	"slices"
	"strings"

	"github.com/fraiseql/fraiseql-go/schema"
)

// row is what a function gives, taken apart.
type row struct {
	attributes []Attribute // of a composite, of RETURNS TABLE or of OUT arguments
	columns    []string    // their names
	json       bool        // it is one JSON value
	typ        *Type       // the value's type; nil of RETURNS TABLE
}

func (m *mutation) gives() row {
	fn := m.fn
	t := m.b.f.base(fn.Returns)
	r := row{typ: t, json: isJSON(t)}
	switch {
	case len(fn.Table) > 1 || len(fn.Table) == 1 && t != nil && t.Name == "record":
		r.attributes, r.typ = fn.Table, nil
	case t != nil && t.Kind == 'c':
		r.attributes = t.Attributes
	}
	for _, a := range r.attributes {
		r.columns = append(r.columns, a.Name)
	}
	return r
}

// isResponse tells whether a row is one of the two forms in which functions tell how they fared.
func (r row) isResponse() bool {
	has := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(n string) bool { return !slices.Contains(r.columns, n) })
	}
	return has("status", "message", "metadata") || has("succeeded", "error_class", "message")
}

// result finds out what the function gives, and makes the field's type of it.
func (m *mutation) result() bool {
	b, r := m.b, m.gives()
	success := strings.TrimRight(strings.TrimLeft(m.decl.Success, "["), "]!")
	var o *object
	if success != "" {
		if o = b.objects[success]; o != nil && o.dropped {
			m.report("see what is said of "+o.decl.Origin, "its type %s cannot be served", success)
			return false
		}
		if o == nil && b.lookup(success) == nil {
			cure := "declare it, or annotate the view that has its rows"
			if near := nearest(success, b.typeNames()); near != "" {
				cure = "did you mean " + near + "?"
			}
			m.report(cure, "there is no type %s for its success", success)
			return false
		}
	}
	t := m.b.f.base(m.fn.Returns)
	switch {
	case t == nil:
		m.report("", "what it returns is not known")
		return false
	case r.isResponse(), r.json && m.decl.Error != "":
		if m.fn.Set && m.fn.Table == nil {
			m.report("return one "+t.Name+", and the rows in its entity", "it returns a set of them, and a mutation has one status")
			return false
		}
		return m.response(r, o)
	case t.Name == "void":
		m.call.Gives = schema.Nothing
		m.field.Type = schema.Of(b.scalars["Boolean"])
		return true
	case t.Name == "trigger" || t.Kind == 'p' && r.attributes == nil:
		m.report("return a row, a scalar or void", "%s returns %s", m.fn, t.Name)
		return false
	}
	m.call.Many = m.fn.Set
	if o == nil && t.Kind == 'c' { // rows of a relation that a type is served from
		o = b.objectOn(t)
	}
	switch {
	case o != nil && o.rel != nil && (r.attributes != nil || r.json):
		return m.entities(r, o)
	case o != nil && o.rel == nil && (r.attributes != nil || r.json):
		return m.made(schema.Objects, schema.Of(o.t))
	case o != nil:
		m.report("return its rows, or jsonb", "its type %s is an object, and %s returns %s", success, m.fn, b.f.sqlName(t))
		return false
	case success != "":
		w, declared := b.output(m.decl.Success, m.on, m.fatal)
		if declared == nil {
			return false
		}
		if m.fn.Set && w.elem != nil {
			w = w.elem
		}
		if ok, offer := b.fits(m.fn.Returns, w, declared); !ok {
			m.report("declare "+offer, "%s returns %s, which cannot be served as %s", m.fn, b.f.sqlName(t), m.decl.Success)
			return false
		}
		return m.made(schema.Values, w.with(declared))
	case r.typ == nil:
		m.report("name the type that the columns make up by success_type, or return a composite type", "%s returns columns without a type's name", m.fn)
		return false
	}
	ref, why := b.usual(m.fn.Returns)
	if ref == nil {
		m.report("return another type", "%s", why)
		return false
	}
	if t.Kind == 'c' {
		return m.made(schema.Objects, ref)
	}
	return m.made(schema.Values, ref)
}

// objectOn finds the type that is served from the relation whose rows a type stands for.
func (b *builder) objectOn(t *Type) *object {
	for _, o := range b.order {
		if !o.dropped && o.rel != nil && o.rel.Schema == t.Schema && o.rel.Name == t.Name {
			return o
		}
	}
	return nil
}

// made gives the field its type. It is nullable, so that its error leaves the other mutations' answers alone.
func (m *mutation) made(gives schema.Gives, ref *schema.Ref) bool {
	m.call.Gives = gives
	ref = &schema.Ref{Named: ref.Named, Elem: ref.Elem}
	if m.call.Many {
		ref = schema.ListOf(schema.NonNull(ref))
	}
	m.field.Type = ref
	return true
}

// entities is a function that gives rows of a type: their keys are enough, as the rows are read again.
func (m *mutation) entities(r row, o *object) bool {
	if len(o.t.Key) == 0 {
		m.report("name the key on the type", "its type %s has no key by which its rows are found again", o.t.Name)
		return false
	}
	for _, k := range o.t.Key {
		name := m.b.sqlNames[k]
		if !r.json && !slices.Contains(r.columns, name) {
			m.report(listed(name, r.columns), "%s gives no %s, by which the row of %s is found again", m.fn, name, o.t.Name)
			return false
		}
		m.call.Keys = append(m.call.Keys, name)
	}
	m.call.JSON, m.call.Entity = r.json, o.t
	return m.made(schema.Entities, schema.Of(o.t))
}

// response is a function that tells how it fared: its field is a union of what it made and an error.
func (m *mutation) response(r row, o *object) bool {
	b, call := m.b, m.call
	call.Gives, call.JSON, call.Columns = schema.Response, r.json, r.columns
	base := upperFirst(m.decl.Name)
	var success *schema.Type
	switch {
	case o != nil && o.rel == nil && m.fatal: // a Go struct, made for this
		success = o.t
		if !m.adopt(success) {
			return false
		}
	default:
		if success = m.claim(base + "Success"); success == nil {
			return false
		}
		success.Description = "That " + m.decl.Name + " has succeeded."
	}
	failure := b.errorTypes[m.decl.Error]
	if failure == nil {
		switch o := b.objects[m.decl.Error]; {
		case o != nil && o.rel == nil && !o.dropped:
			failure = o.t
			if !m.adopt(failure) {
				return false
			}
		case o != nil:
			m.report("name a type without a source, or leave it to be made", "its error type %s has rows of its own", m.decl.Error)
			return false
		default:
			name := base + "Error"
			if m.decl.Error != "" {
				name = m.decl.Error
			}
			if failure = m.claim(name); failure == nil {
				return false
			}
			failure.Description = "That a mutation has changed nothing."
		}
		if m.decl.Error != "" {
			b.errorTypes[m.decl.Error] = failure
		}
		b.fillOutcome(failure, []part{
			{"status", "String!", schema.OutcomeStatus, "The function's own word for it."},
			{"message", "String", schema.OutcomeMessage, "What to tell people."},
			{"code", "Int!", schema.OutcomeCode, "What HTTP would call it: 401, 403, 404, 408, 409, 422 or 500."},
			{"errors", "[MutationError!]!", schema.OutcomeErrors, "The errors one by one; at least one."},
		})
	}
	b.fillOutcome(success, []part{
		{"status", "String!", schema.OutcomeStatus, "The function's own word for it: success, created, updated, deleted."},
		{"message", "String", schema.OutcomeMessage, "What to tell people."},
		{"updatedFields", "[String!]", schema.OutcomeUpdated, "The names of the fields that have changed."},
		{"id", "ID", schema.OutcomeID, "The entity's id."},
	})
	switch {
	case o == nil:
		b.fillOutcome(success, []part{{"entity", "JSON", schema.OutcomeEntity, "The entity as the function gave it."}})
	case success != o.t:
		success.Fields = append(success.Fields, &schema.Field{
			Name: oneName(o.t.Name), Type: schema.Of(o.t), Outcome: schema.OutcomeEntity, Description: "The entity as it is now; null when it is gone.",
		})
	}
	if call.JSON || slices.Contains(r.columns, "cascade") {
		b.fillOutcome(success, []part{{"cascade", "Cascade", schema.OutcomeCascade, "What else has changed."}})
	}
	for _, f := range success.Fields {
		if f.Outcome != schema.OutcomeEntity || b.objects[f.Type.Base().Name] == nil || b.objects[f.Type.Base().Name].rel == nil {
			continue
		}
		entity := f.Type.Base()
		switch {
		case call.Entity != nil && call.Entity != entity:
			m.report("keep one of them", "the fields of %s have rows of %s and of %s, and a mutation is about one entity", success.Name, call.Entity.Name, entity.Name)
			return false
		case f.Type.Elem != nil:
			m.report("return the rows themselves", "%s.%s is a list, and a response has one entity", success.Name, f.Name)
			return false
		case len(entity.Key) == 0:
			m.report("name the key on the type", "its type %s has no key by which its rows are found again", entity.Name)
			return false
		}
		call.Entity, call.Keys = entity, nil
		for _, k := range entity.Key {
			call.Keys = append(call.Keys, b.sqlNames[k])
		}
	}
	if !b.claim(base+"Result", m.on, m.fatal) {
		return false
	}
	m.field.Type = schema.Of(&schema.Type{
		Kind: schema.Union, Name: base + "Result", Description: "What comes of " + m.decl.Name + ".",
		Possible: []*schema.Possible{{Type: success, Labels: []string{schema.SuccessLabel}}, {Type: failure, Labels: []string{schema.ErrorLabel}}},
	})
	return true
}

// claim makes an object type of a name that is free.
func (m *mutation) claim(name string) *schema.Type {
	if !m.b.claim(name, m.on, m.fatal) {
		return nil
	}
	return &schema.Type{Kind: schema.Object, Name: name}
}

// part is a field that is filled in by itself.
type part struct {
	name, typ   string
	outcome     schema.Outcome
	description string
}

// adopt makes the fields of a struct declared in Go those of an outcome: rows of a type with a source are the entity, what is
// called as one of the parts is that part, and everything else is a key of the metadata.
func (m *mutation) adopt(t *schema.Type) bool {
	if slices.ContainsFunc(t.Fields, func(f *schema.Field) bool { return f.Outcome != 0 }) {
		return true // by another mutation
	}
	for _, f := range t.Fields {
		if o := m.b.objects[f.Type.Base().Name]; o != nil && o.rel != nil {
			f.Outcome = schema.OutcomeEntity
			continue
		}
		switch f.Name {
		case "status":
			f.Outcome = schema.OutcomeStatus
		case "message":
			f.Outcome = schema.OutcomeMessage
		case "id":
			f.Outcome = schema.OutcomeID
		case "updatedFields":
			f.Outcome = schema.OutcomeUpdated
		case "code":
			f.Outcome = schema.OutcomeCode
		case "errors":
			f.Outcome = schema.OutcomeErrors
		case "cascade":
			f.Outcome = schema.OutcomeCascade
		case "entity":
			f.Outcome = schema.OutcomeEntity
		default:
			if f.Batch == nil {
				f.Outcome = schema.OutcomeMetadata
			}
		}
	}
	return true
}

// fillOutcome adds the parts that a type does not have yet.
func (b *builder) fillOutcome(t *schema.Type, parts []part) {
	for _, p := range parts {
		if slices.ContainsFunc(t.Fields, func(f *schema.Field) bool { return f.Name == p.name }) {
			continue
		}
		w, _ := parseType(p.typ)
		of := b.scalars[w.base()]
		if of == nil {
			of = b.outcomeType(w.base())
		}
		t.Fields = append(t.Fields, &schema.Field{Name: p.name, Type: w.with(of), Outcome: p.outcome, Description: p.description})
	}
}

// outcomeType makes the types that the parts of outcomes have, once.
func (b *builder) outcomeType(name string) *schema.Type {
	if made := b.outcomes[name]; made != nil {
		return made
	}
	t := &schema.Type{Kind: schema.Object, Name: name}
	b.outcomes[name] = t
	b.claim(name, "the answers of mutations", true)
	add := func(field, typ, key, description string) {
		w, _ := parseType(typ)
		of := b.scalars[w.base()]
		if of == nil {
			of = b.outcomeType(w.base())
		}
		t.Fields = append(t.Fields, &schema.Field{Name: field, Type: w.with(of), Key: key, Description: description})
	}
	switch name {
	case "MutationError":
		t.Description = "One thing that was wrong."
		add("code", "Int", "code", "What HTTP would call it.")
		add("identifier", "String", "identifier", "What programs know it by.")
		add("message", "String", "message", "What to tell people.")
		add("details", "JSON", "details", "Whatever else the function tells.")
	case "Cascade":
		t.Description = "What else a mutation has changed, so that clients can bring their caches up to date."
		add("updated", "[CascadeEntity!]!", "updated", "Entities that were made or changed.")
		add("deleted", "[CascadeEntity!]!", "deleted", "Entities that are gone.")
		add("invalidations", "[CascadeInvalidation!]!", "invalidations", "Queries whose answers are out of date.")
		add("metadata", "CascadeMetadata", "metadata", "")
	case "CascadeEntity":
		t.Description = "An entity that has changed."
		add("type", "String", "__typename", "The name of its type.")
		add("id", "ID", "id", "")
		add("operation", "String", "operation", "CREATED, UPDATED or DELETED.")
		add("entity", "JSON", "entity", "The entity as the function gave it.")
		add("deletedAt", "String", "deletedAt", "")
	case "CascadeInvalidation":
		t.Description = "A query whose answers are out of date."
		add("queryName", "String", "queryName", "")
		add("strategy", "String", "strategy", "")
		add("scope", "String", "scope", "")
	case "CascadeMetadata":
		t.Description = "About the change as a whole."
		add("timestamp", "String", "timestamp", "")
		add("affectedCount", "Int", "affectedCount", "")
		add("depth", "Int", "depth", "")
		add("transactionId", "String", "transactionId", "")
	}
	return t
}
