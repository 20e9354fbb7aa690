// Cuts GraphQL text into tokens. Never throws: what it cannot read becomes a
// token of kind "bad" that carries its own message.

/**
 * @typedef {"name"|"punct"|"int"|"float"|"string"|"block"|"comment"|"bad"|"eof"} TokenKind while scanning also number, open
 * @typedef {object} Token
 * @property {TokenKind} kind
 * @property {number} start offset of the first character
 * @property {number} end offset behind the last character
 * @property {string} text
 * @property {string} [problem] only on bad tokens
 * @property {string} [role] what the parser found the token to be; chooses the colour
 * @property {import("./schema.js").Meaning} [means] what validation found the name to stand for
 */

const pattern =
  /(?<comment>#[^\n\r]*)|(?<name>[_A-Za-z]\w*)|(?<number>-?\d[\w.]*(?:(?<=[eE])[+-]\d*)?)|(?<block>"""(?:\\"""|(?!\\?""")[^])*""")|(?<open>"""[^]*)|(?<string>"(?:\\[^\n\r]|[^"\\\n\r])*"?)|(?<punct>\.\.\.|[!$&():=@[\]{}|])|(?<bad>[^ \t\n\r,\uFEFF])/gu;
const number = /^-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/**
 * What a pattern finds in a text; the names of its groups are the kinds.
 * @param {string} source @param {RegExp} pattern
 */
export function scan(source, pattern) {
  const tokens = [];
  for (const { 0: text, index: start, groups = {} } of source.matchAll(pattern)) {
    const kind = /** @type {any} */ (Object.keys(groups).find((name) => groups[name] !== undefined));
    tokens.push({ kind, start, end: start + text.length, text });
  }
  return tokens;
}

/**
 * All tokens of the source, comments included, white space and commas left out.
 * @param {string} source
 */
export function lex(source) {
  /** @type {Token[]} */
  const tokens = scan(source, pattern);
  for (const token of tokens) {
    const { kind, text } = token;
    if (kind === "number") {
      const match = number.exec(text);
      if (match) token.kind = match[1] || match[2] ? "float" : "int";
      else token.problem = `${text} is not a number.`;
    }
    if (kind === "open") token.problem = 'This block string is not closed: add """.';
    if (kind === "string" && !/[^]"$/.test(text)) token.problem = 'This string is not closed: add ".';
    if (kind === "bad") token.problem = "This character has no meaning here.";
    if (token.problem) token.kind = "bad";
  }
  return tokens;
}
