// Paints text into lines of coloured pieces; touches only the lines that changed.

import { h } from "./dom.js";
import { lexJSON } from "./json.js";
import { parse } from "./parser.js";

/**
 * @typedef {{start: number, end: number, style: string}} Span
 * @typedef {{text: string, style: string}} Piece
 */

/** @param {string} text @returns {Span[]} */
export const graphqlSpans = (text) => parse(text).tokens.map(({ start, end, role, kind }) => ({ start, end, style: role ?? kind }));

/** @param {string} text @returns {Span[]} */
export const jsonSpans = (text) => lexJSON(text).map(({ start, end, kind }) => ({ start, end, style: kind }));

/** Names and values of header lines. @param {string} text @returns {Span[]} */
export function headerSpans(text) {
  if (text.trim().startsWith("{")) return jsonSpans(text);
  return [...text.matchAll(/^(\s*#.*)|^([^:\n]+):/gm)].map((match) => ({ start: match.index, end: match.index + match[0].length, style: match[1] ? "comment" : "key" }));
}

/**
 * @param {string} text @param {Span[]} spans sorted, apart @param {Span[]} marks may overlap
 * @returns {Piece[][]} lines
 */
export function pieces(text, spans, marks) {
  /** @type {Piece[][]} */
  const lines = [[]];
  const put = (/** @type {number} */ start, /** @type {number} */ end, /** @type {string} */ style) => {
    const cuts = new Set([start, end]);
    const near = marks.filter((mark) => mark.start < end && mark.end > start);
    for (const mark of near) cuts.add(Math.max(start, mark.start)).add(Math.min(end, mark.end));
    const sorted = [...cuts].sort((a, b) => a - b);
    for (let i = 0; i + 1 < sorted.length; i++) {
      const styles = [style, ...near.filter((mark) => mark.start <= sorted[i] && sorted[i] < mark.end).map((mark) => mark.style)];
      text.slice(sorted[i], sorted[i + 1]).split("\n").forEach((part, n) => {
        if (n) lines.push([]);
        if (part) lines[lines.length - 1].push({ text: part, style: styles.filter(Boolean).map((s) => "t-" + s).join(" ") });
      });
    }
  };
  let at = 0;
  for (const span of spans) {
    if (span.start > at) put(at, span.start, "");
    put(span.start, span.end, span.style);
    at = span.end;
  }
  if (at < text.length) put(at, text.length, "");
  return lines;
}

/** @type {WeakMap<Element, string[]>} the keys of the lines that an element shows */
const shown = new WeakMap();

/** @param {Element} element @param {Piece[][]} lines */
export function paint(element, lines) {
  const keys = lines.map((line) => line.map((piece) => piece.style + "\u0000" + piece.text).join("\u0001"));
  const old = shown.get(element) ?? [];
  let head = 0;
  while (head < keys.length && head < old.length && keys[head] === old[head]) head++;
  let tail = 0;
  while (tail < keys.length - head && tail < old.length - head && keys[keys.length - 1 - tail] === old[old.length - 1 - tail]) tail++;
  for (let i = old.length - tail - 1; i >= head; i--) element.children[i].remove();
  const fresh = document.createDocumentFragment();
  for (const line of lines.slice(head, lines.length - tail)) {
    fresh.append(h("div.line", {}, ...line.map((piece) => (piece.style ? h("span", { class: piece.style }, piece.text) : piece.text))));
  }
  element.insertBefore(fresh, element.children[head] ?? null);
  shown.set(element, keys);
}
