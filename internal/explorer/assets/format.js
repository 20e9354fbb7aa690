// Lays a GraphQL text out anew: two spaces, one field a line, long argument
// lists broken. Works on tokens, so comments stay where they are.

import { parse } from "./parser.js";

/**
 * @typedef {import("./lexer.js").Token} Token
 * @typedef {{open: string, items: Piece[][], close: string, broken: boolean}} Group
 * @typedef {Token|Group} Piece
 */

const width = 80;
const closers = /** @type {Record<string, string>} */ ({ "(": ")", "[": "]", "{": "}" });

/** The formatted text, or null when the text cannot be read. @param {string} source @returns {string|null} */
export function format(source) {
  const { tokens, errors } = parse(source);
  return errors.length ? null : new Printer(source, tokens).print();
}

class Printer {
  /** @param {string} source @param {Token[]} tokens */
  constructor(source, tokens) {
    this.source = source;
    this.tokens = tokens;
    /** @type {string[]} */
    this.lines = [];
    this.line = "";
    this.depth = 0;
  }

  indent(extra = 0) {
    return "  ".repeat(this.depth + extra);
  }

  flush() {
    if (this.line) this.lines.push(this.indent() + this.line);
    this.line = "";
  }

  /** @param {string} text @param {boolean} spaced */
  add(text, spaced) {
    this.line += (spaced && this.line ? " " : "") + text;
  }

  print() {
    const { tokens } = this;
    for (let i = 0; i < tokens.length; i++) {
      const token = tokens[i];
      const previous = tokens[i - 1];
      if (token.kind === "comment") {
        this.comment(token, previous);
        if (i + 1 === tokens.length) this.flush();
      } else if (token.text === "{") {
        this.add("{", true);
        this.flush();
        this.depth++;
      } else if (token.text === "}") {
        this.flush();
        this.depth--;
        this.line = "}";
        this.flush();
        if (!this.depth) this.lines.push("");
      } else if (token.text === "(") {
        const [group, end] = this.group(i);
        const spaced = previous !== undefined && !this.depth && /^(query|mutation|subscription)$/.test(previous.text) && previous.role === "keyword";
        if (spaced) this.line += " ";
        this.line += this.render(group, 0, this.indent().length + this.line.length);
        i = end;
      } else {
        this.word(token, previous, tokens[i - 2]);
      }
    }
    this.flush();
    return this.lines.join("\n").trim() + "\n";
  }

  /** @param {Token} token @param {Token|undefined} previous */
  comment(token, previous) {
    const sameLine = previous && !/[\n\r]/.test(this.source.slice(previous.end, token.start));
    if (!sameLine) this.flush();
    if (sameLine && !this.line && this.lines.length) {
      while (this.lines.at(-1) === "") this.lines.pop();
      this.lines[this.lines.length - 1] += " " + token.text.trimEnd();
      if (!this.depth) this.lines.push("");
      return;
    }
    this.add(token.text.trimEnd(), true);
    this.flush();
  }

  /** @param {Token} token @param {Token|undefined} previous @param {Token|undefined} before */
  word(token, previous, before) {
    const after = previous?.text;
    if (after === "@" || token.text === ":") return this.add(token.text, false);
    if (token.text === "@" || after === ":") return this.add(token.text, true);
    if (after === "...") return this.add(token.text, token.text === "on");
    if (after === "on" && before?.text === "...") return this.add(token.text, true);
    if (this.depth) this.flush();
    this.add(token.text, true);
  }

  /** Reads a bracketed group. @param {number} i index of the bracket @returns {[Group, number]} the group and the index of its end */
  group(i) {
    const { tokens } = this;
    const open = tokens[i].text;
    /** @type {Group} */
    const group = { open, items: [], close: closers[open], broken: false };
    for (i++; i < tokens.length && tokens[i].text !== group.close; i++) {
      const token = tokens[i];
      const previous = tokens[i - 1];
      const named = tokens[i + (token.text === "$" ? 2 : 1)]?.text === ":";
      const starts =
        token.kind === "comment" ||
        previous.kind === "comment" ||
        !group.items.length ||
        (open === "[" ? previous.text !== "$" && token.text !== "!" : named && previous.text !== "$");
      if (starts) group.items.push([]);
      if (token.kind === "comment" || /\n/.test(token.text)) group.broken = true;
      /** @type {Piece} */
      let piece = token;
      if (closers[token.text]) {
        const [inner, end] = this.group(i);
        if (inner.broken) group.broken = true;
        piece = inner;
        i = end;
      }
      group.items[group.items.length - 1].push(piece);
    }
    return [group, i];
  }

  /** @param {Group} group @param {number} extra deeper than the line by so many steps @param {number} column @returns {string} */
  render(group, extra, column) {
    if (!group.broken) {
      const inline = group.items.map((item) => this.item(item, extra, -1e9)).join(", ");
      const pad = group.open === "{" && inline ? " " : "";
      const text = group.open + pad + inline + pad + group.close;
      if (column + text.length <= width) return text;
    }
    const lines = group.items.map((item) => this.indent(extra + 1) + this.item(item, extra + 1, this.indent(extra + 1).length));
    return [group.open, ...lines, this.indent(extra) + group.close].join("\n");
  }

  /** @param {Piece[]} pieces @param {number} extra @param {number} column */
  item(pieces, extra, column) {
    let text = "";
    let last = "";
    for (const piece of pieces) {
      if ("items" in piece) {
        const spaced = last === ":" || last === "=";
        text += (spaced ? " " : "") + this.render(piece, extra, column + text.length + 1);
        last = piece.close;
        continue;
      }
      const attached = !text || last === "$" || last === "@" || piece.text === ":" || piece.text === "!";
      text += (attached ? "" : " ") + piece.text.trimEnd();
      last = piece.text;
    }
    return text;
  }
}
