// Sends an operation to the page's own address.

import { accept } from "./share.js";

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {string} statusText
 * @property {string} text the body; of a stream the last event
 * @property {number} ms from sending until the last byte
 * @property {number} bytes
 * @property {[string, string][]} headers
 */

/**
 * Rejects when the server cannot be reached or the signal aborts.
 * @param {string} body JSON
 * @param {object} options
 * @param {[string, string][]} options.headers
 * @param {AbortSignal} [options.signal]
 * @param {(data: string) => void} [options.onEvent] asks for a stream of events and takes each
 * @returns {Promise<Answer>}
 */
export async function send(body, { headers, signal, onEvent }) {
  const all = new Headers({ "Content-Type": "application/json", Accept: onEvent ? `text/event-stream, ${accept}` : accept });
  for (const [name, value] of headers) all.set(name, value);
  const began = performance.now();
  const response = await fetch(location.origin + location.pathname, { method: "POST", headers: all, body, signal });
  const streams = onEvent && response.headers.get("Content-Type")?.startsWith("text/event-stream");
  const { text, bytes } = streams ? await readEvents(response, onEvent) : await readAll(response);
  return { status: response.status, statusText: response.statusText, text, bytes, ms: performance.now() - began, headers: [...response.headers] };
}

/** @param {Response} response */
async function readAll(response) {
  const buffer = await response.arrayBuffer();
  return { text: new TextDecoder().decode(buffer), bytes: buffer.byteLength };
}

/** @param {Response} response @param {(data: string) => void} onEvent */
async function readEvents(response, onEvent) {
  const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let text = "";
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { text, bytes };
    bytes += value.byteLength;
    const events = (rest + decoder.decode(value, { stream: true })).split(/\r?\n\r?\n/);
    rest = events.pop() ?? "";
    for (const event of events) {
      const lines = event.split(/\r?\n/);
      const data = lines.filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trimStart()).join("\n");
      if (!data || lines.includes("event: complete")) continue;
      text = data;
      onEvent(data);
    }
  }
}

/** @param {number} bytes */
export function showSize(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
