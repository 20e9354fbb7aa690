// Has graphql-codegen type the documents of typed.ts by schema.graphql, both in the current folder, and TypeScript compile them
// together. Prints one JSON line {"types", "faults": [..]}: how many types were made, and what is wrong.
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { generate } from "@graphql-codegen/cli";
import ts from "typescript";

// Each scalar that the schema may have, as its JSON is typed: one that is not here is an error.
const scalars = {
  ...Object.fromEntries("BigInt Bytes CIDR Date DateTime Decimal Duration IpAddress LTreePath LocalDateTime MacAddress Time UUID".split(" ").map((name) => [name, "string"])),
  JSON: "unknown",
};

const faults = [];
try {
  await generate(
    {
      cwd: process.cwd(),
      schema: "schema.graphql",
      documents: "typed.ts",
      silent: true,
      errorsOnly: true,
      generates: { "./gql/": { preset: "client", presetConfig: { fragmentMasking: false }, config: { strictScalars: true, scalars } } },
    },
    true,
  );
} catch (error) {
  faults.push(...(error.errors ?? [error]).map((e) => e.message));
}

let types = 0;
if (faults.length === 0) {
  const modules = path.join(path.dirname(fileURLToPath(import.meta.url)), "node_modules");
  types = readFileSync("gql/graphql.ts", "utf8").match(/^export (type|enum|const) /gm)?.length ?? 0;
  const program = ts.createProgram(["typed.ts"], {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    types: [],
    paths: { "@graphql-typed-document-node/core": [path.join(modules, "@graphql-typed-document-node/core")] },
  });
  for (const d of ts.getPreEmitDiagnostics(program)) {
    const at = d.file ? d.file.getLineAndCharacterOfPosition(d.start) : { line: -1 };
    faults.push(`${d.file?.fileName ?? ""}:${at.line + 1}: ${ts.flattenDiagnosticMessageText(d.messageText, " ")}`);
  }
}
console.log(JSON.stringify({ types, faults }));
