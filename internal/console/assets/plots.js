// Draws the charts of the page, and tells of the moment that is pointed at.

import { area, at, column, inWords, line, nearest, roundUp, x } from "./chart.js";

/** @typedef {import("./chart.js").Sample} Sample */

/** How far back a chart may reach, in minutes: no further than there are samples. */
const reaches = [2, 5, 10];
const left = 40;
const stack = /** @type {const} */ (["leased", "tending", "idle", "connecting", "closing"]);

const host = /** @type {HTMLElement} */ (document.getElementById("plots"));
const moment = /** @type {HTMLElement} */ (document.getElementById("moment"));
const hint = moment.textContent;

/** @type {Sample[]} */
let samples = [];
/** The time that is pointed at. @type {number|null} */
let pointed = null;

/** @param {string} name @param {Record<string, string|number>} attributes @param {string} [text] */
function shape(name, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  if (text) element.textContent = text;
  return element;
}

/** @param {keyof typeof column} name */
const pick = (name) => (/** @type {Sample} */ sample) => sample[column[name]];

function span() {
  const to = samples.length ? samples[samples.length - 1][at] + 1000 : Date.now();
  const first = samples.length ? samples[0][at] : to;
  const minutes = reaches.find((n) => to - first <= n * 60_000) ?? reaches[reaches.length - 1];
  return { from: to - minutes * 60_000, to, minutes, left, width: host.clientWidth - 1 };
}

/**
 * @param {string} id @param {number} top the highest value @param {boolean} axis whether times stand below
 * @param {(y: (value: number) => number, where: ReturnType<typeof span>) => Element[]} inside
 */
function plot(id, top, axis, inside) {
  const svg = /** @type {SVGElement} */ (/** @type {unknown} */ (document.getElementById(id)));
  const where = span();
  const height = svg.clientHeight;
  const bottom = height - (axis ? 16 : 2);
  const y = (/** @type {number} */ value) => bottom - (value / top) * (bottom - 8);
  const parts = [
    shape("line", { class: "grid", x1: left, x2: where.width, y1: bottom, y2: bottom }),
    shape("line", { class: "grid", x1: left, x2: where.width, y1: y(top), y2: y(top) }),
    shape("text", { x: left - 6, y: y(top) + 4, "text-anchor": "end" }, top.toLocaleString("en")),
    shape("text", { x: left - 6, y: bottom, "text-anchor": "end" }, "0"),
    ...inside(y, where),
  ];
  if (axis) {
    const step = where.minutes > 5 ? 2 : 1;
    for (let minutes = where.minutes; minutes >= 0; minutes -= step) {
      const place = x(where, where.to - minutes * 60_000);
      parts.push(shape("text", { x: place, y: height - 3, "text-anchor": minutes === where.minutes ? "start" : minutes ? "middle" : "end" }, minutes ? `−${minutes} min` : "now"));
    }
  }
  if (pointed !== null) {
    const place = x(where, pointed);
    parts.push(shape("line", { class: "mark", x1: place, x2: place, y1: 4, y2: bottom }));
  }
  svg.replaceChildren(...parts);
}

function draw() {
  if (pointed !== null && samples.length) pointed = samples[nearest(samples, pointed)][at];
  const open = (/** @type {Sample} */ sample) => stack.reduce((sum, name) => sum + sample[column[name]], 0);
  const highest = (/** @type {(sample: Sample) => number} */ value) => samples.reduce((most, sample) => Math.max(most, value(sample)), 0);
  plot("connections", roundUp(Math.max(highest(open), highest(pick("most")))), true, (y, where) => {
    const parts = stack.map((name, i) => {
      const below = (/** @type {Sample} */ sample) => stack.slice(0, i).reduce((sum, other) => sum + sample[column[other]], 0);
      return shape("path", { class: name, d: area(samples, where, below, (sample) => below(sample) + sample[column[name]], y) });
    });
    parts.push(shape("path", { class: "level", d: line(samples, where, pick("size"), y, true) }));
    parts.push(shape("path", { class: "ceiling", d: line(samples, where, pick("most"), y, true) }));
    return parts;
  });
  plot("queue", roundUp(Math.max(highest(pick("waiting")), highest(pick("failed")))), false, (y, where) => [
    shape("path", { class: "waiting", d: area(samples, where, () => 0, pick("waiting"), y) }),
    shape("path", { class: "failed", d: area(samples, where, () => 0, pick("failed"), y) }),
  ]);
  plot("leases", roundUp(highest(pick("leases"))), false, (y, where) => [shape("path", { class: "rate", d: line(samples, where, pick("leases"), y) })]);
  tell();
}

/** Says what the moment was, also to those who do not see the charts. */
function tell() {
  const chosen = pointed === null ? samples.length - 1 : nearest(samples, pointed);
  const words = samples.length ? inWords(samples[chosen]) : "no samples yet";
  moment.textContent = pointed === null ? hint : words;
  host.setAttribute("aria-valuemax", String(Math.max(samples.length - 1, 0)));
  host.setAttribute("aria-valuenow", String(Math.max(chosen, 0)));
  host.setAttribute("aria-valuetext", words);
}

/** @param {Sample[]} all replaces what was there */
export function start(all) {
  samples = all;
  draw();
}

/** @param {Sample} sample */
export function add(sample) {
  if (samples.length && sample[at] <= samples[samples.length - 1][at]) return;
  samples.push(sample);
  samples = samples.filter((old) => old[at] > sample[at] - reaches[reaches.length - 1] * 60_000);
  draw();
}

/** @param {number|null} time */
function point(time) {
  pointed = time;
  draw();
}

host.addEventListener("pointermove", (event) => {
  const where = span();
  const share = (event.clientX - host.getBoundingClientRect().left - left) / (where.width - left);
  if (samples.length) point(where.from + share * (where.to - where.from));
});
host.addEventListener("pointerleave", () => point(null));
host.addEventListener("blur", () => point(null));
host.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -60, PageDown: 60, Home: -Infinity, End: Infinity }[event.key];
  if (event.key === "Escape") point(null);
  if (!step || !samples.length) return;
  event.preventDefault();
  const from = pointed === null ? samples.length - 1 : nearest(samples, pointed);
  point(samples[Math.max(0, Math.min(samples.length - 1, from + step))][at]);
});
new ResizeObserver(draw).observe(host);
