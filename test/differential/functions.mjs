// What the Go functions of functions_test.go do, in JavaScript: root fields by their names, and fields of objects by their
// type's. They take the rows, and give what graphql-js completes.

const text = (s) => JSON.stringify(s);

function boxes(n, raw) {
  return Array.from({ length: n }, (_, i) => ({
    label: i % 3 === 2 ? null : raw(text(`box ${i}`)),
    sizes: Array.from({ length: i }, (_, j) => raw(String(j * i))),
    color: ["RED", "GREEN", null][i % 3],
    inner: i > 0 ? boxes(1, raw)[0] : null,
  }));
}

export const roots = {
  boxes: ({ raw }) => (_, { n, at }) => {
    if (n < 0) throw new Error("fewer than none");
    return boxes(n + at, raw);
  },
  say: ({ raw }) => (_, { word, times }) => {
    if (times < 0 || times > 5) throw new Error("not so often");
    return raw(text(word.repeat(times ?? 1)));
  },
  boom: () => () => {
    throw new Error("boom");
  },
  lightest: ({ tables, page }) => (_, { limit }) => page(tables.Gadget, { limit }),
  first: ({ tables }) => () => tables.Gadget[0] ?? null,
};

export const fields = {
  Gadget: {
    loud: (gadget, { raw, plain }) => raw(text(plain(gadget.name).toUpperCase())),
    box: (gadget, { raw, plain }) => (gadget.weight === null ? null : boxes(plain(gadget.name).length, raw).at(-1)),
    fails: () => {
      throw new Error("it fails");
    },
    failsHard: () => {
      throw new Error("it fails");
    },
  },
};
