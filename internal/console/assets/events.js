// Reads a stream of server-sent events, as the HTML standard writes them.

/**
 * @param {AsyncIterable<string>} texts pieces of the stream, cut anywhere
 * @returns {AsyncGenerator<{name: string, data: string}>}
 */
export async function* events(texts) {
  let rest = "";
  for await (const text of texts) {
    const blocks = (rest + text).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) yield read(block);
  }
}

/** @param {string} block the lines of one event */
function read(block) {
  const event = { name: "message", data: "" };
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    const value = line.slice(colon + 1).replace(/^ /, "");
    if (line.startsWith("event:")) event.name = value;
    if (line.startsWith("data:")) event.data += value;
  }
  return event;
}
