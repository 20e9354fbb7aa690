// What the browser keeps between visits, apart for each endpoint of an origin.

const prefix = `fraiseql-explorer:${location.pathname}:`;

/** @param {() => Storage} storage asked each time: a browser may refuse even to name it */
const kept = (storage) => ({
  /** @template T @param {string} key @param {T} otherwise @returns {T} */
  get(key, otherwise) {
    try {
      return JSON.parse(storage().getItem(prefix + key) ?? "") ?? otherwise;
    } catch {
      return otherwise;
    }
  },
  /** @param {string} key @param {unknown} value */
  set(key, value) {
    try {
      storage().setItem(prefix + key, JSON.stringify(value));
    } catch {
      // full or forbidden: the page works without a memory
    }
  },
});

export const local = kept(() => localStorage);
/** Gone with the tab: the place for headers, which hold tokens. */
export const session = kept(() => sessionStorage);
