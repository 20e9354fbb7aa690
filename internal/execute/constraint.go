package execute

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fraiseql/fraiseql-go/internal/compile"
	"github.com/fraiseql/fraiseql-go/internal/fault"
	"github.com/fraiseql/fraiseql-go/internal/jsonw"
	"github.com/fraiseql/fraiseql-go/schema"
)

// Constraint is what is known of a constraint besides its name.
type Constraint struct {
	Columns []string
	Text    string // what its comment tells people; empty: nothing
}

// ConstraintName finds a constraint. Of a domain's the Table is the domain.
type ConstraintName struct{ Schema, Table, Name string }

// blameCall makes the error of a mutation fit for the client.
func (x *run) blameCall(root *compile.Root, err error) *fault.Error {
	var pg *pgconn.PgError
	if x.ctx.Err() == nil && errors.As(err, &pg) && !errors.Is(err, errLost) {
		return x.explainWrite(root, pg)
	}
	if root.Resolver != nil && !errors.Is(err, errLost) {
		return x.blame(err)
	}
	f := explain(x.ctx, err)
	if x.ctx.Err() == nil && errors.Is(err, errLost) { // mutations before it may have been saved
		f.Message = "the connection to the database was lost before the change was saved: send this mutation again"
	}
	return f
}

// explainWrite tells what a statement that writes was refused for: the input field that is to blame, by the columns of the
// constraint, and the text that the constraint's comment has for it. The names of tables and constraints are the operator's,
// and production keeps them; values of rows are never told.
func (x *run) explainWrite(root *compile.Root, pg *pgconn.PgError) *fault.Error {
	f := explainState(pg)
	extend := func(key string, value any) {
		if f.Extensions == nil {
			f.Extensions = map[string]any{}
		}
		f.Extensions[key] = value
	}
	if pg.Code == "25006" {
		f.Message = "the database takes no changes: it is a replica, or its role may only read"
	}
	if f.Code == fault.SerializationFailure {
		f.Message = "the change lost against another one at the same time, and nothing of it was saved: send this mutation again"
	}
	if pg.Code == "42501" {
		f.Message = "the database does not allow this role to do that"
	}
	if pg.Routine == "exec_stmt_raise" && !ofServer(pg.Code) { // the author of a function chose these words
		f.Message = pg.Message
		if f.Code = codeOfState(pg.Code); f.Code == fault.DatabaseError {
			f.Code = fault.BadUserInput
		}
	}
	table := pg.TableName
	if table == "" {
		table = pg.DataTypeName
	}
	known := x.r.o.Constraints[ConstraintName{pg.SchemaName, table, pg.ConstraintName}]
	columns := known.Columns
	if len(columns) == 0 && pg.ColumnName != "" {
		columns = []string{pg.ColumnName}
	}
	if known.Text != "" {
		f.Message = known.Text
	}
	switch fields := x.inputFields(root, columns); len(fields) {
	case 0:
	case 1:
		extend("field", fields[0])
	default:
		extend("field", fields[0])
		extend("fields", fields)
	}
	if !x.r.o.Production && pg.ConstraintName != "" {
		extend("constraint", pg.ConstraintName)
	}
	return f
}

// inputFields names what the client sent into some columns: fields of the input, those of an object in it as address.city, and
// the keys of an input that is any JSON.
func (x *run) inputFields(root *compile.Root, columns []string) []string {
	if root.Call == nil || len(columns) == 0 {
		return nil
	}
	var fields []string
	for _, column := range columns {
		name := ""
		if in := root.Call.Input; in != nil {
			name = fieldOf(in, column, nil)
		} else if slices.ContainsFunc(root.Call.Def.Args, func(a schema.CallArg) bool { return a.Document }) {
			name = keyOf(member(x.plan.Args(root), "input"), column)
		}
		for _, a := range root.Call.Def.Args {
			if name == "" && a.Context == nil && !a.Document && strings.TrimPrefix(a.Name, "p_") == column {
				name = a.Field
			}
		}
		if name != "" && !slices.Contains(fields, name) {
			fields = append(fields, name)
		}
	}
	return fields
}

// fieldOf finds the field of an input object that goes into a column, or else the only one in an object below it.
func fieldOf(in *schema.Type, column string, within []*schema.Type) string {
	for _, f := range in.Fields {
		if key := cmp.Or(f.Key, schema.ColumnName(f.Name)); key == column || strings.TrimPrefix(key, "p_") == column {
			return f.Name
		}
	}
	found := ""
	within = append(within, in)
	for _, f := range in.Fields {
		below := f.Type.Base()
		if below.Kind != schema.Input || slices.Contains(within, below) {
			continue
		}
		if name := fieldOf(below, column, within); name != "" {
			if found != "" {
				return ""
			}
			found = f.Name + "." + name
		}
	}
	return found
}

// keyOf finds the key of a JSON object that goes into a column.
func keyOf(object []byte, column string) string {
	if !begins(object, '{') {
		return ""
	}
	cur := jsonw.At(object)
	for cur.Enter(); cur.More(); {
		key := string(jsonw.AppendUnquoted(nil, append(append([]byte{'"'}, cur.Key()...), '"')))
		cur.Value()
		if schema.ColumnName(key) == column {
			return key
		}
	}
	return ""
}
