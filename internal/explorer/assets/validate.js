// Checks a document against the schema while it is being written. The server
// decides in the end; this finds what can be said without it.

import { nullable } from "./context.js";
import { byName, isComposite, isInput, isRequired, reason, showType, toRef } from "./schema.js";

/**
 * @typedef {import("./parser.js").Node} Node
 * @typedef {import("./parser.js").Problem} Problem
 * @typedef {import("./schema.js").Schema} Schema
 * @typedef {import("./schema.js").Type} Type
 * @typedef {import("./schema.js").TypeRef} TypeRef
 * @typedef {{start: number, end: number}} Range
 * @typedef {{name: string, range: Range, type: TypeRef|null|undefined, defaulted: boolean}} Use
 */

/**
 * @param {import("./parser.js").Document} document @param {Schema|null} schema null: only names inside the document
 * @returns {Problem[]}
 */
export function validate(document, schema) {
  return new Validator(document, schema).run();
}

export class Validator {
  /** @param {import("./parser.js").Document} document @param {Schema|null} schema @param {boolean} [json] values are JSON: enum values stand in quotes */
  constructor(document, schema, json = false) {
    this.schema = schema;
    this.json = json;
    this.definitions = document.definitions;
    /** @type {Problem[]} */
    this.problems = [...document.errors];
    /** @type {Map<string, Node>} */
    this.fragments = new Map();
    /** @type {Map<Node, {uses: Use[], spreads: Set<string>}>} what each definition refers to */
    this.refers = new Map();
    this.current = { uses: /** @type {Use[]} */ ([]), spreads: /** @type {Set<string>} */ (new Set()) };
  }

  /** @param {Range} range @param {string} message @param {"error"|"warning"} [severity] */
  report(range, message, severity = "error") {
    this.problems.push({ start: range.start, end: range.end, message, severity });
  }

  run() {
    this.names();
    for (const node of this.definitions) {
      this.current = { uses: [], spreads: new Set() };
      this.refers.set(node, this.current);
      this.definition(node);
    }
    this.variables();
    this.unusedFragments();
    return this.problems.sort((a, b) => a.start - b.start);
  }

  names() {
    const seen = new Set();
    const operations = this.definitions.filter((node) => node.kind === "operation");
    for (const node of this.definitions) {
      const name = node.name;
      if (node.kind === "operation" && !name && operations.length > 1) {
        this.report({ start: node.start, end: node.start + 1 }, "Give every operation a name when there are several.");
      }
      if (!name) continue;
      const key = `${node.kind} ${name.text}`;
      if (seen.has(key)) this.report(name, `There is another ${node.kind} ${name.text}.`);
      seen.add(key);
      if (node.kind === "fragment") this.fragments.set(name.text, node);
    }
  }

  /** @param {Node} node */
  definition(node) {
    const { schema } = this;
    let type = schema?.root(node.type);
    if (node.kind === "fragment") type = this.condition(node);
    else if (schema && !type) this.report({ start: node.start, end: node.start + (node.type?.length ?? 1) }, `This API has no ${node.type}s.`);
    for (const variable of node.variables ?? []) this.variableDefinition(variable);
    this.directives(node);
    this.selection(node.selection, type);
  }

  /** @param {Node} node */
  variableDefinition(node) {
    const ref = toRef(node.typeNode);
    let name = node.typeNode;
    while (name && name.kind !== "NAMED") name = name.ofType;
    if (this.schema && name) {
      const type = this.typeNamed(name.name, isInput);
      if (type && !isInput(type)) this.report(name.name, `${type.name} is not an input type: a variable cannot have it.`);
    }
    if (node.value) this.value(node.value, ref);
    this.directives(node);
  }

  /** The type of a type condition. @param {Node} node @returns {Type|undefined} */
  condition(node) {
    if (!this.schema || !node.on) return undefined;
    const type = this.typeNamed(node.on, isComposite);
    if (!type || isComposite(type)) return type;
    this.report(node.on, `${type.name} has no fields: a fragment cannot be on it.`);
  }

  /** @param {import("./lexer.js").Token} name @param {(type: Type) => boolean} fitting which types to propose */
  typeNamed(name, fitting) {
    const type = this.schema?.type(name.text);
    if (type) name.means = { type };
    else {
      const known = [...(this.schema?.types.values() ?? [])].filter(fitting).map((one) => one.name);
      this.report(name, `There is no type ${name.text}.${didYouMean(name.text, known)}`);
    }
    return type;
  }

  /** @param {Node[]|null|undefined} nodes @param {Type|undefined} type undefined: not known, its fields are not checked */
  selection(nodes, type) {
    for (const node of nodes ?? []) {
      this.directives(node);
      if (node.kind === "field") this.field(node, type);
      else if (node.kind === "spread") this.spread(node, type);
      else {
        const on = node.on ? this.condition(node) : type;
        if (node.on && on && type && !this.schema?.overlap(type, on)) this.report(node.on, `A ${type.name} is never a ${on.name}.`);
        this.selection(node.selection, on);
      }
    }
  }

  /** @param {Node} node @param {Type|undefined} type */
  spread(node, type) {
    const name = node.name?.text ?? "";
    this.current.spreads.add(name);
    const fragment = this.fragments.get(name);
    if (!fragment) {
      if (node.name) this.report(node.name, `There is no fragment ${name} in this text.${didYouMean(name, this.fragments.keys())}`);
      return;
    }
    const on = this.schema?.type(fragment.on?.text);
    if (on && type && isComposite(on) && !this.schema?.overlap(type, on)) this.report(node, `${name} is on ${on.name}, and a ${type.name} is never one.`);
  }

  /** @param {Node} node @param {Type|undefined} parent */
  field(node, parent) {
    const name = node.name;
    const field = this.schema?.field(parent, name?.text);
    if (name && field) name.means = { type: parent, field };
    if (name && parent && this.schema && !field) {
      this.report(name, `${parent.name} has no field ${name.text}.${didYouMean(name.text, parent.fields.keys())}`);
    }
    const type = field && this.schema?.named(field.type);
    this.deprecated(name, field);
    this.args(node, field && byName(field.args), name ?? node);
    if (name && type && isComposite(type) && !node.selection) this.report(name, `${name.text} is a ${showType(field.type)}: say which of its fields, in { }.`);
    if (name && type && !isComposite(type) && node.selection) this.report(name, `${name.text} is a ${showType(field.type)}: it has no fields to select.`);
    this.selection(node.selection, isComposite(type) ? type : undefined);
  }

  /** @param {import("./lexer.js").Token|null|undefined} name @param {import("./schema.js").Input|import("./schema.js").Field|undefined} of */
  deprecated(name, of) {
    const why = reason(of);
    if (name && why) this.report(name, `${name.text} is deprecated: ${why}`, "warning");
  }

  /** @param {Node} node @param {Map<string, import("./schema.js").Input>|undefined} known @param {Range} range */
  args(node, known, range) {
    this.inputs(node.args ?? [], known, range, node.name?.text ?? "", "argument");
  }

  /**
   * Arguments, or the fields of an input object.
   * @param {Node[]} nodes @param {Map<string, import("./schema.js").Input>|undefined} known
   * @param {Range} range @param {string} owner @param {"argument"|"field"|"variable"} what
   */
  inputs(nodes, known, range, owner, what) {
    const given = new Set();
    for (const node of nodes) {
      const name = node.name?.text ?? "";
      const input = known?.get(name);
      if (node.name && input) node.name.means = { input, type: this.schema?.named(input.type) };
      if (node.name && given.has(name)) this.report(node.name, `${name} is given twice.`);
      given.add(name);
      if (node.name && known && !input) this.report(node.name, `${owner} has no ${what} ${name}.${didYouMean(name, known.keys())}`, what === "variable" ? "warning" : "error");
      this.deprecated(node.name, input);
      if (node.value) this.value(node.value, input?.type, input?.defaultValue != null);
    }
    for (const input of known?.values() ?? []) {
      if (isRequired(input) && !given.has(input.name)) this.report(range, `${owner} needs the ${what} ${input.name}: ${showType(input.type)}.`);
    }
  }

  /** @param {Node} node */
  directives(node) {
    for (const directive of node.directives ?? []) {
      const name = directive.name;
      const known = name && this.schema?.directives.get(name.text);
      if (known) name.means = { directive: known };
      if (name && this.schema && !known) this.report(name, `There is no directive @${name.text}.${didYouMean(name.text, this.schema.directives.keys())}`);
      this.args(directive, known?.args, name ?? directive);
    }
  }

  /** @param {Node} node @param {TypeRef|null|undefined} ref undefined: not known @param {boolean} [defaulted] */
  value(node, ref, defaulted = false) {
    if (node.kind === "variable") {
      if (node.name) this.current.uses.push({ name: node.name.text, range: node, type: ref, defaulted });
      return;
    }
    if (node.kind === "null") {
      if (ref?.kind === "NON_NULL") this.report(node, `null is not allowed here: expected ${showType(ref)}.`);
      return;
    }
    ref = nullable(ref);
    if (node.kind === "list") {
      if (ref && ref.kind !== "LIST" && this.schema?.named(ref)?.kind !== "SCALAR") this.report(node, `Expected one ${showType(ref)}, not a list.`);
      for (const item of node.items ?? []) this.value(item, ref?.kind === "LIST" ? ref.ofType : undefined);
      return;
    }
    while (ref?.kind === "LIST") ref = nullable(ref.ofType); // one value stands for a list of one
    const type = this.schema?.named(ref);
    if (node.kind === "object") {
      if (type && type.kind !== "INPUT_OBJECT" && builtin.has(type.name)) this.report(node, `Expected ${type.name}, not an object.`);
      this.inputs(node.items ?? [], type?.kind === "INPUT_OBJECT" ? type.inputs : undefined, node, type?.name ?? "", "field");
      if (type?.oneOf && node.items?.length !== 1) this.report(node, `${type.name} takes exactly one of its fields.`);
      return;
    }
    if (!type || node.kind === "bad") return;
    const text = node.name?.text ?? "";
    if (type.kind === "ENUM") {
      if (node.kind !== (this.json ? "string" : "enum")) this.report(node, `Expected a value of ${type.name}, ${this.json ? "in quotes" : "without quotes"}.`);
      else if (!type.values.has(text)) this.report(node, `${type.name} has no value ${text}.${didYouMean(text, type.values.keys())}`);
    } else if (type.kind === "INPUT_OBJECT") {
      this.report(node, `Expected ${type.name}: an object in { }.`);
    } else if (builtin.get(type.name) && !builtin.get(type.name)?.includes(node.kind)) {
      this.report(node, `Expected ${type.name}, found ${text}.`);
    } else if (type.name === "Int" && Math.abs(Number(text)) > 2147483648) {
      this.report(node, `${text} does not fit into Int (32 bits).`);
    }
  }

  /** Follows each operation through its fragments. */
  variables() {
    for (const operation of this.definitions) {
      if (operation.kind !== "operation") continue;
      /** @type {Use[]} */
      const uses = [];
      const visit = (/** @type {Node} */ node, /** @type {Set<Node>} */ seen) => {
        if (seen.has(node)) return;
        seen.add(node);
        const refers = this.refers.get(node);
        uses.push(...(refers?.uses ?? []));
        for (const name of refers?.spreads ?? []) {
          const fragment = this.fragments.get(name);
          if (fragment) visit(fragment, seen);
        }
      };
      visit(operation, new Set());
      const defined = new Map((operation.variables ?? []).map((node) => [node.name?.text ?? "", node]));
      for (const use of uses) {
        const definition = defined.get(use.name);
        const of = operation.name ? ` in ${operation.name.text}` : "";
        if (!definition) {
          const hint = didYouMean(use.name, defined.keys()) || ` Add ($${use.name}: ${showType(use.type) || "…"}) to the operation.`;
          this.report(use.range, `$${use.name} is not declared${of}.${hint}`);
          continue;
        }
        const type = toRef(definition.typeNode);
        if (type && use.type && !fits(type, use.type, Boolean(definition.value) || use.defaulted)) {
          this.report(use.range, `$${use.name} is ${showType(type)}, and ${showType(use.type)} is expected here.`);
        }
      }
      const used = new Set(uses.map((use) => use.name));
      for (const [name, node] of defined) {
        if (name && !used.has(name)) this.report(node, `$${name} is declared but not used.`);
      }
    }
  }

  unusedFragments() {
    const used = new Set([...this.refers.values()].flatMap((refers) => [...refers.spreads]));
    for (const [name, node] of this.fragments) {
      if (node.name && !used.has(name)) this.report(node.name, `The fragment ${name} is not used.`, "warning");
    }
  }
}

/** Which literals a built-in scalar takes. */
const builtin = new Map([
  ["Int", ["int"]],
  ["Float", ["int", "float"]],
  ["String", ["string"]],
  ["Boolean", ["boolean"]],
  ["ID", ["string", "int"]],
]);

/** Whether a variable of the first type may stand where the second is wanted. @param {TypeRef} type @param {TypeRef} wanted @param {boolean} defaulted @returns {boolean} */
export function fits(type, wanted, defaulted) {
  if (wanted.kind === "NON_NULL") {
    if (type.kind !== "NON_NULL" && !defaulted) return false;
    return fits(/** @type {TypeRef} */ (nullable(type)), /** @type {TypeRef} */ (wanted.ofType), false);
  }
  const bare = /** @type {TypeRef} */ (nullable(type));
  if (wanted.kind === "LIST") return bare.kind === "LIST" && (!bare.ofType || !wanted.ofType || fits(bare.ofType, wanted.ofType, false));
  return bare.kind !== "LIST" && bare.name === wanted.name;
}

/** A sentence that names the nearest known word, or nothing. @param {string} word @param {Iterable<string>} known */
export function didYouMean(word, known) {
  let best = "";
  let least = Math.floor(word.length * 0.4) + 2;
  for (const candidate of known) {
    const distance = edits(word.toLowerCase(), candidate.toLowerCase(), least);
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best ? ` Did you mean ${best}?` : "";
}

/** How many letters differ, counted up to a limit. @param {string} a @param {string} b @param {number} limit */
function edits(a, b, limit) {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}
