// Answers GraphQL operations by graphql-js on plain data, for comparison. It reads a JSON object a line and answers each
// with one: first {"sdl", "rows", "plains", "roots", "relations"}, which gives {"query", "types"}; then {"query", "operationName",
// "variables"}, which gives {"refused"}, or {"data", "errors"} with data as JSON text.
//
// A value of a row is null, a list, {"o": {field: value}}, {"raw": JSON text}, {"name": an enum's value} or {"fails": why}.
// Members of a row that begin with # are columns that are no fields. This file knows GraphQL from graphql-js alone, and of
// the server only what its lists promise: where, orderBy, limit and offset, the key last in each order.
import readline from "node:readline";
import {
  GraphQLBoolean,
  GraphQLNonNull,
  __Directive,
  __DirectiveLocation,
  __Schema,
  buildSchema,
  execute,
  getNamedType,
  introspectionTypes,
  isAbstractType,
  isLeafType,
  isObjectType,
  isListType,
  isNonNullType,
  isScalarType,
  parse,
  validate,
} from "graphql";
import * as go from "./functions.mjs";

class Unmodelled extends Error {}

// Leaves travel as their JSON text behind a mark that no text of the data has, so that no number is rounded on its way.
const mark = "\u0001raw:";
const raw = (text) => mark + Buffer.from(text).toString("base64");
const text = (data) => JSON.stringify(data).replace(/"\\u0001raw:([^"]*)"/g, (_, b) => Buffer.from(b, "base64").toString());

function value(v) {
  if (v === null) return null;
  if (Array.isArray(v)) return v.map(value);
  if ("raw" in v) return raw(v.raw);
  if ("name" in v) return v.name;
  if ("fails" in v) return new Error(v.fails);
  return Object.fromEntries(Object.entries(v.o).map(([k, x]) => [k, k.startsWith("#") ? x : value(x)]));
}

// plain is what a leaf holds, for comparisons.
function plain(leaf) {
  if (leaf === null) return null;
  if (typeof leaf !== "string" || !leaf.startsWith(mark)) throw new Unmodelled("no leaf");
  return JSON.parse(Buffer.from(leaf.slice(mark.length), "base64").toString());
}

const operators = {
  eq: (a, b) => a === b,
  neq: (a, b) => a !== b,
  gt: (a, b) => a > b,
  gte: (a, b) => a >= b,
  lt: (a, b) => a < b,
  lte: (a, b) => a <= b,
  in: (a, b) => b.includes(a),
  nin: (a, b) => !b.includes(a),
};

// holds is SQL's logic: true, false or null.
function holds(row, where) {
  const all = (list) => (list.includes(false) ? false : list.includes(null) ? null : true);
  return all(
    Object.entries(where).map(([key, arg]) => {
      if (arg === null) return true;
      if (key === "AND") return all(arg.map((w) => holds(row, w)));
      if (key === "OR") {
        const some = arg.map((w) => holds(row, w));
        return some.includes(true) ? true : some.includes(null) ? null : false;
      }
      if (key === "NOT") {
        const not = holds(row, arg);
        return not === null ? null : !not;
      }
      const has = plain(row[key] ?? null);
      return all(
        Object.entries(arg).map(([op, x]) => {
          if (op === "isNull") return (has === null) === x;
          if (x === null || !operators[op] || (has !== null && !Number.isInteger(has))) throw new Unmodelled(`${key}.${op}`);
          if (op === "nin" && x.length === 0) return true;
          if (op === "in" && x.length === 0) return false;
          return has === null ? null : operators[op](has, x);
        }),
      );
    }),
  );
}

function ordered(rows, orderBy) {
  const compare = (a, b) => {
    for (const term of orderBy) {
      for (const [field, direction] of Object.entries(term)) {
        const x = plain(a[field] ?? null);
        const y = plain(b[field] ?? null);
        const down = direction.startsWith("DESC");
        const first = direction.endsWith("NULLS_FIRST") || (down && !direction.endsWith("NULLS_LAST"));
        if ([x, y].some((v) => v !== null && !Number.isInteger(v))) throw new Unmodelled(`order by ${field}`);
        if (x === y) continue;
        if (x === null || y === null) return (x === null) === first ? -1 : 1;
        return x < y === down ? 1 : -1;
      }
    }
    return 0;
  };
  return [...rows].sort(compare);
}

function page(rows, args) {
  for (const name of Object.keys(args)) {
    if (!["where", "orderBy", "limit", "offset"].includes(name)) throw new Unmodelled(name);
  }
  if ((args.limit ?? 0) < 0 || (args.limit ?? 0) > 1000 || (args.offset ?? 0) < 0) throw new Unmodelled("a page out of bounds");
  const kept = args.where ? rows.filter((r) => holds(r, args.where) === true) : rows;
  const from = args.offset ?? 0;
  return ordered(kept, args.orderBy ?? []).slice(from, from + (args.limit ?? 1000));
}

let schema;
const unknown = new Set(); // fields of types with rows that this file does not model

function load({ sdl, rows, plains, roots, relations }) {
  const tables = Object.fromEntries(
    Object.entries(rows).map(([name, list]) => [
      name,
      list.map((row) => ({
        __typename: "#type" in row ? row["#type"] : name,
        ...Object.fromEntries(Object.entries(row).map(([k, v]) => [k, k.startsWith("#") ? v : value(v)])),
      })),
    ]),
  );
  const root = (r) => (_, args) => {
    if (r.fails) {
      if (Object.keys(args).length > 0) throw new Unmodelled("arguments of a view that fails");
      if (tables[r.of].length > 0) throw new Error("division by zero");
      return [];
    }
    if (r.many) return page(tables[r.of], args);
    return tables[r.of].find((row) => row["#key"] === args.id) ?? null;
  };
  const related = (r) => (parent, args) => {
    const own = parent["#" + r.local];
    const found = own === null || own === undefined ? [] : tables[r.to].filter((row) => row["#" + r.remote] === own);
    return r.many ? page(found, args) : (found[0] ?? null);
  };
  schema = buildSchema(sdl);
  for (const type of Object.values(schema.getTypeMap())) {
    if (isScalarType(type)) type.serialize = (v) => v;
    if (isAbstractType(type)) type.resolveType = (v) => kindOf(v, type);
    if (type.name.startsWith("__") || !isObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      if (type === schema.getQueryType()) {
        const made = roots[field.name] ? root(roots[field.name]) : go.roots[field.name]?.({ tables, raw, plain, page });
        field.resolve = made ?? (() => { throw new Unmodelled(field.name); });
      } else if (relations[type.name]?.[field.name]) {
        field.resolve = related(relations[type.name][field.name]);
      } else if (go.fields[type.name]?.[field.name]) {
        field.resolve = (parent) => go.fields[type.name][field.name](parent, { raw, plain });
      } else if (plains[type.name] && !plains[type.name].includes(field.name)) {
        unknown.add(field);
        field.resolve = () => { throw new Unmodelled(field.name); };
      }
    }
  }
  // graphql-js knows more of directives than the edition of September 2025.
  for (const later of ["isDeprecated", "deprecationReason"]) delete __Directive.getFields()[later];
  for (const type of introspectionTypes.filter(isObjectType)) {
    for (const field of Object.values(type.getFields())) {
      // The specification of September 2025 has Boolean! = false everywhere; this release has it in one place.
      for (const arg of field.args) if (arg.name === "includeDeprecated") arg.type = new GraphQLNonNull(GraphQLBoolean);
    }
  }
  const locations = __DirectiveLocation.getValues();
  const later = locations.findIndex((v) => v.name === "DIRECTIVE_DEFINITION");
  if (later >= 0) locations.splice(later, 1);
  // Introspection lists types and directives by name, its own types last.
  const own = (t) => t.name.startsWith("__");
  const byName = (a, b) => own(a) - own(b) || (a.name < b.name ? -1 : 1);
  __Schema.getFields().types.resolve = (s) => Object.values(s.getTypeMap()).sort(byName);
  __Schema.getFields().directives.resolve = (s) => [...s.getDirectives()].sort(byName);
  return { query: schema.getQueryType().name, types: Object.values(schema.getTypeMap()).sort(byName).map(digest).filter(Boolean) };
}

// kindOf tells the type of a row, or of an object in a document: its label is the end of its type's name.
function kindOf(v, type) {
  const label = v["#label"];
  const name = label ? type.name + label[0].toUpperCase() + label.slice(1) : v.__typename;
  if (!schema.getPossibleTypes(type).some((t) => t.name === name)) throw new Error(`no type of ${type.name}`);
  return name;
}

// digest tells what can be selected from a type.
function digest(type) {
  if (isAbstractType(type)) {
    const all = type.getFields ? Object.values(type.getFields()) : [];
    const known = (f) => schema.getPossibleTypes(type).every((t) => !unknown.has(t.getFields()[f.name]));
    const fields = all.filter(known).map(told);
    return { name: type.name, fields, possible: schema.getPossibleTypes(type).map((t) => t.name) };
  }
  if (isObjectType(type)) {
    const fields = Object.values(type.getFields()).filter((f) => !unknown.has(f));
    return { name: type.name, fields: fields.map(told), possible: [type.name] };
  }
}

function told(field) {
  let type = field.type;
  if (isNonNullType(type)) type = type.ofType;
  return {
    name: field.name,
    type: getNamedType(type).name,
    shape: (isLeafType(getNamedType(type)) ? String(field.type) : String(field.type).replace(/\w+/, "O")).replace(/\W/g, (c) => ({ "[": "_L", "]": "_", "!": "N" })[c]),
    leaf: isLeafType(getNamedType(type)),
    list: isListType(type),
    args: field.args.map((a) => ({ name: a.name, type: String(a.type) })),
  };
}

function answer({ query, operationName, variables }) {
  let document;
  try {
    document = parse(query);
  } catch (error) {
    return { refused: error.message };
  }
  const faults = validate(schema, document);
  if (faults.length > 0) return { refused: faults[0].message };
  const result = execute({ schema, document, operationName: operationName || undefined, variableValues: variables ?? {} });
  const unmodelled = result.errors?.find((e) => e.originalError instanceof Unmodelled);
  if (unmodelled) return { unmodelled: unmodelled.message };
  if (!("data" in result)) return { refused: result.errors[0].message };
  return {
    data: text(result.data),
    errors: (result.errors ?? []).map((e) => ({ message: e.message, path: e.path ?? [], locations: e.locations ?? [] })),
  };
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  console.log(JSON.stringify("sdl" in message ? load(message) : answer(message)));
}
