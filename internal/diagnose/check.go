package diagnose

import (
	"context"
	"strings"

	"github.com/fraiseql/fraiseql-go/internal/gqlop"
	"github.com/fraiseql/fraiseql-go/pool"
)

// Check looks at what is served and no further: whether the comments and what Expose names fit the database, as an app reads
// them at its start, and whether the documents fit the schema.
func Check(ctx context.Context, p *pool.Pool, o Options) (*Report, error) {
	d := newDoctor(o)
	err := d.run(ctx, p, []step{
		{"the server's version", d.identity},
		{"the catalog", d.catalog},
		{"documents", d.trusted},
	})
	if err != nil {
		return nil, err
	}
	d.report.finish()
	return d.report, nil
}

// identity tells who was asked.
func (d *doctor) identity(ctx context.Context) error {
	s := &d.report.Server
	err := d.tx.QueryRow(ctx, `SELECT pg_catalog.current_setting('server_version'), pg_catalog.current_database()::text, current_user::text`).Scan(&s.Version, &s.Database, &s.Role)
	s.Version, _, _ = strings.Cut(s.Version, " ") // what follows is the packager's
	return err
}

// trusted finds the documents that the schema refuses.
func (d *doctor) trusted(context.Context) error {
	if d.schema == nil || len(d.o.Documents) == 0 {
		return nil
	}
	docs, err := gqlop.New(d.schema, d.o.Limits)
	if err != nil {
		return err
	}
	for _, doc := range d.o.Documents {
		if err := docs.Check(doc.Text); err != nil {
			name := doc.ID
			if doc.Name != "" {
				name = doc.Name + " (" + doc.ID + ")"
			}
			d.report.add(Finding{
				Severity: Warning, Code: "document-refused", Object: "trusted document " + name, Message: "it does not fit the schema, so requests for it are refused",
				Evidence: []string{err.Error()}, Source: "the manifest of trusted documents",
				Cure: "let the schema keep what clients that are still in use ask for, or take the document out of the manifest",
			})
		}
	}
	d.report.checked("documents", len(d.o.Documents), "trusted documents")
	return nil
}
