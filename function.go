package fraiseql

import (
	"fmt"
	"reflect"

	"github.com/fraiseql/fraiseql-go/schema"
)

// MutationOptions describes a field of the mutation type.
type MutationOptions struct {
	Description string // default: the function's comment
	Deprecated  string // the reason; empty: not deprecated
	// CommitOnError saves what the function has done although it tells an error. Default: an error leaves nothing behind.
	CommitOnError bool
	// ContextParams are arguments of the function that no client can choose: the session's settings and the token's claims give
	// them, as context_params in a comment has it: auth_tenant_id is app.tenant_id. Default: none.
	ContextParams []string
	Requires      []string // roles and scopes of which a principal must have one; default: none is needed
}

// Function declares a mutation that a function of the database answers. function is its name, with its schema when it is not in
// one of Options.Schemas.
//
// In is a struct with what the client sends, or struct{} for nothing. The function gets it as one jsonb argument whose keys are
// the database's names (authorId is author_id), or, when it takes typed arguments, field by field.
//
// A function that returns a status (a composite with status, message, entity_id, entity, updated_fields, cascade and metadata,
// or the form with succeeded, error_class and http_status) is answered by a union of Success and Error, both structs. A field
// of Success whose type has a source is the entity, read again from there; Status, Message, ID, UpdatedFields, Code, Errors and
// Cascade have what the function tells; any other field is a key of its metadata. What a struct leaves out of these is added,
// and struct{} as Error has the whole of them. A function that returns rows, scalars or nothing is answered by what it returns:
// Success is then the row's type, a scalar, or struct{}, and Error is struct{}. docs/reference/mutations.md tells all of it.
func Function[In, Success, Error any](name, function string, o ...MutationOptions) Mutation {
	return functionMutation{
		in: reflect.TypeFor[In](), success: reflect.TypeFor[Success](), failure: reflect.TypeFor[Error](),
		name: name, function: function, options: last(o),
	}
}

type functionMutation struct {
	in, success, failure reflect.Type
	name, function       string
	options              MutationOptions
}

func (m functionMutation) mutation(d *declarer) (schema.MutationDecl, bool) {
	call := fmt.Sprintf("fraiseql.Function(%q)", m.name)
	if !d.rootName(call, m.name) {
		return schema.MutationDecl{}, false
	}
	decl := schema.MutationDecl{
		Name: m.name, Description: m.options.Description, Deprecated: m.options.Deprecated, Origin: call,
		Function: m.function, CommitOnError: m.options.CommitOnError, ContextParams: m.options.ContextParams,
		Requires: m.options.Requires,
	}
	before := len(d.faults)
	if m.function == "" {
		d.fault("%s: the function's name is empty: name a function of the database", call)
	}
	if !nothing(m.in) {
		f := d.formOf(place{what: call + ": the input", name: title(m.name) + "Input"}, m.in, true)
		switch {
		case f == nil:
		case f.shape == nil || f.elem != nil:
			d.fault("%s: the input is %s: it must be a struct, and struct{} for none", call, m.in)
		default:
			decl.Input = f.sdl
		}
	}
	if !nothing(m.success) {
		if f := d.formOf(place{what: call + ": the success", name: title(m.name) + "Success"}, m.success, false); f != nil {
			decl.Success = f.sdl
		}
	}
	if !nothing(m.failure) {
		f := d.formOf(place{what: call + ": the error", name: title(m.name) + "Error"}, m.failure, false)
		switch {
		case f == nil:
		case f.shape == nil || f.elem != nil:
			d.fault("%s: the error is %s: it must be a struct, and struct{} for the usual fields", call, m.failure)
		default:
			decl.Error = f.sdl
		}
	}
	return decl, len(d.faults) == before
}

// nothing tells struct{}.
func nothing(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t.Name() == "" && t.NumField() == 0
}
