// Checks the schema of the server at the URL given by the reference implementation, graphql-js: what introspection tells
// must be a valid schema, and /schema.graphql must tell the same one. Prints one JSON line
// {"types", "faults": [..], "sdl"}: how many types of its own the schema has, what is wrong, and the sorted schema that
// introspection tells. The exit code tells only whether the checks ran.
import {
  assertValidSchema,
  buildClientSchema,
  buildSchema,
  getIntrospectionQuery,
  isIntrospectionType,
  isSpecifiedScalarType,
  lexicographicSortSchema,
  printSchema,
} from "graphql";

const base = process.argv[2];
if (!base) {
  console.error("usage: node schema.mjs URL, without the path");
  process.exit(2);
}

const everything = {
  descriptions: true,
  specifiedByUrl: true,
  directiveIsRepeatable: true,
  schemaDescription: true,
  inputValueDeprecation: true,
  oneOf: true,
};
const faults = [];

function attempt(what, run) {
  try {
    return run();
  } catch (error) {
    faults.push(`${what}: ${error.message}`);
  }
}

const response = await fetch(`${base}/graphql`, {
  method: "POST",
  headers: { "content-type": "application/json", accept: "application/graphql-response+json" },
  body: JSON.stringify({ query: getIntrospectionQuery(everything) }),
});
const { data, errors } = await response.json();
if (response.status !== 200 || errors || !data) {
  faults.push(`introspection: status ${response.status}, ${JSON.stringify(errors)}`);
}

const told = data && attempt("introspection", () => buildClientSchema(data));
if (told) attempt("introspection", () => assertValidSchema(told));

const text = await (await fetch(`${base}/schema.graphql`)).text();
const written = attempt("schema.graphql", () => buildSchema(text));
if (written) attempt("schema.graphql", () => assertValidSchema(written));

const lines = (schema) => (schema ? printSchema(lexicographicSortSchema(schema)).split("\n") : []);
const toldLines = lines(told);
if (told && written) {
  const writtenLines = lines(written);
  for (let i = 0, shown = 0; i < Math.max(toldLines.length, writtenLines.length) && shown < 5; i++) {
    if (toldLines[i] !== writtenLines[i]) {
      shown++;
      faults.push(`line ${i + 1}: introspection has ${JSON.stringify(toldLines[i])}, schema.graphql has ${JSON.stringify(writtenLines[i])}`);
    }
  }
}
const types = told ? Object.values(told.getTypeMap()).filter((t) => !isIntrospectionType(t) && !isSpecifiedScalarType(t)).length : 0;
console.log(JSON.stringify({ types, faults, sdl: toldLines.join("\n") }));
