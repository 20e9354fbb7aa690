package diagnose

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fraiseql/fraiseql-go/internal/catalog"
	"github.com/fraiseql/fraiseql-go/schema"
)

// dear is how many times as much as columns a document may cost before it is told.
const dear = 2

// documents measures what documents cost that a view makes when it is read, against the same values as columns of the
// view, and writes that view.
func (d *doctor) documents(ctx context.Context) error {
	looked := 0
	for _, t := range d.sources() {
		if !t.Source.Computed {
			continue
		}
		looked++
		rel := d.relation(t.Source)
		if rel == nil {
			continue
		}
		if err := d.document(ctx, t, rel); err != nil {
			return err
		}
	}
	d.report.checked("documents", looked, "types whose document a view makes")
	return nil
}

func (d *doctor) document(ctx context.Context, t *schema.Type, rel *catalog.Relation) error {
	f := Finding{Object: "view " + qualified(rel.Schema, rel.Name), Source: "EXPLAIN (FORMAT JSON) of the statements that these queries send; pg_get_viewdef"}
	if d.o.Analyze {
		f.Source = "EXPLAIN (ANALYZE, FORMAT JSON), the fastest of three runs, of the statements that these queries send; pg_get_viewdef"
	}
	better, why, err := d.columnView(ctx, t, rel)
	if err != nil {
		return err
	}
	all := probes(d.schema, t)
	if better == nil || len(all) == 0 {
		if better != nil {
			why = "no list leads to " + t.Name
		}
		f.Severity, f.Code = Note, "document-unmeasured"
		f.Message = "it makes a document for each row when it is read, and what columns would cost instead could not be measured"
		f.Evidence = []string{why}
		f.Cure = "give the view a column for each field beside its document: the columns are read then, and the document only by those who want it"
		d.report.add(f)
		return nil
	}
	mine, err := newCompiler(d.schema, d.o.MaxPage)
	if err != nil {
		return err
	}
	theirs, err := newCompiler(better.schema, d.o.MaxPage)
	if err != nil {
		return err
	}
	worst := 0.0
	for _, p := range all {
		made, err := d.cost(ctx, mine, p, nil, rel)
		if err == nil {
			var plain float64
			if plain, err = d.cost(ctx, theirs, p, better, rel); err == nil {
				ratio := made / max(plain, 0.001)
				worst = max(worst, ratio)
				f.Evidence = append(f.Evidence, fmt.Sprintf("%s, %s: %s through the document, %s through columns (%.1f ×)", p.what, p.query, d.unit(made), d.unit(plain), ratio))
				continue
			}
		}
		var refused *pgconn.PgError
		switch {
		case errors.As(err, &refused):
			f.Evidence = append(f.Evidence, fmt.Sprintf("%s, %s: not measured: %s (SQLSTATE %s)", p.what, p.query, refused.Message, refused.Code))
		case errors.Is(err, errNoStatement):
			f.Evidence = append(f.Evidence, fmt.Sprintf("%s, %s: not measured: %s", p.what, p.query, err))
		default:
			return err
		}
	}
	f.Paste = better.sql
	f.Cure = "give the view these columns besides: they are read instead of the document, which stays for other readers"
	if better.rest {
		f.Cure += "; nested objects stay in the document, which is made only when one of them is selected"
	}
	switch {
	case worst > dear:
		f.Severity, f.Code = Warning, "document-view"
		f.Message = fmt.Sprintf("the document that it makes for each row costs up to %.1f times what columns cost", worst)
	case strings.Contains(strings.Join(f.Evidence, " "), "not measured"):
		f.Severity, f.Code = Note, "document-unmeasured"
		f.Message = "it makes a document for each row when it is read, and what columns would cost instead could not all be measured"
		f.Cure += ". To measure, let doctor connect as a role that may read the tables below the view"
	default:
		return nil
	}
	d.report.add(f)
	return nil
}

// errNoStatement says that a probe does not compile.
var errNoStatement = errors.New("it has no statement")

// cost measures a probe as it is, or as it were if the view had the columns.
func (d *doctor) cost(ctx context.Context, c *compiler, p probe, better *columnView, rel *catalog.Relation) (float64, error) {
	sql, params, err := c.statement(p.query)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errNoStatement, err)
	}
	if better != nil {
		// The view is not changed: its text stands where its name does.
		name := `"` + strings.ReplaceAll(rel.Schema, `"`, `""`) + `"."` + strings.ReplaceAll(rel.Name, `"`, `""`) + `"`
		sql = strings.ReplaceAll(sql, " from "+name+" as ", " from ("+better.query+") as ")
	}
	return d.measure(ctx, sql, params)
}
