// Keeps the page up to date: reads the server's events and puts each text in its place. Text stays text: nothing from the
// server is read as markup.

import { events } from "./events.js";
import { add, start } from "./plots.js";

/**
 * @typedef {{level: string, text: string}} Advice
 * @typedef {{lately: string, total: string, width: number}} Bar
 * @typedef {{state: string, texts: Record<string, string>, advice: Advice[], bars: Record<string, Bar[]>, tables: Record<string, string[][]>, sample: import("./chart.js").Sample|null}} View
 */

const again = 2000;
const link = /** @type {HTMLElement} */ (document.getElementById("link"));
const pause = /** @type {HTMLElement} */ (document.getElementById("pause"));
const title = document.title.replace(/^\S+/, "");

let reading = new AbortController();
let paused = false;
/** Grows when a watch begins or ends: there is one at a time. */
let turn = 0;

/** @param {"live"|"lost"|"paused"} how @param {string} text */
function told(how, text) {
  document.body.dataset.link = how;
  if (link.textContent !== text) link.textContent = text;
}

/** @param {Element} element @param {string} text */
function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {string} tag @param {string} text @param {string} [classes] */
function made(tag, text, classes) {
  const element = document.createElement(tag);
  element.textContent = text;
  if (classes) element.className = classes;
  return element;
}

/** What was shown last, so that what stays the same is left alone. @type {Map<Element, string>} */
const shown = new Map();

/** @param {Element} place @param {unknown} value @param {() => Element[]} make */
function list(place, value, make) {
  const text = JSON.stringify(value);
  if (shown.get(place) === text) return;
  shown.set(place, text);
  place.replaceChildren(...make());
}

/** @param {View} view */
function show(view) {
  document.body.dataset.state = view.state;
  document.title = view.state + title;
  for (const place of document.querySelectorAll("[data-t]")) put(place, view.texts[/** @type {HTMLElement} */ (place).dataset.t ?? ""] ?? "");
  list(/** @type {Element} */ (document.getElementById("advice")), view.advice, () => view.advice.map((advice) => {
    const item = made("li", "", advice.level);
    item.append(made("b", advice.level), " " + advice.text);
    return item;
  }));
  for (const place of document.querySelectorAll("[data-rows]")) {
    const { rows = "", empty = "" } = /** @type {HTMLElement} */ (place).dataset;
    const found = view.tables[rows] ?? [];
    list(place, found, () => (found.length ? found : [[empty]]).map((cells) => {
      const row = made("tr", "");
      row.append(...cells.map((cell) => made("td", cell, found.length ? "" : "muted")));
      if (!found.length) row.firstElementChild?.setAttribute("colspan", "9");
      return row;
    }));
  }
  for (const table of document.querySelectorAll("[data-bars]")) {
    const found = view.bars[/** @type {HTMLElement} */ (table).dataset.bars ?? ""] ?? [];
    for (const [i, row] of [...table.querySelectorAll("tbody tr")].entries()) {
      const bar = found[i];
      row.querySelector("rect")?.setAttribute("width", String(bar.width));
      put(row.children[2], bar.lately);
      put(row.children[3], bar.total);
    }
  }
  if (view.sample) add(view.sample);
}

/** Why the server does not stream. @param {Response} answer */
async function reason(answer) {
  try {
    return (await answer.json()).message;
  } catch {
    return answer.statusText;
  }
}

/** Reads one stream to its end. */
async function read() {
  reading = new AbortController();
  const answer = await fetch(location.pathname, { headers: { Accept: "text/event-stream" }, signal: reading.signal, cache: "no-store" });
  if (!answer.ok || !answer.body) throw new Error(`${answer.status}: ${await reason(answer)}`);
  const texts = /** @type {AsyncIterable<string>} */ (/** @type {unknown} */ (pieces(answer.body)));
  for await (const { name, data } of events(texts)) {
    if (name === "end") throw new Error("the server stops");
    if (name === "history") start(JSON.parse(data));
    if (name === "view") {
      show(JSON.parse(data));
      told("live", "live,");
    }
  }
  throw new Error("the stream ended");
}

/** @param {ReadableStream<Uint8Array>} stream */
async function* pieces(stream) {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield decoder.decode(value, { stream: true });
  }
}

async function watch() {
  const mine = ++turn;
  while (mine === turn) {
    try {
      await read();
    } catch (error) {
      if (mine !== turn) return;
      told("lost", `not live (${/** @type {Error} */ (error).message}), as of`);
    }
    await new Promise((wake) => setTimeout(wake, again));
  }
}

pause.addEventListener("click", () => {
  paused = !paused;
  pause.setAttribute("aria-pressed", String(paused));
  if (paused) {
    turn++;
    told("paused", "paused, as of");
    reading.abort();
  } else {
    watch();
  }
});

watch();
