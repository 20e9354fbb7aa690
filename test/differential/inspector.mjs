// Tells what GraphQL Inspector finds changed between two schemas. It reads a JSON object {"before", "after"} a line, both in the
// schema definition language, and answers each with {"changes": [{"type", "criticality", "path"}]}.
//
// A deprecated field or value of an enum it tells twice, as a change of that and as one of a directive: the latter is left out.
import readline from "node:readline";
import { diff } from "@graphql-inspector/core";
import { buildSchema, isInputObjectType } from "graphql";

const lines = readline.createInterface({ input: process.stdin });
for await (const line of lines) {
  const message = JSON.parse(line);
  const before = buildSchema(message.before);
  const after = buildSchema(message.after);
  const twice = ({ type, path }) => {
    const [name, , directive] = path?.split(".") ?? [];
    return type.startsWith("DIRECTIVE_USAGE_") && directive === "@deprecated" && !isInputObjectType(after.getType(name));
  };
  const changes = (await diff(before, after)).filter((c) => !twice(c));
  console.log(JSON.stringify({ changes: changes.map((c) => ({ type: c.type, criticality: c.criticality.level, path: c.path ?? "" })) }));
}
