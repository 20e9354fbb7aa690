package fraiseql

import (
	"fmt"
	"os"

	"github.com/fraiseql/fraiseql-go/internal/engine"
	"github.com/fraiseql/fraiseql-go/internal/gqlop"
)

// readDocuments makes the store of documents that requests name by their ids. trusted are those of a manifest.
func (o Options) readDocuments() (store *gqlop.Persisted, trusted []gqlop.TrustedDocument, err error) {
	if o.TrustedDocuments == "" {
		store, err = gqlop.NewPersisted(o.PersistedQueriesBytes)
		return store, nil, err
	}
	text, err := os.ReadFile(o.TrustedDocuments)
	if err != nil {
		return nil, nil, fmt.Errorf("TrustedDocuments: %w", err)
	}
	if trusted, err = gqlop.ReadManifest(text); err != nil {
		return nil, nil, fmt.Errorf("TrustedDocuments: %s: %w", o.TrustedDocuments, err)
	}
	return gqlop.NewTrusted(trusted), trusted, nil
}

// mostToldDocuments bounds the lines that one manifest adds to the log.
const mostToldDocuments = 20

// checkDocuments tells which trusted documents do not fit the schema. They are no reason not to serve: a manifest has the
// documents of clients that are long gone, too.
func (a *App) checkDocuments(e *engine.Engine) {
	faults := 0
	for _, d := range a.trusted {
		err := e.Check(d.Text)
		if err == nil {
			continue
		}
		if faults++; faults <= mostToldDocuments {
			a.o.Logger.Warn("a trusted document does not fit the schema, and is refused", "name", d.Name, "id", d.ID, "why", err)
		}
	}
	if faults > 0 {
		a.o.Logger.Warn("trusted documents that do not fit the schema", "count", faults, "of", len(a.trusted))
	}
}
