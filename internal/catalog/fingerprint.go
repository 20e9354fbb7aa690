package catalog

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// fingerprint sums up which version of each row of the catalog there is, of the objects that users have made. VACUUM and
// ANALYZE change their rows in place, and do not show.
const fingerprint = `SELECT count(*) || ' ' || coalesce(sum(hashtextextended(row::text, 0)), 0) FROM (
	SELECT ROW('relation', oid, xmin) AS row FROM pg_class WHERE oid >= 16384 AND relpersistence <> 't' AND relkind IN ('r', 'v', 'm', 'f', 'p')
	UNION ALL SELECT ROW('column', a.attrelid, a.attnum, a.xmin) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
		WHERE a.attrelid >= 16384 AND c.relpersistence <> 't' AND c.relkind IN ('r', 'v', 'm', 'f', 'p', 'c')
	UNION ALL SELECT ROW('default', oid, xmin) FROM pg_attrdef
	UNION ALL SELECT ROW('view', w.oid, w.xmin) FROM pg_rewrite w JOIN pg_class c ON c.oid = w.ev_class WHERE w.oid >= 16384 AND c.relpersistence <> 't'
	UNION ALL SELECT ROW('constraint', oid, xmin) FROM pg_constraint WHERE oid >= 16384
	UNION ALL SELECT ROW('function', oid, xmin) FROM pg_proc WHERE oid >= 16384
	UNION ALL SELECT ROW('type', oid, xmin) FROM pg_type WHERE oid >= 16384 AND typtype IN ('e', 'd', 'c')
	UNION ALL SELECT ROW('value', oid, xmin) FROM pg_enum
	UNION ALL SELECT ROW('comment', objoid, objsubid, xmin) FROM pg_description WHERE objoid >= 16384
	UNION ALL SELECT ROW('schema', oid, xmin) FROM pg_namespace WHERE nspname !~ '^pg_'
	UNION ALL SELECT ROW('extension', oid, xmin) FROM pg_extension
) objects`

// Fingerprint is a text that changes when anything may have changed that Read reads. It costs a few milliseconds.
func Fingerprint(ctx context.Context, c Querier) (string, error) {
	rows, err := c.Query(ctx, fingerprint)
	if err != nil {
		return "", fmt.Errorf("looking whether the catalog has changed: %w", err)
	}
	text, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[string])
	if err != nil {
		return "", fmt.Errorf("looking whether the catalog has changed: %w", err)
	}
	return text, nil
}
