package diagnose

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fraiseql/fraiseql-go/internal/catalog"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/pool"
	"github.com/fraiseql/fraiseql-go/schema"
)

// Options say what is looked at. Without Build nothing is served; the other zero values take the defaults of an app.
type Options struct {
	Pool pool.Options // of the app; only its numbers count

	Schemas        []string             // default: public
	Build          catalog.BuildOptions // what is served of them
	MaxPage        int                  // default: 1000; negative: none
	RoleFromClaims bool                 // requests set a role of their own

	Documents []gqlop.TrustedDocument // that Check compares with the schema
	Limits    gqlop.Limits            // of these documents

	// Analyze runs the statements that are compared, instead of asking for their estimated cost only.
	Analyze bool
	// StatementTimeout bounds each of these statements. Default: 30 s; negative: no limit.
	StatementTimeout time.Duration
	// MinRows is the number of rows below which a table needs no index. Default: 1000.
	MinRows int
	// Now decides whether a version is still maintained. Default: the current time.
	Now time.Time
}

func (o Options) withDefaults() Options {
	if len(o.Schemas) == 0 {
		o.Schemas = []string{"public"}
	}
	o.MaxPage = cmp.Or(o.MaxPage, 1000)
	o.StatementTimeout = cmp.Or(o.StatementTimeout, 30*time.Second)
	o.MinRows = cmp.Or(o.MinRows, 1000)
	o.Now = cmp.Or(o.Now, time.Now())
	return o
}

// doctor is one run.
type doctor struct {
	o      Options
	tx     pgx.Tx
	report *Report

	version int // as server_version_num
	facts   *catalog.Facts
	schema  *schema.Schema // nil: nothing can be served
	reached []reach        // tables behind what is served; set by rowSecurity
}

// Run looks at the database behind a pool. The pool needs one connection and no more; its Name should be the app's, so
// that running processes of the app are not taken for other programs. An error means that the database could not be asked;
// whatever is wrong with it is a finding.
func Run(ctx context.Context, p *pool.Pool, o Options) (*Report, error) {
	d := newDoctor(o)
	err := d.run(ctx, p, []step{
		{"the server's settings", d.server},
		{"the catalog", d.catalog},
		{"row-level security", d.rowSecurity},
		{"indexes", d.indexes},
		{"plans of document views", d.documents},
	})
	if err != nil {
		return nil, err
	}
	d.budget(p)
	d.report.finish()
	return d.report, nil
}

func newDoctor(o Options) *doctor {
	return &doctor{o: o.withDefaults(), report: &Report{Checked: []Checked{}, Findings: []Finding{}}}
}

// step is one part of a run.
type step struct {
	what string
	do   func(context.Context) error
}

// run takes the steps in one transaction.
func (d *doctor) run(ctx context.Context, p *pool.Pool, steps []step) error {
	return p.Tx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		d.tx = tx
		// With no search path the server writes every name out, so that what is printed means the same for everybody.
		if _, err := tx.Exec(ctx, "set local statement_timeout = 0; set local search_path = pg_catalog"); err != nil {
			return err
		}
		for _, s := range steps {
			if err := s.do(ctx); err != nil {
				return fmt.Errorf("asking for %s: %w", s.what, err)
			}
		}
		return nil
	})
}

// catalog reads what can be served, and shows what cannot.
func (d *doctor) catalog(ctx context.Context) (err error) {
	if d.facts, err = catalog.Read(ctx, d.tx, catalog.Options{Schemas: d.o.Schemas}); err != nil {
		return err
	}
	built, problems, err := catalog.Build(d.facts, schema.Declarations{}, d.o.Build)
	d.schema = built
	const source = "pg_class, pg_attribute, pg_type and the comments in pg_description, as serve reads them"
	served := d.sources()
	d.report.checked("catalog", len(served), "types with rows")
	if err != nil {
		f := Finding{
			Severity: Error, Code: "nothing-served", Object: "the schema", Message: err.Error(), Source: source,
			Cure: "annotate a view, or expose relations by name", Paste: []string{"--expose 'v_*'"},
		}
		if errors.Is(err, catalog.ErrNoQuery) {
			f.Message = catalog.ErrNoQuery.Error()
		}
		d.report.add(f)
	}
	var paths []string
	for _, found := range problems {
		if found.Cure == createLtree {
			paths = append(paths, found.Object)
			continue
		}
		severity := Warning
		if found.Fatal {
			severity = Error
		}
		d.report.add(Finding{Severity: severity, Code: "not-served", Object: found.Object, Message: found.Message, Source: source, Cure: found.Cure})
	}
	d.ltree(served, paths)
	return nil
}

const createLtree = "CREATE EXTENSION ltree"

// ltree tells that paths are asked for where their extension is missing.
func (d *doctor) ltree(served []*schema.Type, reported []string) {
	for _, t := range served {
		for _, f := range t.Fields {
			if f.Column != nil && f.Type.Base().Name == "LTreePath" && f.Type.Base().SQL == "" {
				reported = append(reported, "field "+t.Name+"."+f.Name)
			}
		}
	}
	if len(reported) == 0 {
		return
	}
	d.report.add(Finding{
		Severity: Warning, Code: "ltree-missing", Object: "extension ltree",
		Message:  "it is not installed, so fields of type LTreePath have no operators on paths (ancestorOf, descendantOf, matchesLquery, …)",
		Evidence: reported, Source: "pg_extension",
		Cure: "install it: a superuser can, or from PostgreSQL 13 on whoever may create objects in the database", Paste: []string{createLtree + ";"},
	})
}

// sources lists the types that have rows, by name.
func (d *doctor) sources() []*schema.Type {
	if d.schema == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(d.schema.Types()), func(t *schema.Type) bool { return t.Source == nil })
}

// relation finds the relation behind a source.
func (d *doctor) relation(src *schema.Source) *catalog.Relation {
	i := slices.IndexFunc(d.facts.Relations, func(r *catalog.Relation) bool { return r.Schema == src.Schema && r.Name == src.Name })
	if i < 0 {
		return nil
	}
	return d.facts.Relations[i]
}

// each calls do for each row of a query, with the row's scan.
func (d *doctor) each(ctx context.Context, sql string, args []any, do func(scan func(...any) error) error) error {
	rows, err := d.tx.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := do(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
