// A first query for a field: its leaves selected, its required arguments as variables.

import { isComposite, isRequired, showType } from "./schema.js";

/**
 * @typedef {import("./schema.js").Schema} Schema
 * @typedef {import("./schema.js").Type} Type
 * @typedef {import("./schema.js").Field} Field
 */

const mostLeaves = 12;
const deepest = 4;

/**
 * @param {Schema} schema @param {"query"|"mutation"|"subscription"} operation @param {Field} field @param {Set<string>} taken names of operations in use
 * @returns {{name: string, text: string, variables: Record<string, unknown>}}
 */
export function operationFor(schema, operation, field, taken) {
  const base = field.name[0].toUpperCase() + field.name.slice(1);
  let name = base;
  for (let i = 2; taken.has(name); i++) name = base + i;
  const args = field.args.filter(isRequired);
  /** @type {Record<string, unknown>} */
  const variables = {};
  for (const arg of args) variables[arg.name] = sample(schema, arg.type, 0);
  const declared = args.length ? "(" + args.map((arg) => `$${arg.name}: ${showType(arg.type)}`).join(", ") + ")" : "";
  return { name, text: `${operation} ${name}${declared} {\n${fieldText(schema, field, "  ")}\n}\n`, variables };
}

/** One field with its selection, its required arguments as variables of their names. @param {Schema} schema @param {Field} field @param {string} indent */
export function fieldText(schema, field, indent) {
  const given = field.args.filter(isRequired).map((arg) => `${arg.name}: $${arg.name}`);
  const page = field.args.find((arg) => /^(first|limit|take)$/.test(arg.name) && !isRequired(arg) && schema.named(arg.type)?.name === "Int");
  if (page) given.push(`${page.name}: 10`);
  const call = indent + field.name + (given.length ? `(${given.join(", ")})` : "");
  const type = schema.named(field.type);
  return isComposite(type) ? `${call} {\n${selectionText(schema, /** @type {Type} */ (type), indent + "  ", 1, [])}\n${indent}}` : call;
}

/** @param {Schema} schema @param {Type} type @param {string} indent @param {number} depth @param {string[]} path types on the way, never entered twice @returns {string} */
function selectionText(schema, type, indent, depth, path) {
  if (type.kind === "UNION") {
    const parts = type.possible.map((name) => /** @type {Type} */ (schema.type(name))).filter(Boolean);
    return [`${indent}__typename`, ...parts.map((part) => `${indent}... on ${part.name} {\n${selectionText(schema, part, indent + "  ", depth + 1, path)}\n${indent}}`)].join("\n");
  }
  const usable = [...type.fields.values()].filter((field) => !field.isDeprecated && !field.args.some(isRequired));
  const leaves = usable.filter((field) => !isComposite(schema.named(field.type))).slice(0, mostLeaves);
  const rows = usable.filter((field) => field.name === "edges" || field.name === "nodes").slice(0, 1);
  const inner = rows.length ? rows : leaves.length ? usable.filter((field) => field.name === "node") : usable.slice(0, 3);
  const lines = leaves.map((field) => indent + field.name);
  for (const field of inner) {
    const next = schema.named(field.type);
    if (!next || !isComposite(next) || depth >= deepest || path.includes(next.name)) continue;
    lines.push(`${indent}${field.name} {\n${selectionText(schema, next, indent + "  ", depth + 1, [...path, type.name])}\n${indent}}`);
  }
  return lines.length ? lines.join("\n") : `${indent}__typename`;
}

/** A value to start from. @param {Schema} schema @param {import("./schema.js").TypeRef} ref @param {number} depth @returns {unknown} */
function sample(schema, ref, depth) {
  if (ref.kind === "NON_NULL" && ref.ofType) ref = ref.ofType;
  if (ref.kind === "LIST") return [];
  const type = schema.named(ref);
  if (type?.kind === "ENUM") return type.values.keys().next().value ?? null;
  if (type?.kind === "INPUT_OBJECT") {
    if (depth > 2) return {};
    return Object.fromEntries([...type.inputs.values()].filter(isRequired).map((input) => [input.name, sample(schema, input.type, depth + 1)]));
  }
  return type?.name === "Int" || type?.name === "Float" ? 0 : type?.name === "Boolean" ? false : "";
}
