// The variables' JSON, measured against what the operation declares.

import { parseJSON } from "./json.js";
import { toRef } from "./schema.js";
import { Validator } from "./validate.js";

/**
 * @typedef {import("./schema.js").Schema} Schema
 * @typedef {import("./schema.js").Input} Input
 * @typedef {import("./parser.js").Node} Node
 * @typedef {import("./parser.js").Problem} Problem
 */

/** The operation's variables as inputs. @param {Node|undefined} operation @returns {Map<string, Input>} */
function declared(operation) {
  /** @type {Map<string, Input>} */
  const inputs = new Map();
  for (const node of operation?.variables ?? []) {
    const type = toRef(node.typeNode);
    if (node.name && type) inputs.set(node.name.text, { name: node.name.text, description: null, type, defaultValue: node.value ? "" : null });
  }
  return inputs;
}

/** @param {string} text @param {Node|undefined} operation @param {Schema|null} schema @returns {Problem[]} */
export function checkVariables(text, operation, schema) {
  const { root, errors } = parseJSON(text);
  if (errors.length) return errors;
  if (root && root.kind !== "object") return [{ start: root.start, end: root.end, message: "Variables are one JSON object: { }.", severity: "error" }];
  const validator = new Validator({ definitions: [], errors: [], tokens: [] }, schema, true);
  const start = root?.start ?? 0;
  validator.inputs(root?.items ?? [], declared(operation), { start, end: start + 1 }, "The operation", "variable");
  return validator.problems;
}
