package fraiseql

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/fraiseql/fraiseql-go/internal/engine"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
)

// documents are those that requests name by their ids.
type documents struct {
	store   *gqlop.Persisted
	trusted []gqlop.TrustedDocument // of a manifest
}

// readDocuments makes the store, of the manifest if there is one.
func (o Options) readDocuments() (d documents, err error) {
	if o.TrustedDocuments == "" {
		d.store, err = gqlop.NewPersisted(o.PersistedQueriesBytes)
		return d, err
	}
	text, err := os.ReadFile(o.TrustedDocuments)
	if err != nil {
		return d, fmt.Errorf("TrustedDocuments: %w", err)
	}
	if d.trusted, err = gqlop.ReadManifest(text); err != nil {
		return d, fmt.Errorf("TrustedDocuments: %s: %w", o.TrustedDocuments, err)
	}
	d.store = gqlop.NewTrusted(d.trusted)
	return d, nil
}

// mostToldDocuments bounds the lines that one manifest adds to the log.
const mostToldDocuments = 20

// check tells which trusted documents do not fit the schema. They are no reason not to serve: a manifest has the
// documents of clients that are long gone, too.
func (d documents) check(e *engine.Engine, log *slog.Logger) {
	faults := 0
	for _, d := range d.trusted {
		err := e.Check(d.Text)
		if err == nil {
			continue
		}
		if faults++; faults <= mostToldDocuments {
			log.Warn("a trusted document does not fit the schema, and is refused", "name", d.Name, "id", d.ID, "why", err)
		}
	}
	if faults > 0 {
		log.Warn("trusted documents that do not fit the schema", "count", faults, "of", len(d.trusted))
	}
}
