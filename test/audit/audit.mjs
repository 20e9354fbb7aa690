// Runs every check of the graphql-http audit against the URL given and prints one JSON line per check:
// {"id", "name", "status": "ok" | "notice" | "warn" | "error", "reason"}. The exit code tells only whether the audit ran.
import { serverAudits } from "graphql-http";

const url = process.argv[2];
if (!url) {
  console.error("usage: node audit.mjs URL");
  process.exit(2);
}
for (const audit of serverAudits({ url })) {
  const result = await audit.fn();
  console.log(JSON.stringify({ id: audit.id, name: audit.name, status: result.status, reason: result.reason }));
}
