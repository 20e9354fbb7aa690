// The schema as the endpoint tells it, and questions to it.

/**
 * @typedef {{kind: string, name: string|null, ofType: TypeRef|null}} TypeRef
 * @typedef {object} Input an argument or an input field
 * @property {string} name
 * @property {string|null} description
 * @property {TypeRef} type
 * @property {string|null} defaultValue
 * @property {boolean} [isDeprecated]
 * @property {string|null} [deprecationReason]
 * @typedef {object} Field
 * @property {string} name
 * @property {string|null} description
 * @property {Input[]} args
 * @property {TypeRef} type
 * @property {boolean} [isDeprecated]
 * @property {string|null} [deprecationReason]
 * @typedef {object} Type
 * @property {string} kind
 * @property {string} name
 * @property {string|null} description
 * @property {Map<string, Field>} fields
 * @property {Map<string, Input>} inputs
 * @property {Map<string, {name: string, description: string|null, isDeprecated?: boolean, deprecationReason?: string|null}>} values
 * @property {string[]} interfaces
 * @property {string[]} possible
 * @property {boolean} oneOf
 * @typedef {{type?: Type, field?: Field, input?: Input, directive?: Directive}} Meaning what a name stands for
 * @typedef {{name: string, description: string|null, locations: string[], args: Map<string, Input>}} Directive
 */

const nested = (/** @type {number} */ depth) => "{ kind name " + "ofType { kind name ".repeat(depth) + "}".repeat(depth + 1);

/**
 * The question that asks for the schema. The plain form does without everything that an older server may refuse.
 * @param {boolean} plain
 */
export function introspectionQuery(plain) {
  const all = plain ? "" : "(includeDeprecated: true)";
  const old = "isDeprecated deprecationReason";
  return `query ExplorerSchema {
  __schema {
    ${plain ? "" : "description"}
    queryType { name } mutationType { name } subscriptionType { name }
    directives { name description locations args${all} { ...input } }
    types {
      kind name description ${plain ? "" : "isOneOf"}
      fields(includeDeprecated: true) { name description ${old} args${all} { ...input } type { ...ref } }
      inputFields${all} { ...input }
      enumValues(includeDeprecated: true) { name description ${old} }
      interfaces { name }
      possibleTypes { name }
    }
  }
}
fragment input on __InputValue { name description defaultValue ${plain ? "" : old} type { ...ref } }
fragment ref on __Type ${nested(7)}`;
}

/** @template {{name: string}} T @param {T[]|null|undefined} list @returns {Map<string, T>} */
export const byName = (list) => new Map((list ?? []).map((item) => [item.name, item]));

export class Schema {
  /** @param {any} introspection the value of __schema */
  constructor(introspection) {
    /** @type {string|null} */
    this.description = introspection.description ?? null;
    /** @type {Map<string, Type>} */
    this.types = new Map();
    for (const raw of introspection.types) {
      this.types.set(raw.name, {
        kind: raw.kind,
        name: raw.name,
        description: raw.description,
        fields: byName(raw.fields),
        inputs: byName(raw.inputFields),
        values: byName(raw.enumValues),
        interfaces: (raw.interfaces ?? []).map((/** @type {any} */ t) => t.name),
        possible: (raw.possibleTypes ?? []).map((/** @type {any} */ t) => t.name),
        oneOf: Boolean(raw.isOneOf),
      });
    }
    /** @type {Map<string, Directive>} */
    this.directives = new Map(introspection.directives.map((/** @type {any} */ d) => [d.name, { ...d, args: byName(d.args) }]));
    /** @type {Record<string, string|undefined>} the names of the root types */
    this.roots = {
      query: introspection.queryType?.name,
      mutation: introspection.mutationType?.name,
      subscription: introspection.subscriptionType?.name,
    };
  }

  /** @param {string|null|undefined} name @returns {Type|undefined} */
  type(name) {
    return name ? this.types.get(name) : undefined;
  }

  /** The API's own types, without those that describe the schema. */
  get own() {
    return [...this.types.values()].filter((type) => !type.name.startsWith("__"));
  }

  /** @param {string|undefined} operation */
  root(operation) {
    return this.type(this.roots[operation ?? "query"]);
  }

  /** The type without its lists and non-nulls. @param {TypeRef|null|undefined} ref */
  named(ref) {
    while (ref?.ofType) ref = ref.ofType;
    return this.type(ref?.name);
  }

  /** The field of that name, meta fields included. @param {Type|undefined} type @param {string|undefined} name @returns {Field|undefined} */
  field(type, name) {
    if (!type || !name) return undefined;
    if (name === "__typename" && isComposite(type)) return metaField(name, "The name of the object's type.", nonNull("String"));
    if (type.name === this.roots.query) {
      if (name === "__schema") return metaField(name, "The schema of this API.", nonNull("__Schema"));
      if (name === "__type") {
        const arg = { name: "name", description: null, type: nonNull("String"), defaultValue: null };
        return metaField(name, "One type of the schema.", { kind: "OBJECT", name: "__Type", ofType: null }, [arg]);
      }
    }
    return type.fields.get(name);
  }

  /** The object types that a value of this type can have. @param {Type} type */
  possible(type) {
    return type.kind === "OBJECT" ? [type.name] : type.possible;
  }

  /** @param {Type} a @param {Type} b */
  overlap(a, b) {
    const names = new Set(this.possible(a));
    return this.possible(b).some((name) => names.has(name));
  }
}

/** @param {string} name @returns {TypeRef} */
const nonNull = (name) => ({ kind: "NON_NULL", name: null, ofType: { kind: "SCALAR", name, ofType: null } });

/** @param {string} name @param {string} description @param {TypeRef} type @param {Input[]} [args] @returns {Field} */
const metaField = (name, description, type, args = []) => ({ name, description, args, type });

/** @param {Type} type */
export const kindName = (type) => type.kind.toLowerCase().replace("_", " ");

/** @param {Type|undefined} type */
export const isComposite = (type) => type?.kind === "OBJECT" || type?.kind === "INTERFACE" || type?.kind === "UNION";

/** @param {Type|undefined} type */
export const isInput = (type) => type?.kind === "SCALAR" || type?.kind === "ENUM" || type?.kind === "INPUT_OBJECT";

/** @param {Input} input */
export const isRequired = (input) => input.type.kind === "NON_NULL" && input.defaultValue == null;

/** Why something is deprecated, or null. @param {{isDeprecated?: boolean, deprecationReason?: string|null}|undefined} of */
export const reason = (of) => (of?.isDeprecated ? of.deprecationReason || "no reason given" : null);

/** As GraphQL writes it: [User!]! @param {any} ref a TypeRef or the parser's TypeNode @returns {string} */
export function showType(ref) {
  if (!ref) return "";
  if (ref.kind === "NON_NULL") return showType(ref.ofType) + "!";
  if (ref.kind === "LIST") return "[" + showType(ref.ofType) + "]";
  return typeof ref.name === "string" ? ref.name : (ref.name?.text ?? "");
}

/** The parser's type as the schema writes it. @param {import("./parser.js").TypeNode|null|undefined} node @returns {TypeRef|null} */
export function toRef(node) {
  if (!node) return null;
  if (node.kind === "NAMED") return { kind: "NAMED", name: node.name.text, ofType: null };
  return { kind: node.kind, name: null, ofType: toRef(node.ofType) };
}
