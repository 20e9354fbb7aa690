// Cuts GraphQL text into tokens. Never throws: what it cannot read becomes a
// token of kind "bad" that carries its own message.

/**
 * @typedef {"name"|"punct"|"int"|"float"|"string"|"block"|"comment"|"bad"|"eof"} TokenKind
 * @typedef {object} Token
 * @property {TokenKind} kind
 * @property {number} start offset of the first character
 * @property {number} end offset behind the last character
 * @property {string} text
 * @property {string} [problem] only on bad tokens
 * @property {string} [role] what the parser found the token to be; chooses the colour
 * @property {import("./schema.js").Meaning} [means] what validation found the name to stand for
 */

const ignored = /[ \t\n\r,\uFEFF]+/y;
const pattern =
  /(?<comment>#[^\n\r]*)|(?<name>[_A-Za-z]\w*)|(?<number>-?\d[\w.]*(?:(?<=[eE])[+-]\d*)?)|(?<string>"(?:\\[^\n\r]|[^"\\\n\r])*"?)|(?<punct>\.\.\.|[!$&():=@[\]{}|])/y;
const number = /^-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/**
 * All tokens of the source, comments included, white space and commas left out.
 * @param {string} source
 * @returns {Token[]}
 */
export function lex(source) {
  /** @type {Token[]} */
  const tokens = [];
  let at = 0;
  /** @param {TokenKind} kind @param {number} end @param {string} [problem] */
  const push = (kind, end, problem) => {
    tokens.push({ kind, start: at, end, text: source.slice(at, end), problem });
    at = end;
  };
  while (at < source.length) {
    ignored.lastIndex = at;
    if (ignored.test(source)) {
      at = ignored.lastIndex;
      continue;
    }
    if (source.startsWith('"""', at)) {
      const end = blockEnd(source, at + 3);
      if (end < 0) push("bad", source.length, 'This block string is not closed: add """.');
      else push("block", end);
      continue;
    }
    pattern.lastIndex = at;
    const groups = pattern.exec(source)?.groups;
    if (!groups) {
      push("bad", at + String.fromCodePoint(source.codePointAt(at) ?? 0).length, "This character has no meaning here.");
      continue;
    }
    const end = pattern.lastIndex;
    if (groups.number !== undefined) {
      const match = number.exec(groups.number);
      if (!match) push("bad", end, `${groups.number} is not a number.`);
      else push(match[1] || match[2] ? "float" : "int", end);
    } else if (groups.string !== undefined) {
      const closed = groups.string.length > 1 && groups.string.endsWith('"');
      push(closed ? "string" : "bad", end, closed ? undefined : 'This string is not closed: add ".');
    } else {
      push(groups.comment !== undefined ? "comment" : groups.name !== undefined ? "name" : "punct", end);
    }
  }
  return tokens;
}

/** @param {string} source @param {number} from */
function blockEnd(source, from) {
  for (;;) {
    const end = source.indexOf('"""', from);
    if (end < 0) return -1;
    if (source[end - 1] !== "\\") return end + 3;
    from = end + 3;
  }
}
