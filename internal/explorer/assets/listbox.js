// The list of completions. The text keeps the focus; the list is told to
// screen readers through aria-activedescendant.

import { h, place } from "./dom.js";

/** @typedef {import("./complete.js").Item} Item */

const most = 80;

export class Listbox {
  /** @param {HTMLTextAreaElement} input @param {string} id @param {(item: Item) => void} choose */
  constructor(input, id, choose) {
    this.input = input;
    this.choose = choose;
    /** @type {Item[]} */
    this.items = [];
    this.active = 0;
    this.list = h("ul", { id, role: "listbox", "aria-label": "Completions" });
    this.info = h("div.info");
    this.box = h("div.completions", { hidden: true, onmousedown: (/** @type {Event} */ event) => event.preventDefault() }, this.list, this.info);
    document.body.append(this.box);
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-controls", id);
  }

  get open() {
    return !this.box.hidden;
  }

  get chosen() {
    return this.items[this.active];
  }

  /** @param {Item[]} items @param {DOMRect} near where the word starts */
  show(items, near) {
    this.items = items.slice(0, most);
    this.list.replaceChildren(
      ...this.items.map((item, i) =>
        h(
          "li" + (item.deprecated ? ".deprecated" : ""),
          { role: "option", id: `${this.list.id}-${i}`, onclick: () => this.choose(item) },
          h("span", {}, item.label),
          h("em", {}, item.detail ?? ""),
        ),
      ),
    );
    this.box.hidden = false;
    this.select(0);
    place(this.box, near);
  }

  /** @param {number} to index, wraps around */
  select(to) {
    this.list.children[this.active]?.removeAttribute("aria-selected");
    this.active = (to + this.items.length) % this.items.length;
    const option = this.list.children[this.active];
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", option.id);
    const { doc, deprecated } = this.chosen;
    this.info.textContent = [deprecated && `Deprecated: ${deprecated}`, doc].filter(Boolean).join("\n");
    this.info.hidden = !this.info.textContent;
  }

  close() {
    this.box.hidden = true;
    this.input.removeAttribute("aria-activedescendant");
  }

  /** Whether the key was for the list. @param {string} key */
  key(key) {
    const step = key === "ArrowDown" ? 1 : key === "ArrowUp" ? -1 : 0;
    if (step) this.select(this.active + step);
    else if (key === "Enter" || key === "Tab") this.choose(this.chosen);
    else if (key === "Escape") this.close();
    else return false;
    return true;
  }
}
