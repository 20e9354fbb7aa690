package diagnose

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fraiseql/fraiseql-go/internal/catalog"
	"github.com/fraiseql/fraiseql-go/internal/compile"
	"github.com/fraiseql/fraiseql-go/schema"
)

// place is what an index would hold: a column of a table, or an expression on its document.
type place struct {
	table  uint32
	column string // of the table; for an expression, the document's
	expr   string // ready for CREATE INDEX; empty: the column
	method string // btree, gin or gist
}

// use is a way in which requests look rows up.
type use struct {
	kind   useKind
	places []place // an index on any of them, first in it, serves
	where  string  // User.posts
	view   string  // the source that is read, when it is a view
}

type useKind uint8

const (
	byRelation useKind = iota // rows behind a relation
	byKey                     // a row by its key
	byFilter                  // a filter or an order that a client may ask for
)

// table is what is known of a table that requests look rows up in.
type table struct {
	oid     uint32
	name    string // ready for SQL
	kind    string
	rows    int64
	indexes []index
	unfit   []string // columns with so few values that no index is used for them, or with texts too long for one
}

// index is one column of an index.
type index struct {
	method  string
	partial bool
	first   bool
	column  string // empty: an expression
	expr    string // as the server writes it, compacted
}

// Values of more than a kilobyte leave no trace in the statistics but the number of different ones.
const tablesSQL = `
SELECT c.oid, n.nspname::text, c.relname::text, c.relkind::text,
	(SELECT sum(greatest(k.reltuples, pg_catalog.pg_stat_get_live_tuples(k.oid), 0))::int8
		FROM pg_catalog.pg_class AS k
		WHERE k.oid = c.oid AND c.relkind <> 'p'
		OR c.relkind = 'p' AND k.oid IN (SELECT p.relid FROM pg_catalog.pg_partition_tree(c.oid) AS p WHERE p.isleaf)),
	coalesce(s.unfit, '{}')
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN LATERAL (SELECT array_agg(s.attname::text) AS unfit
	FROM pg_catalog.pg_stats AS s
	WHERE s.schemaname = n.nspname AND s.tablename = c.relname
	AND (s.n_distinct > 0 AND s.n_distinct <= 10 OR s.avg_width > 250
		OR s.n_distinct < 0 AND s.histogram_bounds IS NULL AND s.most_common_vals IS NULL)) AS s ON true
WHERE c.oid = ANY ($1::oid[]) AND c.relkind IN ('r', 'p', 'm')
ORDER BY n.nspname, c.relname`

const indexesSQL = `
SELECT i.indrelid, m.amname::text, i.indpred IS NOT NULL, k.place = 1, coalesce(a.attname::text, ''),
	CASE WHEN k.number = 0 THEN pg_catalog.pg_get_indexdef(i.indexrelid, k.place::int, false) ELSE '' END
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place)
LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.number AND k.number <> 0
WHERE i.indrelid = ANY ($1::oid[]) AND i.indisvalid AND i.indisready AND k.place <= i.indnkeyatts`

const indexSource = "pg_class.reltuples, pg_stat_get_live_tuples and pg_index"

// indexes looks whether an index serves what requests may look up in large tables.
func (d *doctor) indexes(ctx context.Context) error {
	uses := d.uses()
	var oids []uint32
	for _, u := range uses {
		for _, p := range u.places {
			if !slices.Contains(oids, p.table) {
				oids = append(oids, p.table)
			}
		}
	}
	tables, err := d.readTables(ctx, oids)
	if err != nil {
		return err
	}
	looked := 0
	for _, t := range tables {
		if t.rows < int64(d.o.MinRows) {
			continue
		}
		var missing [byFilter + 1][]use
		for _, u := range uses {
			if !slices.ContainsFunc(u.places, func(p place) bool { return p.table == t.oid }) {
				continue
			}
			looked++
			if !t.serves(u) && !(u.kind == byFilter && t.unfitFor(u.places[0])) {
				missing[u.kind] = append(missing[u.kind], u)
			}
		}
		d.tellIndexes(t, missing)
	}
	d.report.checked("indexes", looked, fmt.Sprintf("relations, keys, filters and orders on tables of %d rows or more", d.o.MinRows))
	return nil
}

// tellIndexes makes one finding for each kind of use of a table; what was asked for already is not asked for again.
func (d *doctor) tellIndexes(t table, missing [byFilter + 1][]use) {
	var told []string
	for kind, uses := range missing {
		f := Finding{Severity: Warning, Object: "table " + t.name, Source: indexSource, Evidence: []string{count(int(t.rows), "row", "rows") + " (estimated by the server)"}}
		for _, u := range uses {
			sql := t.create(u)
			if slices.Contains(told, sql) {
				continue
			}
			told, f.Paste = append(told, sql), append(f.Paste, sql)
			f.Evidence = append(f.Evidence, u.evidence())
		}
		if len(f.Paste) == 0 {
			continue
		}
		f.Cure = "create the index"
		if len(f.Paste) > 1 {
			f.Cure = "create the indexes"
		}
		switch useKind(kind) {
		case byRelation:
			f.Code, f.Message = "relation-index", "rows behind a relation are found by reading the whole table, once for each parent"
		case byKey:
			f.Code, f.Message = "key-index", "a row is found by its key by reading the whole table"
		case byFilter:
			f.Severity, f.Code = Note, "filter-index"
			f.Message = "clients may filter or order by these fields, and no index serves them"
			f.Cure = "create those that your clients' queries need, for each slows writes down; where a field should not be filtered at all, say so by `filters: [..]` in the annotation"
		}
		f.Cure += " (CONCURRENTLY lets writes go on, and cannot run inside a transaction: leave it out there)"
		d.report.add(f)
	}
}

func (u use) evidence() string {
	names := make([]string, len(u.places))
	for i, p := range u.places {
		names[i] = cmp.Or(p.expr, ident(p.column))
	}
	text := u.where + " looks for " + strings.Join(names, ", ")
	if u.view != "" {
		text += " by way of view " + u.view
	}
	return text
}

// create writes the index that serves a use.
func (t table) create(u use) string {
	words := make([]string, 0, len(u.places))
	for _, p := range u.places {
		if p.expr != "" {
			words = append(words, "("+p.expr+")")
		} else {
			words = append(words, ident(p.column))
		}
	}
	concurrently, using := "CONCURRENTLY ", ""
	if t.kind == "p" {
		concurrently = "" // PostgreSQL has it not for partitioned tables
	}
	if method := u.places[0].method; method != btree {
		using = " USING " + method
	}
	return "CREATE INDEX " + concurrently + "ON " + t.name + using + " (" + strings.Join(words, ", ") + ");"
}

// unfitFor tells a column for which nobody would make a btree.
func (t table) unfitFor(p place) bool {
	return p.expr == "" && p.method == btree && slices.Contains(t.unfit, p.column)
}

// serves tells whether an index of the table can find the rows. A partial one counts when a view is read, whose own
// condition may be the same.
func (t table) serves(u use) bool {
	return slices.ContainsFunc(t.indexes, func(i index) bool {
		if i.partial && u.view == "" {
			return false
		}
		return slices.ContainsFunc(u.places, func(p place) bool {
			if p.method == btree && (!i.first || i.method == gin) || p.method != btree && (i.method == btree || i.method == "hash") {
				return false
			}
			if p.expr != "" {
				return i.column == "" && i.expr == compact(p.expr)
			}
			return i.column == p.column
		})
	})
}

const btree, gin, gist = "btree", "gin", "gist"

// compact takes away from an expression what the server writes in other ways than we do.
func compact(expr string) string {
	for _, name := range [...][2]string{{"::int4", "::integer"}, {"::int8", "::bigint"}, {"::float8", "::doubleprecision"}, {"::bool", "::boolean"}} {
		if rest, ok := strings.CutSuffix(expr, name[0]); ok {
			expr = rest + name[1]
		}
	}
	return strings.NewReplacer(" ", "", "(", "", ")", "", `"`, "", "::text", "").Replace(expr)
}

func (d *doctor) readTables(ctx context.Context, oids []uint32) (all []table, err error) {
	if len(oids) == 0 {
		return nil, nil
	}
	err = d.each(ctx, tablesSQL, []any{oids}, func(scan func(...any) error) error {
		var t table
		var sch, name string
		var rows *int64
		if err := scan(&t.oid, &sch, &name, &t.kind, &rows, &t.unfit); err != nil {
			return err
		}
		if rows != nil {
			t.rows = *rows
		}
		t.name = qualified(sch, name)
		all = append(all, t)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, d.each(ctx, indexesSQL, []any{oids}, func(scan func(...any) error) error {
		var oid uint32
		var i index
		if err := scan(&oid, &i.method, &i.partial, &i.first, &i.column, &i.expr); err != nil {
			return err
		}
		i.expr = compact(i.expr)
		for n := range all {
			if all[n].oid == oid {
				all[n].indexes = append(all[n].indexes, i)
			}
		}
		return nil
	})
}

// uses lists what requests may look rows up by: relations, then keys, then filters and orders.
func (d *doctor) uses() []use {
	var all []use
	for _, t := range d.sources() {
		rel := d.relation(t.Source)
		if rel == nil {
			continue
		}
		for _, f := range t.Fields {
			if f.Relation == nil || f.Relation.As != 0 || f.Relation.To.Source == nil {
				continue // the figures beside a list look for the list's rows
			}
			to := d.relation(f.Relation.To.Source)
			u := use{kind: byRelation, where: t.Name + "." + f.Name, view: viewName(to)}
			for _, j := range f.Relation.By {
				if p, ok := d.place(to, j.Remote.Name); ok {
					u.places = append(u.places, p)
				}
			}
			all = append(all, u)
		}
		key := use{kind: byKey, where: "the key of " + t.Name, view: viewName(rel)}
		for _, f := range t.Key {
			if p, ok := d.placeOf(t.Source, rel, f); ok && p.method == btree {
				key.places = append(key.places, p)
			}
		}
		all = append(all, key)
		for _, f := range t.Fields {
			if p, ok := d.placeOf(t.Source, rel, f); ok && (!f.NoFilter || !f.NoOrder) && f.Type.Base().Name != "Boolean" {
				all = append(all, use{kind: byFilter, where: filterName(t, f), view: viewName(rel), places: []place{p}})
			}
		}
	}
	all = slices.DeleteFunc(all, func(u use) bool {
		return len(u.places) == 0 || slices.ContainsFunc(u.places, func(p place) bool { return p.table != u.places[0].table })
	})
	slices.SortStableFunc(all, func(a, b use) int { return cmp.Compare(a.kind, b.kind) })
	return all
}

func filterName(t *schema.Type, f *schema.Field) string {
	name := t.Name + "." + f.Name
	if f.NoFilter {
		name += " (as an order)"
	}
	return name
}

func viewName(rel *catalog.Relation) string {
	if rel != nil && rel.Kind == 'v' {
		return qualified(rel.Schema, rel.Name)
	}
	return ""
}

// placeOf finds what an index for a field would hold.
func (d *doctor) placeOf(src *schema.Source, rel *catalog.Relation, f *schema.Field) (place, bool) {
	if f.Column != nil {
		p, ok := d.place(rel, f.Column.Name)
		switch t := f.Type.Base(); {
		case f.Type.Elem != nil && !f.Column.Array: // a list in JSON
			return p, false
		case f.Type.Elem != nil, f.Column.Type == "tsvector", f.Column.Type == "jsonb":
			p.method = gin
		case t.Range != "", t.Name == "LTreePath" && t.SQL != "":
			p.method = gist
		case f.Column.Type == "json":
			return p, false
		}
		return p, ok
	}
	if f.Key == "" || src.Document == "" || src.Computed {
		return place{}, false
	}
	p, ok := d.place(rel, src.Document)
	if !ok {
		return p, false
	}
	p.expr, ok = compile.IndexExpression(f, ident(p.column))
	if f.Type.Base().Range != "" {
		p.method = gist
	}
	return p, ok
}

// place follows a column of a source to the table that holds it. It is not ok for what a view computes.
func (d *doctor) place(rel *catalog.Relation, column string) (place, bool) {
	p := place{method: btree, column: column}
	if rel == nil {
		return p, false
	}
	switch rel.Kind {
	case 'r', 'p', 'm':
		p.table = rel.OID
		return p, true
	case 'v':
		i := slices.IndexFunc(rel.Columns, func(c *catalog.Column) bool { return c.Name == column })
		if i < 0 || rel.Columns[i].Origin.Table == 0 {
			return p, false
		}
		p.table, p.column = rel.Columns[i].Origin.Table, rel.Columns[i].Origin.Column
		// Behind a materialized view the table is not what is read.
		return p, slices.ContainsFunc(d.reached, func(r reach) bool { return r.root == rel.OID && r.table == p.table && !r.stored })
	}
	return p, false
}
