package operator

import "strings"

func equality() []Operator {
	return []Operator{
		{Name: "eq", Takes: Same, SQL: "{x} = {v}", Description: "Equal to."},
		{Name: "neq", Takes: Same, SQL: "{x} <> {v}", Aliases: []string{"ne"}, Description: "Not equal to; null does not match."},
	}
}

func membership() []Operator {
	return []Operator{
		{Name: "in", Takes: Items, SQL: "{x} = any({v})", Aliases: []string{"in_"}, Description: "One of these; an empty list matches nothing."},
		{Name: "nin", Takes: Items, SQL: "{x} <> all({v})", Aliases: []string{"notin", "not_in", "notIn"}, Description: "None of these; an empty list matches everything."},
	}
}

func null() []Operator {
	return []Operator{
		{Name: "isNull", Takes: Switch, SQL: "{x} is null", Not: "{x} is not null", Description: "true: is null; false: is not."},
	}
}

func text() []Operator {
	const literal = "; % and _ stand for themselves."
	return []Operator{
		{Name: "contains", Takes: String, Cast: "text", Pattern: Anywhere, SQL: "{x} like {v}", Description: "Has this text in it" + literal},
		{Name: "icontains", Takes: String, Cast: "text", Pattern: Anywhere, SQL: "{x} ilike {v}", Description: "Has this text in it, in capitals or not" + literal},
		{Name: "startsWith", Takes: String, Cast: "text", Pattern: AtStart, SQL: "{x} like {v}", Description: "Begins with this text" + literal},
		{Name: "istartsWith", Takes: String, Cast: "text", Pattern: AtStart, SQL: "{x} ilike {v}", Description: "Begins with this text, in capitals or not" + literal},
		{Name: "endsWith", Takes: String, Cast: "text", Pattern: AtEnd, SQL: "{x} like {v}", Description: "Ends with this text" + literal},
		{Name: "iendsWith", Takes: String, Cast: "text", Pattern: AtEnd, SQL: "{x} ilike {v}", Description: "Ends with this text, in capitals or not" + literal},
		{Name: "like", Takes: String, Cast: "text", SQL: "{x} like {v}", Description: "Matches this pattern as a whole: % is any text, _ any character, \\ takes the next one as it is."},
		{Name: "ilike", Takes: String, Cast: "text", SQL: "{x} ilike {v}", Description: "Matches this pattern as like does, in capitals or not."},
		{Name: "matches", Takes: String, Cast: "text", SQL: "{x} ~ {v}", Description: "A part of it matches this regular expression of PostgreSQL; ^ and $ tie it to the ends."},
		{Name: "imatches", Takes: String, Cast: "text", SQL: "{x} ~* {v}", Description: "A part of it matches this regular expression, in capitals or not."},
		{Name: "notMatches", Takes: String, Cast: "text", SQL: "{x} !~ {v}", Description: "No part of it matches this regular expression; null does not match."},
	}
}

// ofExtension names the schema of operators that an extension brings: the search path need not
// have it, and for citext others would then be found, which tell capitals apart.
func ofExtension(all []Operator) []Operator {
	schemas := strings.NewReplacer(
		"{x} = ", "{x} operator({ext}=) ", "{x} <> ", "{x} operator({ext}<>) ", " like ", " operator({ext}~~) ", " ilike ", " operator({ext}~~*) ",
		" ~ ", " operator({ext}~) ", " ~* ", " operator({ext}~*) ", " !~ ", " operator({ext}!~) ",
	)
	for i := range all {
		all[i].SQL = schemas.Replace(all[i].SQL)
	}
	return all
}

func order() []Operator {
	return []Operator{
		{Name: "gt", Takes: Same, SQL: "{x} > {v}", Description: "Greater than."},
		{Name: "gte", Takes: Same, SQL: "{x} >= {v}", Description: "Greater than or equal to."},
		{Name: "lt", Takes: Same, SQL: "{x} < {v}", Description: "Less than."},
		{Name: "lte", Takes: Same, SQL: "{x} <= {v}", Description: "Less than or equal to."},
	}
}

func path() []Operator {
	level := func(name, sign, short, text string) Operator {
		return Operator{Name: "nlevel" + name, Takes: Count, SQL: "{ext}nlevel({x}) " + sign + " {v}", Aliases: []string{"nlevel_" + short, "depth_" + short}, Description: "The number of its labels is " + text + "."}
	}
	equal := level("Eq", "=", "eq", "this")
	equal.Aliases = append(equal.Aliases, "nlevel")
	return []Operator{
		{Name: "ancestorOf", Takes: Same, SQL: "{x} operator({ext}@>) {v}", Description: "Is this path, or lies above it."},
		{Name: "descendantOf", Takes: Same, SQL: "{x} operator({ext}<@) {v}", Aliases: []string{"isdescendant"}, Description: "Is this path, or lies below it."},
		{Name: "matchesLquery", Takes: String, Cast: "{ext}lquery", SQL: "{x} operator({ext}~) {v}", Description: "Matches this lquery, such as top.*{1,2}.physics."},
		{Name: "matchesLtxtquery", Takes: String, Cast: "{ext}ltxtquery", SQL: "{x} operator({ext}@) {v}", Description: "Its labels match this ltxtquery, such as science & !history."},
		{Name: "matchesAnyLquery", Takes: Strings, Cast: "{ext}lquery", SQL: "{x} operator({ext}?) {v}", Description: "Matches at least one of these; an empty list matches nothing."},
		equal,
		level("Neq", "<>", "neq", "another than this; null does not match"),
		level("Gt", ">", "gt", "greater than this"),
		level("Gte", ">=", "gte", "this or greater"),
		level("Lt", "<", "lt", "less than this"),
		level("Lte", "<=", "lte", "this or less"),
	}
}

// tree has the operators that need more than a value and a parameter: the compiler writes
// their SQL around these signs.
func tree() []Operator {
	return []Operator{
		{Name: "descendantOfId", Takes: Same, SQL: "<@", Description: "Names a row that lies below the one with this identifier, by their paths, or that row itself."},
		{Name: "ancestorOfId", Takes: Same, SQL: "@>", Description: "Names a row that lies above the one with this identifier, by their paths, or that row itself."},
	}
}

func dates() []Operator {
	return []Operator{{Name: "containsDate", Takes: Bound, SQL: "{x} @> {v}", Description: "This date lies in it, as with contains."}}
}

func ranges() []Operator {
	return []Operator{
		{Name: "contains", Takes: Bound, SQL: "{x} @> {v}", Description: "This value lies in it."},
		{Name: "overlaps", Takes: Same, SQL: "{x} && {v}", Description: "Has a value in common with this range."},
		{Name: "adjacent", Takes: Same, SQL: "{x} -|- {v}", Description: "Meets this range: there is no value between them, and none in both."},
		{Name: "strictlyLeft", Takes: Same, SQL: "{x} << {v}", Description: "Ends before this range begins."},
		{Name: "strictlyRight", Takes: Same, SQL: "{x} >> {v}", Description: "Begins after this range has ended."},
		{Name: "notLeft", Takes: Same, SQL: "{x} &> {v}", Description: "Does not begin before this range does."},
		{Name: "notRight", Takes: Same, SQL: "{x} &< {v}", Description: "Does not end after this range does."},
	}
}

// document compares JSON with operators that an index on the column serves. A JSON null is
// null here, as it is in answers: where a bare column could say otherwise, it is excluded.
func document() []Operator {
	return []Operator{
		{Name: "hasKey", Takes: String, Cast: "text", SQL: "{raw} ? {v}", Description: "Is an object with this key, or a list with this text."},
		{Name: "hasAnyKeys", Takes: Strings, Cast: "text", SQL: "{raw} ?| {v}", Description: "Is an object with one of these keys, or a list with one of these texts."},
		{Name: "hasAllKeys", Takes: Strings, Cast: "text", SQL: "({raw} ?& {v} and {raw} <> 'null')", Description: "Is an object with all these keys, or a list with all these texts; an empty list matches any value."},
		{Name: "contains", Takes: JSON, Cast: "jsonb", SQL: "{raw} @> {v}", Description: "Has all of this in it: the keys of objects with their values, the elements of lists in any order."},
		{Name: "containedBy", Takes: JSON, Cast: "jsonb", SQL: "{x} <@ {v}", Description: "Everything in it is in this too."},
		{Name: "pathExists", Takes: String, Cast: "jsonpath", SQL: "({raw} @? {v} and {raw} <> 'null')", Description: "This SQL/JSON path, such as $.items[*].price ? (@ > 10), finds something in it."},
		{Name: "pathMatch", Takes: String, Cast: "jsonpath", SQL: "({raw} @@ {v} and {raw} <> 'null')", Description: "This SQL/JSON predicate, such as $.size > 10, is true of it."},
	}
}

func fullText() []Operator {
	const config = " The words are read by the text search configuration of the session, default_text_search_config."
	return []Operator{
		{Name: "matches", Takes: String, Cast: "text", SQL: "{x} @@ pg_catalog.to_tsquery({v})", Description: "Matches words joined by & | ! and <->, such as cat & !dog." + config},
		{Name: "plainQuery", Takes: String, Cast: "text", SQL: "{x} @@ pg_catalog.plainto_tsquery({v})", Description: "Has all words of this text." + config},
		{Name: "phraseQuery", Takes: String, Cast: "text", SQL: "{x} @@ pg_catalog.phraseto_tsquery({v})", Description: "Has the words of this text one after another." + config},
		{Name: "websearchQuery", Takes: String, Cast: "text", SQL: "{x} @@ pg_catalog.websearch_to_tsquery({v})", Description: "Matches what people type into a search: words, \"phrases\", or, -without." + config},
	}
}

func lists() []Operator {
	length := func(name, sign, short, text string) Operator {
		return Operator{Name: "len" + name, Takes: Count, SQL: "pg_catalog.cardinality({x}) " + sign + " {v}", Aliases: []string{"array_length_" + short}, Description: "The number of its elements is " + text + "."}
	}
	return []Operator{
		{Name: "contains", Takes: Same, SQL: "{x} @> {v}", Aliases: []string{"array_contains"}, Description: "Has all these elements, in any order and number; null is never among them."},
		{Name: "containedBy", Takes: Same, SQL: "{x} <@ {v}", Aliases: []string{"array_contained_by"}, Description: "Has no element but these."},
		{Name: "strictlyContains", Takes: Same, SQL: "({x} @> {v} and not {x} <@ {v})", Description: "Has all these elements, and another one."},
		{Name: "overlaps", Takes: Same, SQL: "{x} && {v}", Aliases: []string{"array_overlaps"}, Description: "Has at least one of these elements."},
		length("Eq", "=", "eq", "this"),
		length("Neq", "<>", "neq", "another than this; null does not match"),
		length("Gt", ">", "gt", "greater than this"),
		length("Gte", ">=", "gte", "this or greater"),
		length("Lt", "<", "lt", "less than this"),
		length("Lte", "<=", "lte", "this or less"),
		{Name: "anyEq", Takes: Item, SQL: "{x} @> array[{v}]", Aliases: []string{"array_any_eq", "in_array"}, Description: "At least one element is equal to this."},
		{Name: "allEq", Takes: Item, SQL: "{x} <@ array[{v}]", Aliases: []string{"array_all_eq"}, Description: "All elements are equal to this; a list without elements matches."},
	}
}
