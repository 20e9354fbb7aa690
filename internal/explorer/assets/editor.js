// A text area with its coloured copy behind it. The text area keeps everything
// that browsers do well (selection, undo, input methods, screen readers); the
// copy shows colours, squiggles and matching brackets.

import { h, place } from "./dom.js";
import { paint, pieces } from "./highlight.js";
import { Listbox } from "./listbox.js";
import { typed } from "./typing.js";

/**
 * @typedef {import("./parser.js").Problem} Problem
 * @typedef {import("./highlight.js").Span} Span
 * @typedef {object} Options
 * @property {HTMLElement} host
 * @property {string} id
 * @property {string} label
 * @property {string} placeholder
 * @property {(text: string) => Span[]} spans
 * @property {(text: string, caret: number) => import("./complete.js").Completion|null} [complete]
 * @property {(text: string, caret: number) => boolean} [opensList] whether what was typed should open the list
 * @property {(offset: number) => {start: number, end: number, text: string}|null} [describe] for the pop-up under the mouse
 * @property {(offset: number) => void} [follow] Ctrl-click and Ctrl-I
 * @property {() => void} onChange
 * @property {() => void} [onCaret]
 * @property {() => void} [onRest] a moment after the last change
 */

const brackets = /** @type {Record<string, string>} */ ({ "(": ")", "[": "]", "{": "}" });

export class Editor {
  /** @param {Options} options */
  constructor(options) {
    this.options = options;
    /** @type {Problem[]} */
    this.problems = [];
    /** @type {Span[]} */
    this.spans = [];
    this.text = "";
    this.touched = false; // a key or a click since the focus came: Tab may indent
    this.layer = h("pre.layer", { "aria-hidden": "true" });
    /** @type {HTMLTextAreaElement} */
    this.input = h("textarea", {
      id: options.id,
      "aria-label": options.label,
      "aria-describedby": "leave-hint",
      placeholder: options.placeholder,
      spellcheck: "false",
      autocomplete: "off",
      autocapitalize: "off",
      autocorrect: "off",
      wrap: "off",
      oninput: (/** @type {InputEvent} */ event) => this.wrote(event),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event),
      onfocus: () => (this.touched = false),
      onblur: () => this.shut(),
      onmousedown: () => this.pressed(),
      onclick: (/** @type {MouseEvent} */ event) => this.clicked(event),
      onmousemove: (/** @type {MouseEvent} */ event) => this.hover(event),
      onmouseleave: () => this.untip(),
    });
    this.tip = h("div.tip", { hidden: true, role: "tooltip" });
    options.host.append(h("div.page", {}, this.layer, this.input));
    options.host.addEventListener("scroll", () => this.shut());
    document.body.append(this.tip);
    document.addEventListener("selectionchange", () => {
      if (document.activeElement !== this.input) return;
      this.paint();
      options.onCaret?.();
    });
    this.list = new Listbox(this.input, `${options.id}-list`, (item) => this.accept(item));
    this.paint();
  }

  /** @param {InputEvent} event */
  wrote(event) {
    this.changed();
    if (this.quiet) return;
    if (this.list.open || (event.inputType === "insertText" && this.options.opensList?.(this.text, this.caret))) this.offer();
  }

  /** @param {MouseEvent} event */
  clicked(event) {
    if (event.ctrlKey || event.metaKey) this.options.follow?.(this.caret);
  }

  pressed() {
    this.touched = true;
    this.shut();
  }

  shut() {
    this.list.close();
    this.untip();
  }

  get value() {
    return this.text;
  }

  /** Replaces everything without asking for the focus. @param {string} text */
  set value(text) {
    this.input.value = text;
    this.changed();
  }

  get caret() {
    return this.input.selectionEnd;
  }

  focus() {
    this.input.focus();
  }

  changed() {
    const { value } = this.input;
    const old = this.text;
    let same = 0;
    while (same < old.length && same < value.length && old[same] === value[same]) same++;
    const by = value.length - old.length;
    this.problems = this.problems
      .filter((problem) => problem.end <= same || problem.start >= same - Math.min(0, by))
      .map((problem) => (problem.end <= same ? problem : { ...problem, start: problem.start + by, end: problem.end + by }));
    this.text = value;
    this.spans = this.options.spans(value);
    this.paint();
    this.options.onChange();
    clearTimeout(this.rest);
    this.rest = setTimeout(() => this.options.onRest?.(), 250);
  }

  /** @param {Problem[]} problems */
  setProblems(problems) {
    this.problems = problems;
    this.input.setAttribute("aria-invalid", String(problems.some((problem) => problem.severity === "error")));
    this.paint();
  }

  paint() {
    const { length } = this.text;
    const marks = this.problems.map(({ start, end, severity }) => {
      if (end > start) return { start, end, style: severity };
      return start < length ? { start, end: start + 1, style: severity } : { start: length - 1, end: length, style: severity };
    });
    paint(this.layer, pieces(this.text, this.spans, [...marks, ...this.matching()]));
  }

  /** The bracket at the caret and its partner. @returns {Span[]} */
  matching() {
    const { selectionStart: at, selectionEnd } = this.input;
    if (at !== selectionEnd || document.activeElement !== this.input) return [];
    /** @type {Span[]} */
    const open = [];
    for (const span of this.spans) {
      const text = this.text.slice(span.start, span.end);
      if (brackets[text]) open.push(span);
      if (!/^[)\]}]$/.test(text)) continue;
      const partner = open.pop();
      if (!partner || brackets[this.text[partner.start]] !== text) return [];
      if ([partner.start, partner.end, span.start, span.end].includes(at)) {
        return [partner, span].map(({ start, end }) => ({ start, end, style: "match" }));
      }
    }
    return [];
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const { key } = event;
    const command = event.ctrlKey || event.metaKey;
    if (event.isComposing || key === "Shift" || key === "Control" || key === "Alt" || key === "Meta") return;
    this.untip();
    if (event.ctrlKey && (key === " " || event.code === "Space")) {
      event.preventDefault();
      return this.offer();
    }
    if (command && key === "i" && this.options.follow) {
      event.preventDefault();
      return this.options.follow(this.caret);
    }
    if (command || event.altKey) return;
    const exact = key === "Enter" && this.list.open && this.list.chosen.label === this.text.slice(this.at?.start, this.caret) && !this.list.chosen.insert;
    if (exact) this.list.close();
    else if (this.list.open && this.list.key(key)) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    if (key === "Escape") this.touched = false;
    else if (key !== "Tab") this.touched = true;
    if (key === "Tab" && !this.touched) return;
    if (key.startsWith("Arrow") || key === "Home" || key === "End") this.list.close();
    const edit = typed(this.text, this.input.selectionStart, this.input.selectionEnd, key, event.shiftKey);
    if (!edit) return;
    event.preventDefault();
    this.replace(edit.start, edit.end, edit.insert);
    this.input.setSelectionRange(edit.from, edit.to);
    if (this.options.opensList?.(this.text, this.caret)) this.offer();
    else this.list.close();
  }

  /** Changes the text so that undo knows it. @param {number} start @param {number} end @param {string} insert */
  replace(start, end, insert) {
    this.quiet = true;
    this.input.focus();
    this.input.setSelectionRange(start, end);
    const large = insert.length > 20_000; // browsers are slow at inserting long texts
    if (start === end && !insert) this.quiet = false;
    else if (large || !document.execCommand(insert ? "insertText" : "delete", false, insert)) {
      this.input.setRangeText(insert, start, end, "end");
      this.changed();
    }
    this.quiet = false;
  }

  offer() {
    this.at = this.options.complete?.(this.text, this.caret) ?? null;
    const single = this.at?.items.length === 1 && this.at.items[0];
    if (this.at && !(single && single.label === this.text.slice(this.at.start, this.at.end) && !single.insert)) this.list.show(this.at.items, this.box(this.at.start));
    else this.list.close();
  }

  /** @param {import("./complete.js").Item} item */
  accept(item) {
    const at = this.at;
    this.list.close();
    if (!at) return;
    const line = this.text.slice(this.text.lastIndexOf("\n", at.start - 1) + 1, at.start);
    const indent = /^\s*/.exec(line)?.[0] ?? "";
    const insert = (item.insert ?? item.label).replaceAll("\n", "\n" + indent);
    const mark = insert.indexOf("‸");
    this.replace(at.start, at.end, insert.replace("‸", ""));
    const caret = at.start + (mark < 0 ? insert.length : mark);
    this.input.setSelectionRange(caret, caret);
    this.options.host.scrollLeft = 0;
    if (item.again) this.offer();
  }

  /** Where a character is on the screen. @param {number} offset @returns {DOMRect} */
  box(offset) {
    const before = this.text.slice(0, offset).split("\n");
    const line = this.layer.children[before.length - 1];
    let column = before[before.length - 1].length;
    const range = document.createRange();
    range.selectNodeContents(line);
    range.collapse(true);
    const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const length = node.textContent?.length ?? 0;
      range.setStart(node, Math.min(column, length));
      range.collapse(true);
      if (column <= length) break;
      column -= length;
    }
    const rect = range.getBoundingClientRect();
    if (rect.height) return rect;
    const row = line.getBoundingClientRect();
    return new DOMRect(row.left + parseFloat(getComputedStyle(this.input).paddingLeft), row.top, 0, row.height);
  }

  /** @param {MouseEvent} event */
  hover(event) {
    clearTimeout(this.hovering);
    const { clientX, clientY } = event;
    this.hovering = setTimeout(() => {
      const offset = this.offsetAt(clientX, clientY);
      if (offset < 0 || this.list.open) return this.untip();
      const problem = this.problems.find(({ start, end }) => start <= offset && offset < Math.max(end, start + 1));
      const found = problem ? { ...problem, text: problem.message } : this.options.describe?.(offset);
      if (!found?.text) return this.untip();
      this.tip.textContent = found.text;
      this.tip.hidden = false;
      place(this.tip, this.box(found.start));
    }, 300);
  }

  untip() {
    clearTimeout(this.hovering);
    this.tip.hidden = true;
  }

  /** The offset under a point, -1 beside the text. @param {number} x @param {number} y */
  offsetAt(x, y) {
    let offset = 0;
    for (const line of this.text.split("\n")) {
      const end = this.box(offset + line.length);
      const { left } = this.box(offset);
      if (y < end.bottom) return y >= end.top && x >= left && x < end.left ? offset + Math.floor(((x - left) / (end.left - left)) * line.length) : -1;
      offset += line.length + 1;
    }
    return -1;
  }

  /** Selects a range and brings it into view. @param {number} start @param {number} end */
  reveal(start, end) {
    this.input.focus();
    this.input.setSelectionRange(start, end);
    this.layer.children[this.text.slice(0, start).split("\n").length - 1]?.scrollIntoView({ block: "nearest" });
  }
}
