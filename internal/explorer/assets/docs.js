// The schema's documentation: an overview, one type, one field, a search.

import { h } from "./dom.js";
import { isRequired, kindName, reason, showType } from "./schema.js";

/**
 * @typedef {import("./schema.js").Schema} Schema
 * @typedef {import("./schema.js").Type} Type
 * @typedef {import("./schema.js").Field} Field
 * @typedef {import("./schema.js").Input} Input
 * @typedef {import("./schema.js").Directive} Directive
 * @typedef {{type?: Type, field?: Field, directive?: Directive}} Page neither: the overview
 */

const kinds = { OBJECT: "Objects", INTERFACE: "Interfaces", UNION: "Unions", INPUT_OBJECT: "Inputs", ENUM: "Enums", SCALAR: "Scalars" };
const mostFound = 60;

export class Docs {
  /** @param {HTMLElement} host @param {(field: Field, type: Type) => void} insert puts a field into the editor */
  constructor(host, insert) {
    this.insert = insert;
    /** @type {Schema|null} */
    this.schema = null;
    /** @type {Page[]} */
    this.trail = [{}];
    this.search = h("input", { type: "search", placeholder: "Search types and fields", "aria-label": "Search the schema", oninput: () => this.render() });
    this.body = h("div.docs");
    host.append(h("div.search", {}, this.search), this.body);
  }

  /** @param {Schema|null} schema @param {string} [message] why there is none */
  setSchema(schema, message = "") {
    this.schema = schema;
    this.message = message;
    const { type, field } = this.trail.at(-1) ?? {};
    const again = schema?.type(type?.name);
    this.trail = again ? [{}, { type: again, field: schema?.field(again, field?.name) }] : [{}];
    this.render();
  }

  /** @param {Page} page */
  show(page) {
    this.search.value = "";
    this.trail.push(page);
    this.render();
    this.body.querySelector("h2")?.focus();
  }

  back() {
    this.trail.pop();
    this.search.value = "";
    this.render();
    (this.body.querySelector("h2") ?? this.search).focus();
  }

  render() {
    const { schema } = this;
    const page = this.trail.at(-1) ?? {};
    const wanted = this.search.value.trim().toLowerCase();
    this.search.disabled = !schema;
    let content;
    if (!schema) content = [h("p.muted", {}, this.message)];
    else if (wanted) content = this.found(schema, wanted);
    else if (page.directive) content = this.directivePage(page.directive);
    else if (page.field && page.type) content = this.fieldPage(page.type, page.field);
    else if (page.type) content = this.typePage(schema, page.type);
    else content = this.overview(schema);
    const inner = this.trail.length > 1 && !wanted && schema;
    this.body.replaceChildren(...(inner ? [h("button.back", { onclick: () => this.back() }, "← Back")] : []), ...content.filter(Boolean));
    this.body.scrollTop = 0;
  }

  /** @param {Schema} schema */
  overview(schema) {
    const content = [schema.description && prose(schema.description)];
    for (const [operation, title] of [["query", "Queries"], ["mutation", "Mutations"], ["subscription", "Subscriptions"]]) {
      const root = schema.root(operation);
      if (root) content.push(section(title, [...root.fields.values()].map((field) => this.fieldRow(root, field))));
    }
    const roots = Object.values(schema.roots);
    for (const [kind, title] of Object.entries(kinds)) {
      const types = schema.own.filter((type) => type.kind === kind && !roots.includes(type.name));
      if (types.length) content.push(names(title, types.sort((a, b) => (a.name < b.name ? -1 : 1)).map((type) => this.typeLink(type.name))));
    }
    content.push(names("Directives", [...schema.directives.values()].map((directive) => this.link("@" + directive.name, { directive }, "directive"))));
    return content;
  }

  /** @param {Schema} schema @param {Type} type */
  typePage(schema, type) {
    const content = [heading(type.name, kindName(type) + (type.oneOf ? ", exactly one field" : "")), prose(type.description)];
    const links = (/** @type {string} */ title, /** @type {string[]} */ types) => types.length && content.push(names(title, types.map((name) => this.typeLink(name))));
    links("Implements", type.interfaces);
    if (type.fields.size) content.push(section("Fields", [...type.fields.values()].map((field) => this.fieldRow(type, field))));
    if (type.inputs.size) content.push(section("Fields", [...type.inputs.values()].map((input) => this.inputRow(input))));
    if (type.values.size) content.push(section("Values", [...type.values.values()].map((value) => row(value, [h("span.t-enum", {}, value.name)]))));
    links(type.kind === "UNION" ? "One of" : "Implemented by", type.possible);
    const givers = schema.own.filter((other) => [...other.fields.values()].some((field) => schema.named(field.type) === type));
    links("Used by", givers.map((other) => other.name));
    return content;
  }

  /** @param {Type} type @param {Field} field */
  fieldPage(type, field) {
    return [
      heading(field.name, `field of ${type.name}`),
      h("p.signature", {}, this.typeLink(type.name), ".", h("span.t-field", {}, field.name), ": ", this.ref(field.type)),
      deprecation(field),
      prose(field.description),
      field.args.length && section("Arguments", field.args.map((arg) => this.inputRow(arg))),
      h("button.insert", { onclick: () => this.insert(field, type) }, "Insert into the query"),
    ];
  }

  /** @param {Directive} directive */
  directivePage(directive) {
    const args = [...directive.args.values()];
    return [
      heading("@" + directive.name, "directive"),
      prose(directive.description),
      args.length && section("Arguments", args.map((arg) => this.inputRow(arg))),
      section("Allowed on", [h("p.muted", {}, directive.locations.map((place) => place.toLowerCase().replaceAll("_", " ")).join(", "))]),
    ];
  }

  /** @param {Schema} schema @param {string} wanted */
  found(schema, wanted) {
    /** @type {[number, HTMLElement][]} */
    const rows = [];
    const score = (/** @type {string} */ name, /** @type {string|null} */ doc) => {
      const text = name.toLowerCase();
      return text === wanted ? 0 : text.startsWith(wanted) ? 1 : text.includes(wanted) ? 2 : doc?.toLowerCase().includes(wanted) ? 4 : 9;
    };
    for (const type of schema.own) {
      const own = score(type.name, type.description);
      if (own < 9) rows.push([own, row(type, [this.typeLink(type.name), h("span.muted", {}, " " + kindName(type))])]);
      for (const field of type.fields.values()) {
        const best = Math.min(score(field.name, field.description), score(`${type.name}.${field.name}`, null), ...field.args.map((arg) => score(arg.name, null) + 1));
        if (best < 9) rows.push([best + 0.5, this.fieldRow(type, field, true)]);
      }
      for (const member of [...type.inputs.values(), ...type.values.values()]) {
        const best = score(member.name, member.description);
        if (best < 9) rows.push([best + 0.7, row(member, [this.typeLink(type.name), ".", h("span", {}, member.name)])]);
      }
    }
    rows.sort((a, b) => a[0] - b[0]);
    if (!rows.length) return [h("p.muted", {}, "Nothing in the schema matches.")];
    return [section(`${rows.length} found${rows.length > mostFound ? `, the first ${mostFound}` : ""}`, rows.slice(0, mostFound).map(([, element]) => element))];
  }

  /** @param {Type} type @param {Field} field @param {boolean} [qualified] */
  fieldRow(type, field, qualified) {
    const line = [
      qualified && this.typeLink(type.name),
      qualified && ".",
      this.link(field.name, { type, field }, "field"),
      field.args.length > 0 && h("span.muted", {}, "(" + field.args.map((arg) => arg.name + (isRequired(arg) ? "!" : "")).join(", ") + ")"),
      ": ",
      this.ref(field.type),
    ];
    const add = h("button.add", { title: "Insert into the query", "aria-label": `Insert ${field.name} into the query`, onclick: () => this.insert(field, type) }, "+");
    return row(field, line, add);
  }

  /** @param {Input} input */
  inputRow(input) {
    return row(input, [h("span.t-argument", {}, input.name), ": ", this.ref(input.type), input.defaultValue != null && h("span.muted", {}, ` = ${input.defaultValue}`)]);
  }

  /** @param {string} text @param {Page} page @param {string} style */
  link(text, page, style) {
    return h("button.link.t-" + style, { onclick: () => this.show(page) }, text);
  }

  /** @param {string} name */
  typeLink(name) {
    return this.link(name, { type: this.schema?.type(name) }, "type");
  }

  /** A type with its brackets, the name a link. @param {import("./schema.js").TypeRef} ref */
  ref(ref) {
    const name = this.schema?.named(ref)?.name ?? "";
    const [before, after] = showType(ref).split(name || "\n");
    return h("span.ref", {}, before, this.typeLink(name), after ?? "");
  }
}

/** @param {string} title @param {Node[]} links */
const names = (title, links) => section(title, [h("p.names", {}, ...links)]);

/** @param {string} name @param {string} kind */
const heading = (name, kind) => h("h2", { tabindex: "-1" }, name, " ", h("small", {}, kind));

/** @param {string} title @param {Node[]} content */
const section = (title, content) => h("section", {}, h("h3", {}, title), ...content);

/** @param {Parameters<typeof reason>[0]} of */
const deprecation = (of) => reason(of) && h("p.warning", {}, `Deprecated: ${reason(of)}`);

/** Text with `code` in back quotes. @param {string|null|undefined} text */
function prose(text) {
  return h("p.prose", {}, ...(text ?? "").split("`").map((part, i) => (i % 2 ? h("code", {}, part) : part)));
}

/** @param {{description: string|null, isDeprecated?: boolean, deprecationReason?: string|null}} of @param {(Node|string|false|undefined)[]} line @param {Node|false} [button] */
function row(of, line, button) {
  return h(
    "div.row" + (of.isDeprecated ? ".deprecated" : ""),
    {},
    button,
    h("div.name", {}, ...line),
    prose(of.description),
    deprecation(of),
  );
}
