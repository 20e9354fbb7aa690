// The queries that were run, newest first.

/**
 * @typedef {{query: string, variables: string, name: string, at: number, status: string}} Entry
 */

export const most = 60;
const largest = 50_000; // characters of one entry

/** Puts an entry in front; the same query with the same variables is kept once. @param {Entry[]} entries @param {Entry} entry @returns {Entry[]} */
export function remember(entries, entry) {
  if (!entry.query.trim() || entry.query.length + entry.variables.length > largest) return entries;
  return [entry, ...entries.filter((old) => old.query !== entry.query || old.variables !== entry.variables)].slice(0, most);
}

/** @param {number} at @param {number} now milliseconds */
export function age(at, now) {
  const minutes = Math.round((now - at) / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 60 * 24) return `${Math.round(minutes / 60)} h ago`;
  return new Date(at).toLocaleDateString();
}
