// Joins the parts of the page.

import { AnswerPanel } from "./answer.js";
import { asking } from "./behind.js";
import { complete, opensList } from "./complete.js";
import { symbolAt, typesAt, locate } from "./context.js";
import { Docs } from "./docs.js";
import { byId, copy, h, toast } from "./dom.js";
import { Editor } from "./editor.js";
import { format } from "./format.js";
import { graphqlSpans, headerSpans, jsonSpans } from "./highlight.js";
import { age, remember } from "./history.js";
import { formatJSON, parseJSON } from "./json.js";
import { showPane, splitter, tabs, toggleTheme } from "./layout.js";
import { parse } from "./parser.js";
import { send } from "./request.js";
import { introspectionQuery, Schema, showType } from "./schema.js";
import { curlCommand, readHeaders, readLink, requestBody, shareLink } from "./share.js";
import { fieldText, operationFor } from "./skeleton.js";
import { local, session } from "./store.js";
import { validate } from "./validate.js";
import { checkVariables } from "./variables.js";

/** @type {{examples: {name: string, query: string, variables: string}[]}} */
const config = JSON.parse(byId("config").textContent);

/** @type {Schema|null} */
let schema = null;
let parsed = parse("");
/** @type {import("./parser.js").Node[]} */
let operations = [];
/** @type {AbortController|null} the running request */
let running = null;

const answer = new AnswerPanel((line, column) => {
  const lines = query.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0) + column - 1;
  showPane("compose");
  query.reveal(start, start + (/^\w+/.exec(query.value.slice(start))?.[0].length ?? 1));
});

const docs = new Docs(byId("panel-docs"), insertField);

const query = new Editor({
  host: byId("query-host"),
  id: "query",
  label: "Query",
  placeholder: "Write a query. Ctrl-Space shows what is possible.",
  spans: graphqlSpans,
  opensList,
  complete: (text, caret) => complete(text, caret, schema),
  describe,
  follow,
  onChange: queryChanged,
  onCaret: chooseByCaret,
  onRest: check,
});

const variables = new Editor({
  host: byId("panel-variables"),
  id: "variables",
  label: "Variables, JSON",
  placeholder: 'JSON: { "id": 1 }',
  spans: jsonSpans,
  onChange: keepDraft,
  onRest: check,
});

const headers = new Editor({
  host: byId("panel-headers"),
  id: "headers",
  label: "Headers",
  placeholder: "Authorization: Bearer …\nOne a line, or JSON. Kept until this tab is closed.",
  spans: headerSpans,
  onChange: () => session.set("headers", headers.value),
  onRest: check,
});

/** The operation that Run sends. */
function chosen() {
  return operations[Math.max(0, byId("operation").selectedIndex)];
}

function keepDraft() {
  local.set("draft", { query: query.value, variables: variables.value });
}

function queryChanged() {
  keepDraft();
  parsed = parse(query.value);
  operations = parsed.definitions.filter((node) => node.kind === "operation");
  const select = byId("operation");
  const at = select.selectedIndex;
  select.replaceChildren(...operations.map((node) => h("option", {}, node.name?.text ?? `(unnamed ${node.type})`)));
  select.selectedIndex = Math.min(Math.max(0, at), operations.length - 1);
  select.hidden = operations.length < 2;
  chooseByCaret();
}

function chooseByCaret() {
  const at = operations.find(({ start, end }) => start <= query.caret && query.caret <= end);
  if (at && document.activeElement === query.input) byId("operation").selectedIndex = operations.indexOf(at);
}

/** Checks all three texts and lists what is wrong. */
function check() {
  const wrong = validate(parsed, schema);
  query.setProblems(wrong);
  const values = checkVariables(variables.value, chosen(), schema);
  variables.setProblems(values);
  const { error } = readHeaders(headers.value);
  byId("tab-variables").classList.toggle("wrong", values.length > 0);
  byId("tab-headers").classList.toggle("wrong", error !== "");
  const row = (/** @type {string} */ severity, /** @type {string} */ place, /** @type {string} */ message, /** @type {() => void} */ jump) =>
    h("li", {}, h("button." + severity, { onclick: jump }, h("b", {}, place), " ", message));
  const entry = (/** @type {import("./parser.js").Problem} */ problem, /** @type {Editor} */ editor) => {
    const before = editor.value.slice(0, problem.start).split("\n");
    const jump = () => {
      if (editor === variables) byId("tab-variables").click();
      editor.reveal(problem.start, problem.end);
    };
    return row(problem.severity, `${editor === variables ? "Variables, line" : "Line"} ${before.length}`, problem.message, jump);
  };
  byId("problems").replaceChildren(
    ...wrong.slice(0, 20).map((problem) => entry(problem, query)),
    ...values.slice(0, 10).map((problem) => entry(problem, variables)),
    ...(error ? [row("error", "Headers", error, () => byId("tab-headers").click())] : []),
  );
}

/** @param {number} offset */
function describe(offset) {
  const found = symbolAt(parsed.tokens, offset);
  if (!found?.means) return null;
  const { field, input, type, directive } = found.means;
  const named = input ?? field;
  const of = named ? `${input ? "" : (type?.name ?? "") + "."}${named.name}: ${showType(named.type)}` : directive ? "@" + directive.name : type?.name;
  if (!of) return null;
  const doc = (named ?? directive ?? type)?.description;
  return { start: found.start, end: found.end, text: doc ? `${of}\n${doc}` : of };
}

/** @param {number} offset */
function follow(offset) {
  const means = symbolAt(parsed.tokens, offset)?.means;
  if (!means) return;
  showDocs();
  docs.show(means);
}

function showDocs() {
  byId("tab-docs").click();
  document.body.classList.remove("no-side");
  showPane("side");
}

/** @param {import("./schema.js").Field} field @param {import("./schema.js").Type} type */
function insertField(field, type) {
  if (!schema) return;
  const operation = /** @type {"query"|"mutation"|"subscription"|undefined} */ (Object.keys(schema.roots).find((kind) => schema?.roots[kind] === type.name));
  showPane("compose");
  if (operation) {
    const text = query.value.trim();
    const taken = new Set(operations.map((node) => node.name?.text ?? ""));
    const made = operationFor(schema, operation, field, taken);
    const blank = text.replace(/^\s*#.*$/gm, "").trim() === "";
    const unnamed = operations.find((node) => !node.name);
    if (!blank && unnamed) {
      const short = query.value[unnamed.start] === "{";
      const at = unnamed.start + (short ? 0 : (unnamed.type?.length ?? 0));
      query.replace(at, at, short ? "query First " : " First");
    }
    const kept = query.value.trimEnd();
    query.replace(kept.length, query.value.length, (kept ? "\n\n" : "") + made.text);
    query.reveal(query.value.length - made.text.length, query.value.length - made.text.length);
    mergeVariables(made.variables);
    return;
  }
  const at = locate(query.value, query.caret);
  if (at?.place !== "selection" || typesAt(at.stack, schema).parent?.name !== type.name) {
    toast(`Put the caret inside the { } of a ${type.name} first.`);
    query.focus();
    return;
  }
  const indent = "  ".repeat(at.stack.filter((node) => node.kind !== "spread").length);
  query.replace(query.caret, query.caret, fieldText(schema, field, indent).trimStart() + "\n" + indent);
}

/** @param {Record<string, unknown>} values */
function mergeVariables(values) {
  const { root, errors } = parseJSON(variables.value);
  const added = Object.entries(values).filter(([name]) => !root?.items?.some((item) => item.name?.text === name));
  if (errors.length || !added.length) return;
  const old = variables.value.trim().replace(/^\{|\}$/g, "").trim();
  const fresh = added.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",");
  variables.value = formatJSON(`{${old}${old ? "," : ""}${fresh}}`);
}

async function loadSchema() {
  const state = byId("schema-state");
  state.textContent = "Loading the schema…";
  const { headers: list } = readHeaders(headers.value);
  let message = "";
  schema = null;
  for (const plain of [false, true]) {
    try {
      const { status, text } = await send(requestBody(introspectionQuery(plain), ""), { headers: list });
      let result = /** @type {any} */ (null);
      try {
        result = JSON.parse(text);
      } catch {
        message = `The server answered ${status}, and not with JSON.`;
      }
      if (result?.data?.__schema) {
        schema = new Schema(result.data.__schema);
        break;
      }
      if (!plain) message ||= `The server refuses to show its schema (${status}): ${result?.errors?.[0]?.message ?? "no reason given"}`;
    } catch {
      message = "The server cannot be reached. Is it running?";
      break;
    }
  }
  state.textContent = schema ? `${schema.own.length} types` : "No schema";
  state.classList.toggle("bad", !schema);
  const notice = byId("notice");
  notice.hidden = Boolean(schema);
  notice.firstElementChild.textContent = schema ? "" : `${message} Queries can still be written and run; completion and checks need the schema.`;
  docs.setSchema(schema, message);
  check();
}

async function run() {
  if (running) running.abort();
  check();
  const operation = chosen();
  const { headers: list, error } = readHeaders(headers.value);
  const broken = parseJSON(variables.value).errors[0];
  showPane("answer");
  answer.clear();
  if (!query.value.trim()) return answer.fail("Not sent", "The query is empty: choose an example, or press Ctrl-Space in the editor.");
  if (broken) return answer.fail("Not sent", `The variables are not JSON: ${broken.message}`);
  if (error) return answer.fail("Not sent", `The headers cannot be sent: ${error}`);
  const mine = new AbortController();
  setRunning(mine);
  answer.state("Running…", "busy");
  let events = 0;
  const streams = operation?.type === "subscription";
  let outcome = "";
  try {
    const onEvent = streams ? (/** @type {string} */ data) => running === mine && answer.event(data, ++events) : undefined;
    const result = await send(body(streams ? "" : asking(byId("analyze").checked)), { headers: list, signal: mine.signal, onEvent });
    outcome = String(result.status);
    if (running === mine) answer.show(result, events > 0);
  } catch {
    outcome = mine.signal.aborted ? "stopped" : "failed";
    if (running === mine) {
      if (mine.signal.aborted) answer.state("Stopped", "", events ? `${events} events` : "");
      else answer.fail("No answer", "The server cannot be reached, or it cut the answer off. Is it running?");
    }
  }
  if (running === mine) setRunning(null);
  keepEntry(operation?.name?.text ?? "", outcome);
}

/** @param {AbortController|null} request */
function setRunning(request) {
  running = request;
  byId("run").hidden = Boolean(request);
  byId("stop").hidden = !request;
}

/** Puts the two texts into the history. @param {string} name @param {string} status */
function keepEntry(name, status) {
  const entry = { query: query.value, variables: variables.value, name, at: Date.now(), status };
  local.set("history", remember(local.get("history", []), entry));
  showHistory();
}

/** What Run sends. @param {string} [extensions] */
const body = (extensions) => requestBody(query.value, variables.value, operations.length > 1 ? chosen()?.name?.text : undefined, extensions);

/** Puts a query into the editors; what was there can be undone. @param {string} text @param {string} values */
function load(text, values) {
  query.replace(0, query.value.length, text);
  variables.value = values;
  query.input.setSelectionRange(0, 0);
  check();
  showPane("compose");
}

/** @param {string} text */
const firstLine = (text) => text.replace(/#.*/g, "").replace(/\s+/g, " ").trim().slice(0, 90);

function showHistory() {
  /** @type {import("./history.js").Entry[]} */
  const entries = local.get("history", []);
  const keep = (/** @type {import("./history.js").Entry[]} */ left) => {
    local.set("history", left);
    showHistory();
    byId("panel-history").focus();
  };
  const rows = entries.map((entry) =>
    h(
      "li",
      {},
      h("button.entry", { onclick: () => load(entry.query, entry.variables) }, h("b", {}, entry.name || firstLine(entry.query)), h("small", {}, `${age(entry.at, Date.now())} · ${entry.status}`)),
      h("button.remove", { "aria-label": "Remove from the history", onclick: () => keep(entries.filter((other) => other !== entry)) }, "×"),
    ),
  );
  byId("panel-history").replaceChildren(
    rows.length ? h("ul.entries", {}, ...rows) : h("p.muted", {}, "Queries that you run are listed here. They stay in this browser."),
    rows.length ? h("button.clear", { onclick: () => keep([]) }, "Clear the history") : "",
  );
}

function showExamples() {
  const rows = config.examples.map(({ name, query: text, variables: values }) =>
    h("li", {}, h("button.entry", { onclick: () => load(text, values) }, h("b", {}, name), h("small.code", {}, firstLine(text)))),
  );
  byId("panel-examples").replaceChildren(rows.length ? h("ul.entries", {}, ...rows) : h("p.muted", {}, "The server gives no examples. The + beside a field in Docs writes a query."));
}

function prettify() {
  const text = format(query.value);
  if (text === null) toast("The query has a mistake: correct it first.");
  else if (text !== query.value) query.replace(0, query.value.length, text);
  const values = formatJSON(variables.value);
  if (!parseJSON(variables.value).errors.length && values !== variables.value) variables.value = values;
}

function start() {
  document.querySelectorAll("[role=tablist]").forEach((list) => tabs(/** @type {HTMLElement} */ (list)));
  document.querySelectorAll("[role=separator]").forEach((bar) => splitter(/** @type {HTMLElement} */ (bar)));
  document.querySelectorAll("[data-show]").forEach((button) => button.addEventListener("click", () => showPane(/** @type {any} */ (button.getAttribute("data-show")))));
  const address = location.origin + location.pathname;
  byId("run").onclick = run;
  byId("stop").onclick = () => running?.abort();
  byId("prettify").onclick = prettify;
  byId("share").onclick = () => copy(shareLink(address, query.value, variables.value), "Link");
  byId("curl").onclick = () => {
    const { headers: list } = readHeaders(headers.value);
    copy(curlCommand(address, body(), list), list.length ? "Command, with your headers," : "Command");
  };
  byId("analyze").checked = local.get("analyze", false);
  byId("analyze").onchange = () => local.set("analyze", byId("analyze").checked);
  byId("theme").onclick = toggleTheme;
  byId("side-toggle").onclick = () => document.body.classList.toggle("no-side");
  byId("reload").onclick = byId("retry").onclick = loadSchema;
  byId("keys").onclick = () => byId("keys-dialog").showModal();
  byId("keys-close").onclick = () => byId("keys-dialog").close();
  byId("operation").onchange = check;
  byId("skip").onclick = (/** @type {Event} */ event) => {
    event.preventDefault();
    query.focus();
  };
  addEventListener("keydown", (event) => {
    const command = event.ctrlKey || event.metaKey;
    if (command && event.key === "Enter") {
      event.preventDefault();
      run();
    } else if (event.altKey && event.shiftKey && event.code === "KeyF") {
      event.preventDefault();
      prettify();
    } else if (command && event.key === "k") {
      event.preventDefault();
      showDocs();
      docs.search.focus();
    }
  });
  addEventListener("hashchange", openLink);
  const [example] = config.examples;
  const draft = local.get("draft", { query: example?.query ?? "", variables: example?.variables ?? "" });
  headers.value = session.get("headers", "");
  variables.value = draft.variables;
  query.value = draft.query;
  openLink();
  showExamples();
  showHistory();
  showPane("compose");
  loadSchema();
}

/** A link replaces the draft, which goes into the history. Nothing is run. */
function openLink() {
  const link = readLink(location.hash);
  if (!link) return;
  history.replaceState(null, "", location.pathname + location.search);
  const draft = query.value;
  if (draft !== link.query && !config.examples.some((example) => example.query === draft)) keepEntry("", "not run");
  query.value = link.query;
  variables.value = link.variables;
  check();
}

start();
