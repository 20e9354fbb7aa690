package catalog

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/fraiseql/fraiseql-go/pool"
)

// Querier runs a query; a connection of the pool and a *pgx.Conn both do.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// Options says what to read.
type Options struct {
	Schemas []string // all their relations are read; an unqualified source is looked for in this order
	Sources []string // relations that declarations in Go name, perhaps in other schemas
	// Functions are those that declarations in Go name, perhaps in other schemas.
	Functions []string
}

// ReadFrom is Read in a transaction of its own, which sees one moment, however long it takes. also looks at the same moment; nil:
// nothing does.
func ReadFrom(ctx context.Context, p *pool.Pool, o Options, also func(context.Context, pgx.Tx) error) (f *Facts, err error) {
	err = p.Tx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "set local statement_timeout = 0"); err != nil { // the limit is for requests
			return err
		}
		if f, err = Read(ctx, tx, o); err != nil || also == nil {
			return err
		}
		return also(ctx, tx)
	})
	if err != nil {
		return nil, fmt.Errorf("reading the database's catalog: %w", err)
	}
	return f, nil
}

// Read asks pg_catalog for all facts about the relations of the named schemas and about the
// named sources. It takes six queries, whatever the number of relations, and one more when
// comments name collations. A schema or source
// that does not exist is no error here: [Build] reports it where it is used.
func Read(ctx context.Context, q Querier, o Options) (*Facts, error) {
	f := &Facts{Schemas: slices.Clone(o.Schemas), Types: map[uint32]*Type{}}
	r := &reader{q: q, f: f, relations: map[uint32]*Relation{}, numbers: map[uint32][]int{}, rules: map[uint32]string{}}
	for _, step := range []struct {
		what string
		do   func(context.Context, Options) error
	}{
		{"schemas and functions", r.readFunctions},
		{"relations", r.readRelations},
		{"columns", r.readColumns},
		{"foreign keys", r.readForeignKeys},
		{"types", r.readTypes},
		{"constraints", r.readConstraints},
		{"collations", r.readCollations},
	} {
		if err := step.do(ctx, o); err != nil {
			return nil, fmt.Errorf("read the catalog's %s: %w", step.what, err)
		}
	}
	r.applyRules()
	return f, nil
}

type reader struct {
	q         Querier
	f         *Facts
	relations map[uint32]*Relation
	numbers   map[uint32][]int  // attribute numbers, beside Relation.Columns
	rules     map[uint32]string // the node tree of a view's rule
}

// each runs a query and calls do for each row, with the row's scan.
func (r *reader) each(ctx context.Context, sql string, args []any, do func(scan func(...any) error) error) error {
	rows, err := r.q.Query(ctx, sql, args...)
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

const functionsSQL = `
SELECT n.oid IS NOT NULL, s.name, '', '', '', '{}'::text[], '{}'::oid[], '{}'::text[], 0, 0::oid, false, false, false
FROM unnest($1::text[]) WITH ORDINALITY AS s(name, place)
LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = s.name
UNION ALL
SELECT true, n.nspname::text, p.proname::text, coalesce(d.description, ''), p.prokind::text,
	coalesce(p.proargnames, '{}'), coalesce(p.proallargtypes, p.proargtypes::oid[]), coalesce(p.proargmodes::text[], '{}'),
	p.pronargdefaults, p.prorettype, p.proretset,
	pg_catalog.has_schema_privilege(n.oid, 'USAGE'), pg_catalog.has_function_privilege(p.oid, 'EXECUTE')
FROM pg_catalog.pg_proc AS p
JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
LEFT JOIN pg_catalog.pg_description AS d ON d.objoid = p.oid AND d.classoid = 'pg_catalog.pg_proc'::regclass
WHERE n.nspname = ANY ($1) AND (d.description LIKE '%@fraiseql:%' OR p.proname = ANY ($2))
OR EXISTS (SELECT FROM unnest($3::text[], $4::text[]) AS s(sch, fn) WHERE s.sch = n.nspname AND s.fn = p.proname)
ORDER BY 2, 3`

func (r *reader) readFunctions(ctx context.Context, o Options) error {
	var names, schemas, functions []string
	for _, name := range o.Functions {
		if sch, fn := splitName(name); sch == "" {
			names = append(names, fn)
		} else {
			schemas, functions = append(schemas, sch), append(functions, fn)
		}
	}
	args := []any{texts(o.Schemas), texts(names), texts(schemas), texts(functions)}
	return r.each(ctx, functionsSQL, args, func(scan func(...any) error) error {
		var known bool
		var fn Function
		var kind string
		var named, modes []string
		var types []uint32
		var defaults int
		err := scan(&known, &fn.Schema, &fn.Name, &fn.Comment, &kind, &named, &types, &modes, &defaults, &fn.Returns, &fn.Set, &fn.Usage, &fn.Allowed)
		if err != nil {
			return err
		}
		fn.addArguments(named, types, modes, defaults)
		switch {
		case !known:
			r.f.Missing = append(r.f.Missing, fn.Schema)
		case fn.Name != "":
			fn.Kind = kind[0]
			r.f.Functions = append(r.f.Functions, &fn)
		}
		return nil
	})
}

// addArguments sorts a function's arguments into what a call passes and what it gives. The last of those that are passed have
// the defaults.
func (fn *Function) addArguments(names []string, types []uint32, modes []string, defaults int) {
	for i, t := range types {
		name, mode := "", "i"
		if i < len(names) {
			name = names[i]
		}
		if i < len(modes) {
			mode = modes[i]
		}
		if mode == "i" || mode == "b" || mode == "v" {
			fn.Args = append(fn.Args, Argument{Name: name, Type: t, Variadic: mode == "v"})
		}
		if mode == "o" || mode == "b" || mode == "t" {
			fn.Table = append(fn.Table, Attribute{Name: name, Type: t})
		}
	}
	for i := max(len(fn.Args)-defaults, 0); i < len(fn.Args); i++ {
		fn.Args[i].Optional = true
	}
}

// The relations that views read are followed through their rules, because only the tables at
// the bottom know which columns hold no null.
const relationsSQL = `
WITH RECURSIVE wanted AS (
	SELECT c.oid
	FROM pg_catalog.pg_class AS c
	JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
	WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
	AND (n.nspname = ANY ($1::text[])
		OR EXISTS (SELECT FROM unnest($2::text[], $3::text[]) AS s(sch, rel) WHERE s.sch = n.nspname AND s.rel = c.relname))
), reach AS (
	SELECT oid FROM wanted
	UNION
	SELECT d.refobjid
	FROM reach
	JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = reach.oid AND r.rulename = '_RETURN'
	JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
		AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> r.ev_class
)
SELECT c.oid, n.nspname::text, c.relname::text, c.relkind::text, w.oid IS NULL,
	pg_catalog.has_schema_privilege(n.oid, 'USAGE'), pg_catalog.has_table_privilege(c.oid, 'SELECT'),
	coalesce(d.description, ''), c.relkind = 'r' AND c.relhassubclass,
	coalesce((SELECT array_agg(a.attname::text ORDER BY k.place)
		FROM pg_catalog.pg_constraint AS p
		CROSS JOIN unnest(p.conkey) WITH ORDINALITY AS k(number, place)
		JOIN pg_catalog.pg_attribute AS a ON a.attrelid = p.conrelid AND a.attnum = k.number
		WHERE p.conrelid = c.oid AND p.contype = 'p'), '{}'),
	coalesce((SELECT r.ev_action::text FROM pg_catalog.pg_rewrite AS r WHERE r.ev_class = c.oid AND r.rulename = '_RETURN'), '')
FROM reach
JOIN pg_catalog.pg_class AS c ON c.oid = reach.oid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN wanted AS w ON w.oid = c.oid
LEFT JOIN pg_catalog.pg_description AS d ON d.objoid = c.oid AND d.classoid = 'pg_catalog.pg_class'::regclass AND d.objsubid = 0
ORDER BY array_position($1::text[], n.nspname::text), n.nspname, c.relname`

func (r *reader) readRelations(ctx context.Context, o Options) error {
	var schemas, names []string
	for _, source := range o.Sources {
		if sch, rel := splitName(source); sch != "" {
			schemas, names = append(schemas, sch), append(names, rel)
		}
	}
	return r.each(ctx, relationsSQL, []any{texts(o.Schemas), texts(schemas), texts(names)}, func(scan func(...any) error) error {
		var rel Relation
		var kind, rule string
		var inherited bool
		err := scan(&rel.OID, &rel.Schema, &rel.Name, &kind, &rel.Inner, &rel.Usage, &rel.Readable,
			&rel.Comment, &inherited, &rel.PrimaryKey, &rule)
		if err != nil {
			return err
		}
		rel.Kind = kind[0]
		r.f.Relations = append(r.f.Relations, &rel)
		r.relations[rel.OID] = &rel
		if rule != "" {
			r.rules[rel.OID] = rule
		}
		if inherited {
			// A child may have dropped its NOT NULL, and reading the parent reads the child.
			r.rules[rel.OID] = ""
		}
		return nil
	})
}

const columnsSQL = `
SELECT a.attrelid, a.attnum, a.attname::text, a.atttypid,
	a.attnotnull AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
		WHERE k.conrelid = a.attrelid AND k.contype = 'n' AND NOT k.convalidated AND k.conkey = ARRAY[a.attnum]),
	NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
		WHERE k.conrelid = a.attrelid AND k.contype = 'c' AND a.attnum = ANY (k.conkey)
		AND pg_catalog.pg_get_constraintdef(k.oid) ~* 'null|coalesce'),
	pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT'), coalesce(d.description, '')
FROM pg_catalog.pg_attribute AS a
LEFT JOIN pg_catalog.pg_description AS d
	ON d.objoid = a.attrelid AND d.classoid = 'pg_catalog.pg_class'::regclass AND d.objsubid = a.attnum
WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum`

func (r *reader) readColumns(ctx context.Context, _ Options) error {
	return r.each(ctx, columnsSQL, []any{r.oids()}, func(scan func(...any) error) error {
		var table uint32
		var number int
		var notNull, unchecked bool // a check that speaks of null may exclude it
		var c Column
		if err := scan(&table, &number, &c.Name, &c.Type, &notNull, &unchecked, &c.Readable, &c.Comment); err != nil {
			return err
		}
		rel := r.relations[table]
		_, special := r.rules[table]
		switch {
		case notNull && !special:
			c.Null = NotNull
		case !notNull && unchecked && !special && rel.Kind != 'f':
			c.Null = Nullable
		}
		rel.Columns = append(rel.Columns, &c)
		r.numbers[table] = append(r.numbers[table], number)
		return nil
	})
}

const foreignKeysSQL = `
SELECT k.conrelid, k.confrelid,
	(SELECT array_agg(a.attname::text ORDER BY u.place) FROM unnest(k.conkey) WITH ORDINALITY AS u(number, place)
		JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.number),
	(SELECT array_agg(a.attname::text ORDER BY u.place) FROM unnest(k.confkey) WITH ORDINALITY AS u(number, place)
		JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = u.number)
FROM pg_catalog.pg_constraint AS k
WHERE k.contype = 'f' AND k.conrelid = ANY ($1::oid[]) AND k.confrelid = ANY ($1::oid[])
ORDER BY k.conrelid, k.conname, k.oid`

func (r *reader) readForeignKeys(ctx context.Context, _ Options) error {
	return r.each(ctx, foreignKeysSQL, []any{r.oids()}, func(scan func(...any) error) error {
		var table uint32
		var fk ForeignKey
		if err := scan(&table, &fk.Table, &fk.Columns, &fk.RemoteColumns); err != nil {
			return err
		}
		r.relations[table].ForeignKeys = append(r.relations[table].ForeignKeys, fk)
		return nil
	})
}

// Enums and composites of the schemas are read even when no column uses them: a document's
// shape may name them. So is ltree, which says where its extension is installed. So are the built-in types that a view's expressions give.
const typesSQL = `
WITH RECURSIVE need AS (
	SELECT unnest($1::oid[]) AS oid
	UNION
	SELECT t.oid
	FROM pg_catalog.pg_type AS t
	JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
	LEFT JOIN pg_catalog.pg_class AS c ON c.oid = t.typrelid
	WHERE n.nspname = ANY ($2::text[]) AND (t.typtype = 'e' OR c.relkind = 'c')
	OR n.nspname = 'pg_catalog' AND t.typname = ANY ($3::text[])
	OR t.typname = 'ltree' AND EXISTS (SELECT FROM pg_catalog.pg_depend AS d
		JOIN pg_catalog.pg_extension AS x ON d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.refobjid = x.oid
		WHERE d.classid = 'pg_catalog.pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e' AND x.extname = 'ltree')
	UNION
	SELECT x.oid
	FROM need
	JOIN pg_catalog.pg_type AS t ON t.oid = need.oid
	CROSS JOIN LATERAL (
		SELECT t.typelem WHERE t.typelem <> 0
		UNION ALL SELECT t.typbasetype WHERE t.typbasetype <> 0
		UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute AS a
			WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
	) AS x(oid)
)
SELECT t.oid, n.nspname::text, t.typname::text, t.typtype::text,
	CASE WHEN e.typarray = t.oid THEN e.oid ELSE 0 END, t.typbasetype, t.typnotnull,
	t.typtype IN ('e', 'r', 'm') OR EXISTS (
		SELECT FROM pg_catalog.pg_opclass AS o JOIN pg_catalog.pg_am AS m ON m.oid = o.opcmethod
		WHERE m.amname = 'btree' AND o.opcdefault AND (o.opcintype = t.oid OR o.opcintype IN (
			SELECT b.casttarget FROM pg_catalog.pg_cast AS b
			WHERE b.castsource = t.oid AND b.castmethod = 'b' AND b.castcontext = 'i'))),
	coalesce((SELECT array_agg(l.enumlabel::text ORDER BY l.enumsortorder) FROM pg_catalog.pg_enum AS l WHERE l.enumtypid = t.oid), '{}'),
	coalesce(a.names, '{}'), coalesce(a.types, '{}'), coalesce(a.comments, '{}'), coalesce(d.description, '')
FROM need
JOIN pg_catalog.pg_type AS t ON t.oid = need.oid
JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
LEFT JOIN pg_catalog.pg_type AS e ON e.oid = t.typelem
LEFT JOIN pg_catalog.pg_description AS d ON d.objoid = t.oid AND d.classoid = 'pg_catalog.pg_type'::regclass
LEFT JOIN LATERAL (
	SELECT array_agg(c.attname::text ORDER BY c.attnum) AS names, array_agg(c.atttypid ORDER BY c.attnum) AS types,
		array_agg(coalesce(s.description, '') ORDER BY c.attnum) AS comments
	FROM pg_catalog.pg_attribute AS c
	LEFT JOIN pg_catalog.pg_description AS s
		ON s.objoid = c.attrelid AND s.classoid = 'pg_catalog.pg_class'::regclass AND s.objsubid = c.attnum
	WHERE t.typtype = 'c' AND c.attrelid = t.typrelid AND c.attnum > 0 AND NOT c.attisdropped
) AS a ON true
ORDER BY n.nspname, t.typname`

func (r *reader) readTypes(ctx context.Context, o Options) error {
	used := map[uint32]bool{}
	for _, rel := range r.f.Relations {
		for _, c := range rel.Columns {
			used[c.Type] = true
		}
	}
	for _, fn := range r.f.Functions {
		used[fn.Returns] = true
		for _, a := range fn.Args {
			used[a.Type] = true
		}
		for _, a := range fn.Table {
			used[a.Type] = true
		}
	}
	args := []any{slices.Sorted(maps.Keys(used)), texts(o.Schemas), builtinNames()}
	if len(used) == 0 {
		args[0] = []uint32{}
	}
	return r.each(ctx, typesSQL, args, func(scan func(...any) error) error {
		var t Type
		var kind string
		var names, comments []string
		var types []uint32
		err := scan(&t.OID, &t.Schema, &t.Name, &kind, &t.Elem, &t.Base, &t.NotNull, &t.Ordered,
			&t.Labels, &names, &types, &comments, &t.Comment)
		if err != nil {
			return err
		}
		t.Kind = kind[0]
		for i, name := range names {
			t.Attributes = append(t.Attributes, Attribute{Name: name, Type: types[i], Comment: comments[i]})
		}
		r.f.Types[t.OID] = &t
		return nil
	})
}

const constraintsSQL = `
SELECT n.nspname::text, coalesce(c.relname, t.typname)::text, k.conname::text,
	coalesce((SELECT array_agg(a.attname::text ORDER BY u.place) FROM unnest(k.conkey) WITH ORDINALITY AS u(number, place)
		JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.number), '{}'),
	coalesce(d.description, '')
FROM pg_catalog.pg_constraint AS k
JOIN pg_catalog.pg_namespace AS n ON n.oid = k.connamespace
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
LEFT JOIN pg_catalog.pg_type AS t ON t.oid = k.contypid
LEFT JOIN pg_catalog.pg_description AS d ON d.objoid = k.oid AND d.classoid = 'pg_catalog.pg_constraint'::regclass
WHERE k.contype IN ('c', 'f', 'p', 'u', 'x') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
UNION ALL
SELECT n.nspname::text, t.relname::text, c.relname::text,
	(SELECT coalesce(array_agg(a.attname::text ORDER BY u.place), '{}') FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS u(number, place)
		JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = u.number),
	coalesce(d.description, '')
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
LEFT JOIN pg_catalog.pg_description AS d ON d.objoid = c.oid AND d.classoid = 'pg_catalog.pg_class'::regclass AND d.objsubid = 0
WHERE i.indisunique AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x'))
ORDER BY 1, 2, 3`

// readConstraints reads what errors of mutations are explained by.
func (r *reader) readConstraints(ctx context.Context, _ Options) error {
	if len(r.f.Functions) == 0 {
		return nil
	}
	return r.each(ctx, constraintsSQL, nil, func(scan func(...any) error) error {
		var c Constraint
		err := scan(&c.Schema, &c.Table, &c.Name, &c.Columns, &c.Text)
		c.Text = readComment(c.Text).text
		r.f.Constraints = append(r.f.Constraints, c)
		return err
	})
}

func (r *reader) oids() []uint32 {
	oids := make([]uint32, 0, len(r.f.Relations))
	for _, rel := range r.f.Relations {
		oids = append(oids, rel.OID)
	}
	return oids
}

// texts makes sure that no list is sent as NULL.
func texts(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
