// Charts of samples: where each moment stands, the outlines of areas and lines as SVG writes them, and a moment in words.

/**
 * A look at the pool, as the server sends it.
 * @typedef {[at: number, leased: number, tending: number, idle: number, connecting: number, closing: number, waiting: number, size: number, most: number, leases: number, failed: number]} Sample
 * @typedef {{from: number, to: number, width: number, left: number}} Span the time that a chart shows, and where it stands
 */

export const at = 0;
export const column = { leased: 1, tending: 2, idle: 3, connecting: 4, closing: 5, waiting: 6, size: 7, most: 8, leases: 9, failed: 10 };

/** A gap in the samples that is wider is left open. */
const gap = 5000;

/** @param {Span} span @param {number} time */
export const x = (span, time) => round(span.left + ((time - span.from) / (span.to - span.from)) * (span.width - span.left));

/** @param {number} value */
const round = (value) => Math.round(value * 10) / 10;

/** The least round number that is not below. @param {number} value */
export function roundUp(value) {
  if (value <= 4) return 4;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10].map((n) => Math.round(n * power)).find((n) => n >= value) ?? value;
}

/** Runs of samples without a gap. @param {Sample[]} samples @returns {Sample[][]} */
export function runs(samples) {
  /** @type {Sample[][]} */
  const all = [];
  for (const [i, sample] of samples.entries()) {
    if (i === 0 || sample[at] - samples[i - 1][at] > gap) all.push([]);
    all[all.length - 1].push(sample);
  }
  return all;
}

/**
 * The outline of an area between two heights, in steps: a sample holds until the next one.
 * @param {Sample[]} samples @param {Span} span @param {(sample: Sample) => number} low @param {(sample: Sample) => number} high @param {(value: number) => number} y
 */
export function area(samples, span, low, high, y) {
  let path = "";
  for (const run of runs(samples)) {
    if (!run.some((sample) => high(sample) > low(sample))) continue;
    const there = [];
    const back = [];
    for (const [i, sample] of run.entries()) {
      const from = x(span, sample[at]);
      const to = i + 1 < run.length ? x(span, run[i + 1][at]) : Math.min(x(span, sample[at] + 1000), span.width);
      there.push(`${from},${round(y(high(sample)))} ${to},${round(y(high(sample)))}`);
      back.push(`${to},${round(y(low(sample)))} ${from},${round(y(low(sample)))}`);
    }
    path += `M${there.join(" ")} ${back.reverse().join(" ")}Z`;
  }
  return path;
}

/** @param {Sample[]} samples @param {Span} span @param {(sample: Sample) => number} value @param {(value: number) => number} y @param {boolean} [steps] */
export function line(samples, span, value, y, steps = false) {
  let path = "";
  for (const run of runs(samples)) {
    path += "M" + run.map((sample, i) => {
      const before = steps && i > 0 ? `${x(span, sample[at])},${round(y(value(run[i - 1])))} ` : "";
      return `${before}${x(span, sample[at])},${round(y(value(sample)))}`;
    }).join(" ");
  }
  return path;
}

/** The sample whose time is nearest. @param {Sample[]} samples @param {number} time */
export function nearest(samples, time) {
  let best = 0;
  for (const [i, sample] of samples.entries()) {
    if (Math.abs(sample[at] - time) <= Math.abs(samples[best][at] - time)) best = i;
  }
  return best;
}

/** @param {number} time milliseconds since 1970 */
export const clock = (time) => new Date(time).toISOString().slice(11, 19) + " UTC";

/** @param {Sample} sample */
export function inWords(sample) {
  const number = (/** @type {keyof typeof column} */ name) => sample[column[name]];
  const open = number("leased") + number("tending") + number("idle");
  const words = [`${clock(sample[at])}: ${number("leased")} leased`, `${number("idle")} idle`];
  for (const name of /** @type {const} */ (["tending", "connecting", "closing"])) if (number(name)) words.push(`${number(name)} ${name === "tending" ? "tended" : name}`);
  if (open > number("size")) words.push(`${open - number("size")} overflow`);
  words.push(`${number("waiting")} waiting`, `${number("leases")} leases`);
  if (number("failed")) words.push(`${number("failed")} failed`);
  return words.join(", ");
}
