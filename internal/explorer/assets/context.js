// Where the caret is: what the grammar expects there, and inside which types.

import { lex } from "./lexer.js";
import { expectedAfter } from "./parser.js";
import { byName, toRef } from "./schema.js";

/**
 * @typedef {import("./parser.js").Node} Node
 * @typedef {import("./schema.js").Schema} Schema
 * @typedef {import("./schema.js").Type} Type
 * @typedef {import("./schema.js").TypeRef} TypeRef
 * @typedef {object} Caret
 * @property {string} place document, selection, argument, value, objectField, variable, directive, spread, on, …
 * @property {Node[]} stack the open nodes, outermost first
 * @property {{start: number, end: number, text: string}} word the word under the caret, up to the caret
 * @property {import("./lexer.js").Token|undefined} next the first token behind the word
 */

/** Null inside comments and strings. @param {string} source @param {number} caret @returns {Caret|null} */
export function locate(source, caret) {
  const tokens = lex(source);
  const inside = tokens.find((token) => token.start < caret && caret <= token.end);
  if (inside?.kind === "comment") return null;
  if (inside && (inside.kind === "string" || inside.kind === "block" || inside.kind === "bad")) {
    if (caret < inside.end || inside.kind === "bad") return null;
  }
  const name = inside?.kind === "name" ? inside : null;
  const start = name ? name.start : caret;
  const found = expectedAfter(tokens.filter((token) => token.end <= start));
  return {
    ...found,
    word: { start, end: name ? name.end : caret, text: source.slice(start, caret) },
    next: tokens.find((token) => token.start >= (name ? name.end : caret) && token.kind !== "comment"),
  };
}

/**
 * The types at the innermost node of a stack.
 * @param {Node[]} stack @param {Schema} schema
 */
export function typesAt(stack, schema) {
  /** @type {Type|undefined} the type whose fields can be selected */
  let parent;
  /** @type {Map<string, import("./schema.js").Input>|undefined} arguments or input fields that can be given */
  let inputs;
  /** @type {TypeRef|null|undefined} the type of the value */
  let value;
  for (const node of stack) {
    switch (node.kind) {
      case "operation":
        parent = schema.root(node.type);
        break;
      case "fragment":
      case "inline":
        if (node.on) parent = schema.type(node.on.text);
        break;
      case "field": {
        const field = schema.field(parent, node.name?.text);
        parent = schema.named(field?.type);
        inputs = field && byName(field.args);
        break;
      }
      case "directive":
        inputs = schema.directives.get(node.name?.text ?? "")?.args;
        break;
      case "variableDefinition":
        value = toRef(node.typeNode);
        break;
      case "argument":
      case "objectField":
        value = inputs?.get(node.name?.text ?? "")?.type;
        break;
      case "list":
        value = nullable(value);
        if (value?.kind === "LIST") value = value.ofType;
        break;
      case "object":
        inputs = schema.named(value)?.inputs;
        break;
    }
  }
  return { parent, inputs, value };
}

/** @param {TypeRef|null|undefined} ref */
export const nullable = (ref) => (ref?.kind === "NON_NULL" ? ref.ofType : ref);

/**
 * What the name at an offset stands for: validate left that on the token.
 * @param {import("./lexer.js").Token[]} tokens of a validated document @param {number} offset
 */
export const symbolAt = (tokens, offset) => tokens.find((token) => token.means && token.start <= offset && offset <= token.end);

