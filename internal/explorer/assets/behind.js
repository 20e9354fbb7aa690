// What is behind an answer: the statements, their plans, the wait for a connection. The server tells it in the answer's extensions.

import { byId, copy, h } from "./dom.js";

/**
 * @typedef {object} Statement
 * @property {string} field
 * @property {string} [part]
 * @property {string} [sql]
 * @property {(string|null)[]} [parameters]
 * @property {string} [plan]
 * @property {string} [note]
 *
 * @typedef {{poolWaitMs: number, heldMs: number, plansMs: number, statements: Statement[]}} Explanation
 */

/** The extensions that ask for it. @param {boolean} analyze */
export const asking = (analyze) => `{"explain":${analyze ? '"analyze"' : "true"}}`;

/**
 * Takes the explanation out of an answer, which has its extensions last, and leaves the data as they are written.
 * @param {string} text @param {any} parsed what the text says
 * @returns {{text: string, explanation: Explanation|null}}
 */
export function takeOut(text, parsed) {
  const { explain, ...others } = parsed?.extensions ?? {};
  const at = text.lastIndexOf(',"extensions":');
  if (!Array.isArray(explain?.statements) || at < 0) return { text, explanation: null };
  const rest = Object.keys(others).length ? `,"extensions":${JSON.stringify(others)}` : "";
  return { text: `${text.slice(0, at)}${rest}}`, explanation: explain };
}

/** @param {Explanation|null} explanation @param {string} otherwise why there is none */
export function showBehind(explanation, otherwise) {
  const none = () => h("p.muted", {}, otherwise);
  const all = explanation?.statements ?? [];
  const title = (/** @type {Statement} */ s, /** @type {number} */ i) => `${i + 1}. ${s.field}${s.part ? ": " + s.part : ""}`;
  const code = (/** @type {string} */ text, /** @type {string} */ what) => [
    h("pre.behind", {}, text),
    h("button.link", { onclick: () => copy(text, what) }, "Copy"),
  ];
  const texts = all.map((s, i) =>
    h(
      "section",
      {},
      h("h3", {}, title(s, i)),
      ...(s.sql ? code(s.sql, "Statement") : []),
      s.parameters?.length ? h("dl", {}, ...s.parameters.flatMap((value, n) => [h("dt", {}, `$${n + 1}`), h("dd", {}, value ?? "NULL")])) : null,
      s.note && !s.sql ? h("p.muted", {}, s.note) : null,
    ),
  );
  const plans = all.map((s, i) => h("section", {}, h("h3", {}, title(s, i)), ...(s.plan ? code(s.plan, "Plan") : [h("p.muted", {}, s.note ?? "")])));
  byId("panel-statements").replaceChildren(...(explanation ? texts : [none()]));
  byId("plans").replaceChildren(...(explanation ? plans : [none()]));
  byId("panel-pool").replaceChildren(...(explanation ? [pool(explanation)] : [none()]));
}

/** @param {Explanation} explanation */
function pool({ poolWaitMs, heldMs, statements }) {
  if (!statements.some((s) => s.sql) && heldMs === 0) return h("p.muted", {}, "The operation took no connection.");
  const ms = (/** @type {number} */ n) => `${n < 10 ? n.toFixed(2) : n.toFixed(0)} ms`;
  return h(
    "section",
    {},
    h("dl", {}, h("dt", {}, "Waited for a connection"), h("dd", {}, ms(poolWaitMs)), h("dt", {}, "Held it"), h("dd", {}, ms(heldMs))),
    h("p.muted", {}, poolWaitMs > heldMs ? "It waited longer than it worked: all connections were leased, or one had to be opened." : "The connection was given back before the answer left. /pool shows all of them, live."),
  );
}
