package catalog

import (
	"errors"

	"github.com/fraiseql/fraiseql-go/schema"
)

// declareScalars takes the scalars declared in Go, whose names then stand for them wherever a type is written: in Go, and
// in comments.
func (b *builder) declareScalars() {
	for _, d := range b.d.Scalars {
		as := b.scalars[d.As]
		switch {
		case !schema.ValidName(d.Name):
			b.report(true, d.Origin, "give it another name", "%q cannot be a type's name: it must be letters, digits and _, not starting with a digit or __", d.Name)
		case b.scalars[d.Name] != nil:
			b.report(true, d.Origin, "give it another name", "there is a scalar %s already", d.Name)
		case as == nil || as.As != nil:
			b.report(true, d.Origin, "name one such as String", "%q is no scalar that the database's values have", d.As)
		default:
			b.scalars[d.Name] = &schema.Type{
				Kind: schema.Scalar, Name: d.Name, Description: d.Description, SpecifiedBy: d.SpecifiedBy, As: as, Parse: d.Parse, Serialize: d.Serialize,
			}
		}
	}
}

// unusedScalars refuses scalars that were declared and then forgotten: nobody would ask them for their opinion of a value.
func (b *builder) unusedScalars(s *schema.Schema) error {
	var faults []error
	for _, d := range b.d.Scalars {
		if s.Type(d.Name) == nil {
			p := Problem{
				Fatal: true, Object: d.Origin, Message: "no field or argument of the schema is of this scalar",
				Cure: "use its Go type in a struct, or write @fraiseql:field type=" + d.Name + " on a column, or leave it out",
			}
			b.problems = append(b.problems, p)
			faults = append(faults, p)
		}
	}
	return errors.Join(faults...)
}
