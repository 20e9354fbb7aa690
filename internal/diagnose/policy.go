package diagnose

import (
	"context"
	"regexp"
	"strings"
)

const policiesSQL = `
SELECT p.polname::text, n.nspname::text, c.relname::text, pg_catalog.pg_get_expr(p.polqual, p.polrelid)
FROM pg_catalog.pg_policy AS p
JOIN pg_catalog.pg_class AS c ON c.oid = p.polrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE p.polrelid = ANY ($1::oid[]) AND p.polcmd IN ('r', '*') AND p.polqual IS NOT NULL
ORDER BY n.nspname, c.relname, p.polname`

var (
	// As the server writes the expression: current_setting('app.tenant_id'::text, true).
	setting = regexp.MustCompile(`current_setting\('((?:[^']|'')*)'::text(?:, (true|false))?\)`)
	emptied = regexp.MustCompile(`NULLIF\(current_setting\('(?:[^']|'')*'::text, true\), ''::text\)`)
)

// policies looks at those that compare with a setting which a session may not have: it reads as the empty text on a
// connection that had it once, and fails on one that never had. The empty text then fails to be a uuid or a number, and
// is equal to an empty text.
func (d *doctor) policies(ctx context.Context, tables []uint32) error {
	if len(tables) == 0 {
		return nil
	}
	return d.each(ctx, policiesSQL, []any{tables}, func(scan func(...any) error) error {
		var name, schema, table, using string
		if err := scan(&name, &schema, &table, &using); err != nil {
			return err
		}
		bare := bareSettings(using)
		if len(bare) == 0 {
			return nil
		}
		d.report.add(Finding{
			Severity: Warning, Code: "rls-setting-empty", Object: "policy " + ident(name) + " on table " + qualified(schema, table),
			Message: "a request without the setting fails, or matches rows whose value is empty, instead of seeing none: after a transaction that had it, " +
				strings.Join(bare, " and ") + " reads as '' and not as null",
			Evidence: []string{"USING " + using}, Source: "pg_policy.polqual",
			Cure:  "compare with null, which equals nothing, when the setting is missing or empty",
			Paste: []string{"ALTER POLICY " + ident(name) + " ON " + qualified(schema, table) + " USING (" + withNull(using) + ");"},
		})
		return nil
	})
}

// bareSettings lists the custom settings that an expression takes as they are.
func bareSettings(using string) []string {
	var names []string
	for _, found := range setting.FindAllStringSubmatch(emptied.ReplaceAllString(using, ""), -1) {
		// The server's own settings have no dot, and always a value.
		if strings.Contains(found[1], ".") {
			names = append(names, strings.ReplaceAll(found[1], "''", "'"))
		}
	}
	return names
}

// withNull makes the missing and the empty setting null.
func withNull(using string) string {
	// Those that are guarded already are put out of the way.
	const placeholder = "\x00"
	kept := emptied.FindAllString(using, -1)
	text := emptied.ReplaceAllString(using, placeholder)
	text = setting.ReplaceAllStringFunc(text, func(found string) string {
		name := setting.FindStringSubmatch(found)[1]
		if !strings.Contains(name, ".") {
			return found
		}
		return "NULLIF(current_setting('" + name + "'::text, true), ''::text)"
	})
	for _, k := range kept {
		text = strings.Replace(text, placeholder, k, 1)
	}
	return text
}
