// A query outside of the page: as a link, as a request body, as a command.

/** Never holds headers. @param {string} address without fragment @param {string} query @param {string} variables */
export function shareLink(address, query, variables) {
  const parts = new URLSearchParams({ query });
  if (variables.trim()) parts.set("variables", variables);
  return `${address}#${parts}`;
}

/** @param {string} hash @returns {{query: string, variables: string}|null} */
export function readLink(hash) {
  const parts = new URLSearchParams(hash.replace(/^#/, ""));
  const query = parts.get("query");
  return query === null ? null : { query, variables: parts.get("variables") ?? "" };
}

/** The variables' text goes in as it is, so large numbers stay exact. @param {string} query @param {string} variables valid JSON or empty @param {string} [operation] @param {string} [extensions] JSON */
export function requestBody(query, variables, operation, extensions) {
  const members = [`"query":${JSON.stringify(query)}`];
  if (operation) members.push(`"operationName":${JSON.stringify(operation)}`);
  if (variables.trim()) members.push(`"variables":${variables.trim()}`);
  if (extensions) members.push(`"extensions":${extensions}`);
  return `{${members.join(",")}}`;
}

/** @param {string} text */
const quote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/** @param {string} url @param {string} body @param {[string, string][]} headers */
export function curlCommand(url, body, headers) {
  const all = [["Content-Type", "application/json"], ["Accept", accept], ...headers];
  return [`curl ${quote(url)}`, ...all.map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`), `--data-raw ${quote(body)}`].join(" \\\n  ");
}

export const accept = "application/graphql-response+json, application/json;q=0.9";

const ofTheBrowser = /^(connection|content-length|cookie|date|host|origin|referer|te|upgrade|via|proxy-.*|sec-.*)$/i;

/**
 * Headers as a JSON object or as lines "Name: value"; # starts a comment line.
 * @param {string} text
 * @returns {{headers: [string, string][], error: string}}
 */
export function readHeaders(text) {
  /** @type {[string, string][]} */
  let headers = [];
  const failed = (/** @type {string} */ error) => ({ headers: /** @type {[string, string][]} */ ([]), error });
  if (text.trim().startsWith("{")) {
    try {
      headers = Object.entries(JSON.parse(text)).map(([name, value]) => [name, String(value)]);
    } catch {
      return failed("The headers start like JSON but are none. Lines such as Authorization: Bearer … work too.");
    }
  } else {
    for (const [i, line] of text.split(/\r?\n/).entries()) {
      if (!line.trim() || line.trim().startsWith("#")) continue;
      const colon = line.indexOf(":");
      if (colon < 1) return failed(`Line ${i + 1}: write Name: value.`);
      headers.push([line.slice(0, colon).trim(), line.slice(colon + 1).trim()]);
    }
  }
  for (const [name, value] of headers) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) return failed(`${name} cannot be a header's name.`);
    if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) return failed(`${name}: the value has a character that headers cannot carry.`);
    if (ofTheBrowser.test(name)) return failed(`${name} is set by the browser itself: remove it.`);
  }
  return { headers, error: "" };
}
