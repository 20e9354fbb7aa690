import assert from "node:assert/strict";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const base = process.env.PAGE_ASSETS ? pathToFileURL(process.env.PAGE_ASSETS + "/") : new URL("../assets/", import.meta.url);
const { area, clock, inWords, line, nearest, roundUp, runs, x } = await import(new URL("chart.js", base).href);
const { events } = await import(new URL("events.js", base).href);

const span = { from: 0, to: 10_000, left: 10, width: 110 };
const look = (at, leased = 0, rest = {}) => [at, leased, rest.tending ?? 0, rest.idle ?? 0, rest.connecting ?? 0, rest.closing ?? 0, rest.waiting ?? 0, 20, 30, rest.leases ?? 0, rest.failed ?? 0];
const leased = (sample) => sample[1];
const none = () => 0;
const up = (value) => 100 - value;

test("a time has its place", () => {
  assert.equal(x(span, 0), 10);
  assert.equal(x(span, 5_000), 60);
  assert.equal(x(span, 10_000), 110);
});

test("scales end at round numbers", () => {
  for (const [value, want] of [[0, 4], [3, 4], [5, 5], [20, 20], [21, 24], [30, 30], [31, 40], [99, 100], [101, 120], [1500, 1600]]) assert.equal(roundUp(value), want, String(value));
});

test("an area goes in steps and leaves gaps open", () => {
  assert.equal(area([look(0, 5), look(1000, 7)], span, none, leased, up), "M10,95 20,95 20,93 30,93 30,100 20,100 20,100 10,100Z");
  assert.equal(area([look(0), look(1000)], span, none, leased, up), "");
  assert.equal(runs([look(0), look(1000), look(9000)]).length, 2);
  assert.equal(area([look(0, 1), look(9000, 1)], span, none, leased, up).match(/M/g).length, 2);
  assert.equal(runs([]).length, 0);
});

test("a line goes from sample to sample, or in steps", () => {
  assert.equal(line([look(0, 5), look(1000, 7)], span, leased, up), "M10,95 20,93");
  assert.equal(line([look(0, 5), look(1000, 7)], span, leased, up, true), "M10,95 20,95 20,93");
});

test("the nearest moment is found", () => {
  const samples = [look(0), look(1000), look(2000)];
  assert.deepEqual([-500, 400, 600, 1900, 99_000].map((time) => nearest(samples, time)), [0, 0, 1, 2, 2]);
});

test("a moment is told in words", () => {
  assert.equal(clock(0), "00:00:00 UTC");
  assert.equal(inWords(look(1000, 3, { idle: 2, leases: 9 })), "00:00:01 UTC: 3 leased, 2 idle, 0 waiting, 9 leases");
  assert.equal(inWords(look(1000, 24, { tending: 1, connecting: 2, waiting: 7, failed: 4 })), "00:00:01 UTC: 24 leased, 0 idle, 1 tended, 2 connecting, 5 overflow, 7 waiting, 0 leases, 4 failed");
});

test("events are read however they are cut", async () => {
  const text = 'retry: 2000\nevent: history\ndata: [1]\n\nevent: view\ndata: {"a": "b: c"}\n\nevent: end\ndata:\n\nevent: cut';
  for (const size of [1, 7, 1000]) {
    async function* cut() {
      for (let i = 0; i < text.length; i += size) yield text.slice(i, i + size);
    }
    const found = [];
    for await (const event of events(cut())) found.push(event);
    assert.deepEqual(found, [{ name: "history", data: "[1]" }, { name: "view", data: '{"a": "b: c"}' }, { name: "end", data: "" }]);
  }
});
