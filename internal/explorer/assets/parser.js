// Reads an executable GraphQL document and goes on after every mistake, so that
// a text that is being typed still has a tree. Marks each token with its role.

import { lex } from "./lexer.js";

/**
 * @typedef {import("./lexer.js").Token} Token
 * @typedef {{start: number, end: number, message: string, severity: "error"|"warning"}} Problem
 * @typedef {{kind: "NAMED", name: Token} | {kind: "LIST"|"NON_NULL", ofType: TypeNode|null}} TypeNode
 * @typedef {object} Node one shape for all kinds; a kind uses the members it needs
 * @property {string} kind operation, fragment, field, spread, inline, directive, argument, variableDefinition,
 *   or of a value: variable, int, float, string, boolean, null, enum, list, object, objectField
 * @property {number} start
 * @property {number} end
 * @property {string} [type] of an operation: query, mutation, subscription
 * @property {Token|null} [name]
 * @property {Token|null} [alias]
 * @property {Token|null} [on] type condition
 * @property {Node[]} [variables]
 * @property {Node[]} [directives]
 * @property {Node[]} [args]
 * @property {Node[]|null} [selection] null without braces
 * @property {Node|null} [value]
 * @property {TypeNode|null} [typeNode]
 * @property {Node[]} [items] of a list or an object
 * @typedef {{definitions: Node[], errors: Problem[], tokens: Token[]}} Document
 * @typedef {{place: string, stack: Node[]}} Place what could stand at the end of the text, inside which nodes
 */

const operations = new Set(["query", "mutation", "subscription"]);
const typeSystem = new Set(["schema", "type", "interface", "union", "enum", "input", "scalar", "directive", "extend"]);

/** @param {string} source @returns {Document} */
export function parse(source) {
  const tokens = lex(source);
  const parser = new Parser(tokens, source.length);
  const definitions = parser.document();
  return { definitions, errors: parser.errors, tokens };
}

/**
 * What the grammar expects behind the given tokens.
 * @param {Token[]} tokens @returns {Place}
 */
export function expectedAfter(tokens) {
  const parser = new Parser(tokens, tokens.at(-1)?.end ?? 0);
  parser.document();
  return parser.found ?? { place: "none", stack: [] };
}

class Parser {
  /** @param {Token[]} tokens @param {number} length */
  constructor(tokens, length) {
    this.tokens = tokens.filter((token) => token.kind !== "comment");
    /** @type {Token} */
    this.eof = { kind: "eof", start: length, end: length, text: "" };
    this.i = 0;
    /** @type {Problem[]} */
    this.errors = [];
    /** @type {Node[]} */
    this.stack = [];
    /** @type {Place|null} */
    this.found = null;
    for (const token of this.tokens) if (token.problem) this.error(token.problem, token);
  }

  get token() {
    return this.tokens[this.i] ?? this.eof;
  }

  /** @param {string} text */
  is(text) {
    return this.token.text === text && (this.token.kind === "punct" || this.token.kind === "name");
  }

  /** @param {string} [role] */
  take(role) {
    const token = this.token;
    if (role) token.role = role;
    this.i++;
    return token;
  }

  /** Takes a token of that text, if it is there. @param {string} text @param {string} [role] */
  skip(text, role) {
    return this.is(text) ? this.take(role) : null;
  }

  /** Notes the first place where the text ends. @param {string} place @param {Node[]} [stack] */
  at(place, stack = this.stack) {
    if (this.token.kind === "eof" && !this.found) this.found = { place, stack: [...stack] };
  }

  /** @param {string} message @param {{start: number, end: number}} [range] */
  error(message, range = this.token) {
    if (this.errors.some((error) => error.start === range.start)) return;
    this.errors.push({ start: range.start, end: range.end, message, severity: "error" });
  }

  /** @param {string} what */
  unexpected(what) {
    const { kind, text } = this.token;
    this.error(kind === "eof" ? `The text ends here: ${what} is missing.` : `Expected ${what}, found ${text}.`);
  }

  /** @param {string} role @param {string} place @param {string} what */
  name(role, place, what) {
    this.at(place);
    if (this.token.kind === "name") return this.take(role);
    this.unexpected(what);
    return null;
  }

  /** @param {string} text */
  expect(text) {
    this.at("none");
    const token = this.skip(text);
    if (!token) this.unexpected(text);
    return token;
  }

  /** @param {string} kind @returns {Node} */
  open(kind) {
    const node = { kind, start: this.token.start, end: this.token.end };
    this.stack.push(node);
    return node;
  }

  /** @param {Node} node */
  close(node) {
    this.stack.pop();
    node.end = this.tokens[this.i - 1]?.end ?? node.end;
    return node;
  }

  document() {
    const definitions = [];
    let refused = false;
    while (this.token.kind !== "eof") {
      const { text, kind } = this.token;
      if ((this.is("{") && !refused) || (kind === "name" && operations.has(text))) {
        definitions.push(this.operation());
        refused = false;
      } else if (this.is("fragment")) {
        definitions.push(this.fragment());
        refused = false;
      } else {
        if (!refused) {
          this.error(
            kind === "name" && typeSystem.has(text)
              ? "Type definitions cannot be run: write a query, a mutation, a subscription or a fragment."
              : `Expected query, mutation, subscription, fragment or {, found ${text}.`,
          );
        }
        refused = true; // one message for a run of unreadable tokens
        this.take();
      }
    }
    this.at("document");
    return definitions;
  }

  operation() {
    const node = this.open("operation");
    node.type = "query";
    if (!this.is("{")) {
      node.type = this.take("keyword").text;
      if (this.token.kind === "name") node.name = this.take("definition");
      if (this.is("(")) node.variables = this.group("(", ")", "none", "$", () => this.variableDefinition());
      node.directives = this.directives();
    }
    this.body(node);
    return this.close(node);
  }

  fragment() {
    const node = this.open("fragment");
    this.take("keyword");
    node.name = this.name("definition", "none", "the fragment's name");
    this.at("on");
    if (!this.condition(node)) this.unexpected("on and a type");
    node.directives = this.directives();
    this.body(node);
    return this.close(node);
  }

  /** Reads a type condition where there is one. @param {Node} node */
  condition(node) {
    const on = this.skip("on", "keyword");
    if (on) node.on = this.name("type", "typeCondition", "a type");
    return on;
  }

  /** @param {Node} node */
  body(node) {
    if (this.is("{")) {
      node.selection = this.selection();
    } else {
      this.at("none");
      this.unexpected("{ and a field");
    }
  }

  variableDefinition() {
    const node = this.open("variableDefinition");
    this.take("variable");
    node.name = this.name("variable", "none", "the variable's name");
    if (this.expect(":")) node.typeNode = this.typeReference();
    if (this.skip("=")) node.value = this.value();
    node.directives = this.directives();
    return this.close(node);
  }

  /** @returns {TypeNode|null} */
  typeReference() {
    this.at("variableType");
    /** @type {TypeNode|null} */
    let type = null;
    if (this.skip("[")) {
      type = { kind: "LIST", ofType: this.typeReference() };
      this.expect("]");
    } else {
      const name = this.name("type", "variableType", "a type");
      if (name) type = { kind: "NAMED", name };
    }
    return type && this.skip("!") ? { kind: "NON_NULL", ofType: type } : type;
  }

  /**
   * Items between two brackets. Leaves early at a brace that cannot belong here.
   * @param {string} open @param {string} close @param {string} place
   * @param {string|null} start what an item starts with; null means any value
   * @param {() => Node|null} item
   */
  group(open, close, place, start, item) {
    const opener = this.take();
    const items = [];
    for (;;) {
      this.at(place);
      if (this.skip(close)) {
        if (!items.length && open === "(") this.error("Empty parentheses: remove them.", { start: opener.start, end: opener.end + 1 });
        return items;
      }
      const { kind } = this.token;
      const strange = this.is(")") || this.is("}") || this.is("]") || (start !== null && this.is("{"));
      if (kind === "eof" || strange) {
        this.error(`This ${open} is not closed: ${close} is missing.`, opener);
        return items;
      }
      if (start === null || (start === "name" ? kind === "name" : this.is(start))) {
        const before = this.i;
        const node = item();
        if (node) items.push(node);
        if (this.i > before) continue;
      }
      this.unexpected(start === "name" ? "a name" : (start ?? "a value"));
      this.take();
    }
  }

  selection() {
    const opener = this.take();
    /** @type {Node[]} */
    const items = [];
    for (;;) {
      this.at("selection");
      if (this.token.kind === "eof") {
        this.error("This { is not closed: } is missing.", opener);
        return items;
      }
      if (this.is("}")) {
        const closer = this.take();
        if (!items.length) this.error("Select at least one field.", { start: opener.start, end: closer.end });
        return items;
      }
      if (this.token.kind === "name") items.push(this.field());
      else if (this.is("...")) items.push(this.spread());
      else {
        this.unexpected("a field");
        this.take();
      }
    }
  }

  field() {
    const node = this.open("field");
    node.name = this.take("field");
    if (this.skip(":")) {
      node.alias = node.name;
      node.alias.role = "alias";
      this.at("selection", this.stack.slice(0, -1));
      node.name = this.name("field", "none", "a field behind the alias");
    }
    if (this.is("(")) node.args = this.arguments();
    node.directives = this.directives();
    if (this.is("{")) node.selection = this.selection();
    return this.close(node);
  }

  spread() {
    const node = this.open("inline");
    this.take();
    this.at("spread");
    if (!this.condition(node)) {
      if (this.token.kind === "name") {
        node.kind = "spread";
        node.name = this.take("fragment");
      } else if (!this.is("{") && !this.is("@")) {
        this.unexpected("a fragment's name, or on and a type");
      }
    }
    node.directives = this.directives();
    if (node.kind === "inline") this.body(node);
    return this.close(node);
  }

  directives() {
    const list = [];
    while (this.is("@")) {
      const at = this.take("directive");
      const name = this.name("directive", "directive", "a directive");
      const node = this.open("directive");
      node.name = name;
      node.start = at.start;
      if (this.is("(")) node.args = this.arguments();
      list.push(this.close(node));
    }
    return list;
  }

  arguments() {
    return this.group("(", ")", "argument", "name", () => this.pair("argument"));
  }

  /** @param {"argument"|"objectField"} kind */
  pair(kind) {
    const node = this.open(kind);
    node.name = this.take("argument");
    if (this.expect(":")) node.value = this.value();
    return this.close(node);
  }

  /** @returns {Node|null} */
  value() {
    this.at("value");
    const { kind, text } = this.token;
    if (this.is("$")) {
      const node = this.open("variable");
      this.take("variable");
      node.name = this.name("variable", "variable", "the variable's name");
      return this.close(node);
    }
    if (this.is("[")) {
      const node = this.open("list");
      node.items = this.group("[", "]", "value", null, () => this.value());
      return this.close(node);
    }
    if (this.is("{")) {
      const node = this.open("object");
      node.items = this.group("{", "}", "objectField", "name", () => this.pair("objectField"));
      return this.close(node);
    }
    if (kind === "int" || kind === "float" || kind === "string" || kind === "block" || kind === "bad" || kind === "name") {
      const literal = text === "null" ? "null" : text === "true" || text === "false" ? "boolean" : "enum";
      const node = this.open(kind === "name" ? literal : kind === "block" ? "string" : kind);
      node.name = this.take(kind === "name" ? (literal === "enum" ? "enum" : "literal") : undefined);
      return this.close(node);
    }
    this.unexpected("a value");
    return null;
  }
}
