// JSON as text: tokens for colours, a tree with positions, layout that keeps
// every number as it was written (JSON.parse would round the large ones).

import { scan } from "./lexer.js";

/**
 * @typedef {object} JSONToken
 * @property {"punct"|"string"|"key"|"number"|"literal"|"bad"} kind
 * @property {number} start
 * @property {number} end
 * @property {string} text
 */

const pattern = /(?<punct>[{}[\]:,])|(?<string>"(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})|[^"\\\u0000-\u001f])*")|(?<number>-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.]))|(?<literal>(?:true|false|null)(?!\w))|(?<bad>"[^"\n\r]*"?|[^\s{}[\]:,"]+|[^ \t\n\r])/g;

/** @param {string} text */
export function lexJSON(text) {
  /** @type {JSONToken[]} */
  const tokens = scan(text, pattern);
  tokens.forEach((token, i) => {
    if (token.text === ":" && tokens[i - 1]?.kind === "string") tokens[i - 1].kind = "key";
  });
  return tokens;
}

/**
 * The tree of a JSON text, in the shape that the GraphQL parser gives to values, and the first mistake in it.
 * @param {string} text
 * @returns {{root: import("./parser.js").Node|null, errors: import("./parser.js").Problem[]}}
 */
export function parseJSON(text) {
  const tokens = lexJSON(text);
  /** @type {import("./parser.js").Problem[]} */
  const errors = [];
  let i = 0;
  const is = (/** @type {string} */ c) => tokens[i]?.text === c;
  const fail = (/** @type {string} */ message) => {
    const token = tokens[i] ?? { start: Math.max(0, text.length - 1), end: text.length };
    if (!errors.length) errors.push({ start: token.start, end: token.end, message, severity: "error" });
    return null;
  };
  const expected = (/** @type {string} */ what) =>
    fail(tokens[i] ? `Expected ${what}, found ${tokens[i].text.slice(0, 30)}.` : `The text ends here: ${what} is missing.`);

  /** @returns {import("./parser.js").Node|null} */
  const value = () => {
    const token = tokens[i];
    if (is("{")) return group("}", "object");
    if (is("[")) return group("]", "list");
    if (!token || token.kind === "punct" || token.kind === "bad" || token.kind === "key") return expected("a value");
    i++;
    const { start, end, text: word } = token;
    const kind = token.kind === "string" ? "string" : token.kind === "number" ? (/^-?\d+$/.test(word) ? "int" : "float") : word === "null" ? "null" : "boolean";
    return { kind, start, end, name: { kind: "name", start, end, text: kind === "string" ? JSON.parse(word) : word } };
  };
  /** @param {string} close @param {"object"|"list"} kind @returns {import("./parser.js").Node} */
  const group = (close, kind) => {
    /** @type {import("./parser.js").Node[]} */
    const items = [];
    const node = { kind, start: tokens[i].start, end: text.length, items };
    i++;
    while (!is(close)) {
      const token = tokens[i];
      if (kind === "object") {
        if (token?.kind !== "key") {
          expected('a name in quotes, such as "id":');
          return node;
        }
        i += 2;
        const { start, end } = token;
        const name = /** @type {import("./lexer.js").Token} */ ({ kind: "name", start, end, text: JSON.parse(token.text) });
        items.push({ kind: "objectField", start, end, name, value: value() });
      } else {
        const item = value();
        if (item) items.push(item);
      }
      if (errors.length) return node;
      if (!is(",")) break;
      i++;
      if (is(close)) {
        fail(`Remove the comma before ${close}.`);
        return node;
      }
    }
    if (is(close)) node.end = tokens[i++].end;
    else expected(`, or ${close}`);
    return node;
  };

  const root = tokens.length ? value() : null;
  if (i < tokens.length && !errors.length) expected("the end");
  return { root, errors };
}

/** Two spaces, one member a line; text that is no JSON comes back unchanged. @param {string} text */
export function formatJSON(text) {
  const tokens = lexJSON(text);
  if (tokens.some((token) => token.kind === "bad")) return text;
  let out = "";
  let depth = 0;
  const line = () => "\n" + "  ".repeat(depth);
  for (let i = 0; i < tokens.length; i++) {
    const { kind, text: piece } = tokens[i];
    if (kind !== "punct") {
      out += piece;
    } else if (piece === "{" || piece === "[") {
      const close = tokens[i + 1]?.text;
      if (close === "}" || close === "]") {
        out += piece + close;
        i++;
      } else {
        depth++;
        out += piece + line();
      }
    } else if (piece === "}" || piece === "]") {
      depth = Math.max(0, depth - 1);
      out += line() + piece;
    } else {
      out += piece === "," ? "," + line() : ": ";
    }
  }
  return out;
}
