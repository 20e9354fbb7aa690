// The server's answer: status, time, size, errors as cards, the body in colours.

import { showBehind, takeOut } from "./behind.js";
import { byId, copy, h } from "./dom.js";
import { jsonSpans, pieces } from "./highlight.js";
import { formatJSON } from "./json.js";
import { showSize } from "./request.js";

const mostColoured = 400_000; // characters; a longer body is shown plain
const mostShown = 5_000_000; // characters; the rest can be saved
const block = 200; // lines that the browser lays out together, when they come into view

export class AnswerPanel {
  /** @param {(line: number, column: number) => void} jump to a place in the query */
  constructor(jump) {
    this.jump = jump;
    this.text = "";
    this.status = byId("status");
    this.errors = byId("errors");
    this.body = byId("body");
    byId("copy-answer").onclick = () => copy(this.text, "Answer");
    byId("save-answer").onclick = () => this.save();
  }

  /** @param {string} text @param {"good"|"bad"|"busy"|""} kind @param {string} [detail] */
  state(text, kind, detail = "") {
    this.status.replaceChildren(h("span.badge" + (kind && "." + kind), {}, text), h("span.numbers", {}, detail));
  }

  clear() {
    this.text = "";
    this.errors.replaceChildren();
    this.body.replaceChildren();
    byId("headers-out").replaceChildren();
    showBehind(null, "Run a query to see what is behind its answer.");
    this.tools(false);
  }

  /** @param {boolean} on */
  tools(on) {
    byId("copy-answer").hidden = byId("save-answer").hidden = !on;
  }

  /** @param {import("./request.js").Answer} answer @param {boolean} streamed the events are shown already */
  show(answer, streamed) {
    const parsed = parse(answer.text);
    const errors = Array.isArray(parsed?.errors) ? parsed.errors : [];
    const good = answer.status < 400 && !errors.length;
    const count = errors.length ? ` · ${errors.length} error${errors.length > 1 ? "s" : ""}` : "";
    const { text, explanation } = takeOut(answer.text, parsed);
    const ms = Math.max(0, answer.ms - (explanation?.plansMs ?? 0));
    const bytes = answer.bytes - (answer.text.length - text.length);
    this.state(`${answer.status} ${answer.statusText}`.trim(), good ? "good" : "bad", `${ms.toFixed(ms < 10 ? 1 : 0)} ms · ${showSize(bytes)}${count}`);
    const lines = answer.headers.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]);
    byId("headers-out").replaceChildren(h("summary", {}, "Headers of the answer"), h("dl", {}, ...lines));
    if (streamed) return;
    showBehind(explanation, "The server told nothing of it: the operation was refused before it ran, or somebody else answered.");
    this.errors.replaceChildren(...errors.slice(0, 50).map((error) => this.card(error)));
    if (!parsed && answer.text) this.errors.prepend(h("div.card", {}, "The answer is not JSON: something between here and the API may have answered."));
    this.text = parsed ? formatJSON(text) : text;
    this.body.replaceChildren(...this.blocks(this.text));
    this.body.parentElement.scrollTop = 0;
    this.tools(true);
  }

  /** One event of a subscription, put in front. @param {string} data @param {number} number */
  event(data, number) {
    const text = formatJSON(data);
    this.text = text + "\n" + this.text;
    this.body.prepend(h("div.event", {}, `Event ${number} · ${new Date().toLocaleTimeString()}`), ...this.blocks(text));
    while (this.body.children.length > 400) this.body.lastChild?.remove();
    this.tools(true);
  }

  /** @param {string} title @param {string} text */
  fail(title, text) {
    this.state(title, "bad");
    this.errors.replaceChildren(h("div.card", {}, text));
  }

  /** @param {any} error */
  card(error) {
    const places = Array.isArray(error?.locations) ? error.locations : [];
    return h(
      "div.card",
      {},
      h("strong", {}, String(error?.message ?? JSON.stringify(error))),
      h(
        "div.where",
        {},
        error?.extensions?.code && h("code", {}, String(error.extensions.code)),
        Array.isArray(error?.path) && h("span", {}, "at " + error.path.join(".")),
        ...places.slice(0, 3).map((/** @type {any} */ at) => h("button.link", { onclick: () => this.jump(at.line, at.column) }, `line ${at.line}, column ${at.column}`)),
      ),
    );
  }

  /** @param {string} text */
  blocks(text) {
    if (text.length > mostColoured) {
      const rest = text.length > mostShown ? "\n… save the answer to see the rest" : "";
      return [h("div", {}, text.slice(0, mostShown) + rest)];
    }
    const lines = pieces(text, jsonSpans(text), []);
    const blocks = [];
    for (let i = 0; i < lines.length; i += block) {
      const content = lines.slice(i, i + block).flatMap((line) => [...line.map((piece) => (piece.style ? h("span", { class: piece.style }, piece.text) : piece.text)), "\n"]);
      blocks.push(h(lines.length > block ? "div.block" : "div", {}, ...content));
    }
    return blocks;
  }

  save() {
    const url = URL.createObjectURL(new Blob([this.text], { type: "application/json" }));
    h("a", { href: url, download: "answer.json" }).click();
    URL.revokeObjectURL(url);
  }
}

/** @param {string} text */
function parse(text) {
  try {
    const value = JSON.parse(text);
    return value && typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}
