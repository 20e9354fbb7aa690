// What may be written at the caret of a GraphQL text.

import { locate, typesAt } from "./context.js";
import { lex } from "./lexer.js";
import { parse } from "./parser.js";
import { isComposite, isInput, isRequired, kindName, reason, showType, toRef } from "./schema.js";
import { fits } from "./validate.js";

/**
 * @typedef {object} Item
 * @property {string} label
 * @property {string} [insert] what is written; ‸ marks where the caret goes; default: the label
 * @property {string} [detail] shown at the right, usually a type
 * @property {string|null} [doc]
 * @property {string|null} [deprecated]
 * @property {boolean} [again] offer the next completion at once
 * @typedef {{items: Item[], start: number, end: number}} Completion the items replace [start, end)
 * @typedef {import("./schema.js").Schema} Schema
 * @typedef {import("./schema.js").Input} Input
 * @typedef {import("./context.js").Caret} Caret
 */

const places = /** @type {Record<string, string>} */ ({
  operation: "",
  field: "FIELD",
  spread: "FRAGMENT_SPREAD",
  inline: "INLINE_FRAGMENT",
  fragment: "FRAGMENT_DEFINITION",
  variableDefinition: "VARIABLE_DEFINITION",
});

/**
 * @param {string} source @param {number} caret @param {Schema|null} schema null: only what the text itself knows
 * @returns {Completion|null}
 */
export function complete(source, caret, schema) {
  const at = locate(source, caret);
  if (!at) return null;
  const items = itemsAt(at, source, schema);
  const matching = rank(items, at.word.text);
  return matching.length ? { items: matching, start: at.word.start, end: at.word.end } : null;
}

/** @param {Caret} at @param {string} source @param {Schema|null} schema @returns {Item[]} */
function itemsAt(at, source, schema) {
  const owner = at.stack.at(-1);
  switch (at.place) {
    case "document":
      return ["query", "mutation", "subscription", "fragment"]
        .filter((word) => word === "fragment" || !schema || schema.roots[word])
        .map((word) => ({
          label: word,
          insert: word === "fragment" ? "fragment ‸ on " : `${word} ‸`,
          detail: schema?.roots[word],
        }));
    case "on":
      return [{ label: "on", insert: "on ‸", again: true }];
    case "variable":
      return variables(at, schema, "");
  }
  if (!schema) return [];
  const types = typesAt(at.stack, schema);
  switch (at.place) {
    case "selection":
      return selection(at, types.parent, schema);
    case "argument":
    case "objectField": {
      const given = new Set((owner?.args ?? owner?.items ?? []).map((node) => node.name?.text));
      const inputs = [...(types.inputs?.values() ?? [])].filter((input) => !given.has(input.name));
      return inputs.map((input) => inputItem(input, at, schema));
    }
    case "value":
      return values(at, types.value, schema);
    case "spread":
      return [{ label: "on", insert: "on ‸", again: true }, ...fragments(source, types.parent, schema)];
    case "typeCondition": {
      const parent = types.parent;
      const inside = owner?.kind === "inline";
      return typeItems(schema, (type) => isComposite(type) && !type.name.startsWith("__") && (!inside || !parent || schema.overlap(parent, type))).map(
        (item) => (at.next?.text === "{" ? item : { ...item, insert: `${item.label} {\n  ‸\n}`, again: true }),
      );
    }
    case "variableType":
      return typeItems(schema, isInput);
    case "directive": {
      const location = owner?.kind === "operation" ? owner.type?.toUpperCase() : places[owner?.kind ?? ""];
      return [...schema.directives.values()]
        .filter((directive) => directive.locations.includes(location ?? ""))
        .map((directive) => {
          const needs = [...directive.args.values()].find(isRequired);
          const call = needs && at.next?.text !== "(";
          return { label: directive.name, insert: call ? `${directive.name}(${needs.name}: ‸)` : undefined, doc: directive.description, again: Boolean(call) };
        });
    }
  }
  return [];
}

/** @param {Caret} at @param {import("./schema.js").Type|undefined} parent @param {Schema} schema @returns {Item[]} */
function selection(at, parent, schema) {
  if (!parent || !isComposite(parent)) return [];
  const names = [...parent.fields.keys(), "__typename"];
  const items = names.map((name) => fieldItem(/** @type {any} */ (schema.field(parent, name)), at, schema));
  if (parent.name === schema.roots.query) {
    for (const name of ["__schema", "__type"]) items.push(fieldItem(/** @type {any} */ (schema.field(parent, name)), at, schema));
  }
  if (parent.kind !== "OBJECT") {
    for (const name of parent.possible) items.push({ label: `... on ${name}`, insert: `... on ${name} {\n  ‸\n}`, detail: name, again: true });
  }
  return items;
}

/** @param {import("./schema.js").Field} field @param {Caret} at @param {Schema} schema @returns {Item} */
function fieldItem(field, at, schema) {
  const required = field.args.filter(isRequired);
  const bare = at.next?.text !== "(" && at.next?.text !== ":";
  let insert = field.name;
  let marked = false;
  if (required.length && bare) {
    insert += "(" + required.map((arg, i) => `${arg.name}: ${i ? brackets(arg, schema).replace("‸", "") : brackets(arg, schema)}`).join(", ") + ")";
    marked = true;
  }
  if (isComposite(schema.named(field.type)) && bare && at.next?.text !== "{") {
    insert += marked ? " {\n  \n}" : " {\n  ‸\n}";
    marked = true;
  }
  return {
    label: field.name,
    insert: marked ? insert : undefined,
    detail: showType(field.type),
    doc: field.description,
    deprecated: reason(field),
    again: marked,
  };
}

/** The brackets that a value of the input's type starts with, the caret inside. @param {Input} input @param {Schema} schema */
function brackets(input, schema) {
  const inner = schema.named(input.type)?.kind === "INPUT_OBJECT" ? "{‸}" : "‸";
  return showType(input.type).startsWith("[") ? `[${inner}]` : inner;
}

/** @param {Input} input @param {Caret} at @param {Schema} schema @returns {Item} */
function inputItem(input, at, schema) {
  return {
    label: input.name,
    insert: at.next?.text === ":" ? undefined : `${input.name}: ${brackets(input, schema)}`,
    detail: showType(input.type) + (input.defaultValue != null ? ` = ${input.defaultValue}` : ""),
    doc: input.description,
    deprecated: reason(input),
    again: true,
  };
}

/** @param {Caret} at @param {import("./schema.js").TypeRef|null|undefined} ref @param {Schema} schema @returns {Item[]} */
function values(at, ref, schema) {
  const type = schema.named(ref);
  /** @type {Item[]} */
  const items = [];
  if (type?.kind === "ENUM") {
    for (const value of type.values.values()) {
      items.push({ label: value.name, detail: type.name, doc: value.description, deprecated: reason(value) });
    }
  }
  if (type?.name === "Boolean") items.push({ label: "true", detail: "Boolean" }, { label: "false", detail: "Boolean" });
  if (type?.kind === "INPUT_OBJECT") items.push({ label: "{ }", insert: "{‸}", detail: type.name, again: true });
  items.push(...variables(at, schema, "$", ref));
  if (ref && ref.kind !== "NON_NULL") items.push({ label: "null", detail: showType(ref) });
  return items;
}

/** @param {Caret} at @param {Schema|null} schema @param {string} prefix @param {import("./schema.js").TypeRef|null} [wanted] @returns {Item[]} */
function variables(at, schema, prefix, wanted) {
  const ref = wanted === undefined && schema ? typesAt(at.stack, schema).value : wanted;
  return (at.stack[0]?.variables ?? []).flatMap((definition) => {
    const type = toRef(definition.typeNode);
    if (!definition.name || (schema && ref && type && !fits(type, ref, Boolean(definition.value)))) return [];
    return [{ label: prefix + definition.name.text, detail: showType(type) }];
  });
}

/** @param {string} source @param {import("./schema.js").Type|undefined} parent @param {Schema} schema @returns {Item[]} */
function fragments(source, parent, schema) {
  return parse(source).definitions.flatMap((node) => {
    const on = schema.type(node.on?.text);
    if (node.kind !== "fragment" || !node.name || (parent && on && !schema.overlap(parent, on))) return [];
    return [{ label: node.name.text, detail: `on ${node.on?.text ?? "?"}` }];
  });
}

/** @param {Schema} schema @param {(type: import("./schema.js").Type) => boolean} keep @returns {Item[]} */
const typeItems = (schema, keep) =>
  [...schema.types.values()]
    .filter(keep)
    .map((type) => ({ label: type.name, detail: kindName(type), doc: type.description }));

/**
 * The items that match what is typed, best first; otherwise in the given order.
 * @param {Item[]} items @param {string} typed @returns {Item[]}
 */
function rank(items, typed) {
  const wanted = typed.toLowerCase();
  return items
    .map((item, order) => ({ item, order, score: score(item.label, wanted) + (item.deprecated ? 0.5 : 0) }))
    .filter(({ score }) => score < 10)
    .sort((a, b) => a.score - b.score || a.order - b.order)
    .map(({ item }) => item);
}

/** 0 starts with it, 1 has it inside, 2 has its letters in that order, 10 no match. @param {string} label @param {string} wanted */
function score(label, wanted) {
  const text = label.toLowerCase();
  if (text.startsWith(wanted)) return 0;
  if (text.includes(wanted)) return 1;
  let from = 0;
  for (const letter of wanted) {
    from = text.indexOf(letter, from) + 1;
    if (!from) return 10;
  }
  return 2;
}

/** Whether a character that was just typed should open the list. @param {string} source @param {number} caret */
export function opensList(source, caret) {
  const before = source.slice(0, caret);
  if (/[\w$@]$|\.\.\.$/.test(before)) {
    const last = lex(before).at(-1);
    return last?.kind === "name" || (last?.kind === "punct" && last.end === caret);
  }
  return false;
}
