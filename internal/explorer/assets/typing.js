// What a key does to the text beyond its own character: pairs, indentation.

/**
 * @typedef {{start: number, end: number, insert: string, from: number, to: number}} Edit
 *   replaces [start, end) and selects [from, to) of the new text
 */

const pairs = /** @type {Record<string, string>} */ ({ "(": ")", "[": "]", "{": "}", '"': '"' });

/** Null leaves the key to the browser. @param {string} text @param {number} start @param {number} end the selection @param {string} key @param {boolean} shift @returns {Edit|null} */
export function typed(text, start, end, key, shift) {
  if (key === "Tab") return tab(text, start, end, shift);
  if (pairs[key] && start !== end) return { start, end, insert: key + text.slice(start, end) + pairs[key], from: start + 1, to: end + 1 };
  if (start !== end) return null;
  const before = text[start - 1] ?? "";
  const after = text[start] ?? "";
  const line = text.slice(text.lastIndexOf("\n", start - 1) + 1, start);
  const skip = { start, end, insert: "", from: start + 1, to: start + 1 };
  const put = (/** @type {string} */ insert, /** @type {number} */ caret, from = start, to = end) => ({ start: from, end: to, insert, from: from + caret, to: from + caret });
  if (key === '"') {
    if (after === '"') return skip;
    return /[\w"\\]/.test(before) || /\w/.test(after) ? null : put('""', 1);
  }
  if (pairs[key]) return !after || /[\s)\]},]/.test(after) ? put(key + pairs[key], 1) : null;
  if (key === ")" || key === "]" || key === "}") {
    const open = /** @type {string} */ (Object.keys(pairs).find((bracket) => pairs[bracket] === key));
    if (after === key && text.split(open).length <= text.split(key).length) return skip;
    return key === "}" && /^ {2,}$/.test(line) ? put(key, 1, start - 2) : null;
  }
  if (key === "Backspace") {
    if (before && pairs[before] === after && before !== after) return put("", 0, start - 1, start + 1);
    if (before === '"' && after === '"') return put("", 0, start - 1, start + 1);
    return /^ +$/.test(line) && line.length % 2 === 0 ? put("", 0, start - 2) : null;
  }
  if (key === "Enter") {
    const indent = /^[ \t]*/.exec(line)?.[0] ?? "";
    const opened = /[({[]$/.test(line.trimEnd());
    const inner = "\n" + indent + (opened ? "  " : "");
    const closes = opened && pairs[line.trimEnd().slice(-1)] === after;
    return put(inner + (closes ? "\n" + indent : ""), inner.length);
  }
  return null;
}

/** Indents where that makes sense: several lines, or the blank start of one. @param {string} text @param {number} start @param {number} end @param {boolean} shift @returns {Edit|null} */
function tab(text, start, end, shift) {
  const first = text.lastIndexOf("\n", start - 1) + 1;
  const several = text.slice(start, end).includes("\n");
  if (!several && !/^ *$/.test(text.slice(first, start))) return null;
  if (!several && !shift) return { start, end, insert: "  ", from: start + 2, to: start + 2 };
  const lines = text.slice(first, end).split("\n");
  if (shift && !lines.some((line) => line.startsWith(" "))) return null;
  const moved = lines.map((line) => (shift ? line.replace(/^ {1,2}/, "") : line && "  " + line));
  const insert = moved.join("\n");
  const from = Math.max(first, start + moved[0].length - lines[0].length);
  return { start: first, end, insert, from, to: first + insert.length };
}
