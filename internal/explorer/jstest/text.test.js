import assert from "node:assert/strict";
import { test } from "node:test";
import { load, schema } from "./load.js";

const { lex } = await load("lexer.js");
const { parse } = await load("parser.js");
const { validate } = await load("validate.js");
const { format } = await load("format.js");
const { formatJSON, parseJSON } = await load("json.js");
const { checkVariables } = await load("variables.js");
const { typed } = await load("typing.js");
const { pieces, graphqlSpans, headerSpans } = await load("highlight.js");
const { curlCommand, readHeaders, readLink, requestBody, shareLink } = await load("share.js");
const { operationFor, fieldText } = await load("skeleton.js");
const { asking, takeOut } = await load("behind.js");
const { age, most, remember } = await load("history.js");

test("format lays a query out", () => {
  assert.equal(
    format('query  A($id:ID!="1",$n:Int=1)@d{ # first\n user(id:$id){id,name ...F ...on User@skip(if:true){email} n:nick}}\n# own line\nfragment F on User{ id }query($x:[Int!]!){a(l:[1,2],o:{k:"v",m:[{x:1}]})}'),
    `query A($id: ID! = "1", $n: Int = 1) @d { # first
  user(id: $id) {
    id
    name
    ...F
    ... on User @skip(if: true) {
      email
    }
    n: nick
  }
}

# own line
fragment F on User {
  id
}

query ($x: [Int!]!) {
  a(l: [1, 2], o: { k: "v", m: [{ x: 1 }] })
}
`,
  );
});

test("format breaks long arguments and keeps comments in them", () => {
  const long = format(`{ users(where: {and: [{name: {like: "aaaaaaaaaaaaaaaaaaaa"}}, {name: {like: "bbbbbbbbbbbbbbbbbbbbbb"}}]}, first: 10) { id } }`);
  assert.ok(long.split("\n").every((line) => line.length <= 80), long);
  assert.match(format("{ a(x: 1 # why\n y: 2) }"), /x: 1\n\s+# why\n\s+y: 2/);
  assert.equal(format("{ a"), null, "a text with mistakes is left alone");
});

test("format is stable and changes no token", () => {
  const words = (source) => lex(source).filter((token) => token.kind !== "comment").map((token) => token.text);
  for (const source of [
    "{a}", "{ a(b: [[1 2] [3]]) @x @y(z: $w) { c } }", "query Q { a } mutation M($i: I!) { b(i: $i) { ... { c } } }", '{ a(s: """one\ntwo""", t: 1) }',
    "# top\n{ a # tail\n b } # end", "{ a(x: {y: [], z: {}}) }", "query A($a: [[Int!]]! = [[1]] @d(x: 1), $b: B) { a(b: $a c: $b) }",
  ]) {
    const once = format(source);
    assert.equal(format(once), once, source);
    assert.deepEqual(words(once), words(source));
    assert.deepEqual(parse(once).errors, []);
  }
});

test("JSON keeps its numbers to the last digit", () => {
  assert.equal(formatJSON('{"a":12345678901234567890,"b":[1.10,{}],"c":[]}'), '{\n  "a": 12345678901234567890,\n  "b": [\n    1.10,\n    {}\n  ],\n  "c": []\n}');
  assert.equal(formatJSON("not json"), "not json");
  assert.equal(requestBody("{ a }", '{"n": 12345678901234567890}', "A"), '{"query":"{ a }","operationName":"A","variables":{"n": 12345678901234567890}}');
});

test("the JSON reader agrees with JSON.parse about what is JSON", () => {
  for (const text of ['{"a": 1}', '[1, "a", null, true, {"b": []}]', "{", "[1,]", '{"a" 1}', '{"a": 01}', '{a: 1}', "nul", '{"a": 1} x', '"\\x"', "[1 2]", "-", '{"a": "\n"}', "{,}", "1.5e+10", '"\\u00e9"', "tru e", "[]]"]) {
    let valid = true;
    try {
      JSON.parse(text);
    } catch {
      valid = false;
    }
    assert.equal(parseJSON(text).errors.length === 0, valid, text);
  }
});

test("variables are measured against the operation", () => {
  const [operation] = parse("query A($id: ID!, $where: UserFilter, $n: Int) { a }").definitions;
  const check = (text) => checkVariables(text, operation, schema).map((problem) => problem.message);
  assert.deepEqual(check('{"id": 1, "where": {"name": {"in": ["a"]}, "role": "ADMIN"}, "n": null}'), []);
  assert.match(check("{}")[0], /needs the variable id: ID!/);
  assert.match(check("")[0], /needs the variable id: ID!/);
  assert.match(check('{"id": null}')[0], /null is not allowed/);
  assert.match(check('{"id": 1, "n": 1.5}')[0], /Expected Int/);
  assert.match(check('{"id": 1, "where": {"role": "ADMN"}}')[0], /Did you mean ADMIN/);
  assert.match(check('{"id": 1, "where": {"nme": {}}}')[0], /UserFilter has no field nme. Did you mean name/);
  assert.match(check('{"id": 1, "idd": 1}')[0], /has no variable idd/);
  assert.match(check("[]")[0], /one JSON object/);
  assert.match(check('{"id": 1,}')[0], /Remove the comma/);
  assert.deepEqual(checkVariables("", undefined, schema), []);
});

/** Applies a key to a text with its caret mark. */
function press(text, key, shift = false) {
  const start = text.indexOf("‸");
  const end = text.lastIndexOf("‸") > start ? text.lastIndexOf("‸") - 1 : start;
  const plain = text.replaceAll("‸", "");
  const edit = typed(plain, start, end, key, shift);
  if (!edit) return null;
  const result = plain.slice(0, edit.start) + edit.insert + plain.slice(edit.end);
  const mark = result.slice(0, edit.from) + "‸" + result.slice(edit.from);
  return edit.to > edit.from ? mark.slice(0, edit.to + 1) + "‸" + mark.slice(edit.to + 1) : mark;
}

test("keys close brackets, indent, and leave the rest to the browser", () => {
  for (const [before, key, after, shift] of [
    ["a ‸", "{", "a {‸}"],
    ["a‸b", "(", null],
    ["(‸)", ")", "()‸"],
    ["((‸)", ")", null],
    ["{‸}", "Enter", "{\n  ‸\n}"],
    ["  a {‸}", "Enter", "  a {\n    ‸\n  }"],
    ["  a‸", "Enter", "  a\n  ‸"],
    ["(‸)", "Backspace", "‸"],
    ["a‸", "Backspace", null],
    ["    ‸", "Backspace", "  ‸"],
    ["    ‸", "}", "  }‸"],
    ['x: ‸', '"', 'x: "‸"'],
    ['"a‸"', '"', '"a"‸'],
    ['a‸', '"', null],
    ["‸ab‸", "(", "(‸ab‸)"],
    ["‸", "Tab", "  ‸"],
    ["a‸", "Tab", null],
    ["‸a\nb‸", "Tab", "  ‸a\n  b‸"],
    ["  a‸", "Tab", null, true],
    ["  ‸a", "Tab", "‸a", true],
    ["x‸", "y", null],
  ]) {
    assert.equal(press(before, key, shift), after, `${JSON.stringify(before)} + ${key}`);
  }
});

test("colours cover the text and change nothing in it", () => {
  const source = '# c\nquery A {\n  user(id: "x") { naem }\n}\n';
  const lines = pieces(source, graphqlSpans(source), [{ start: 31, end: 35, style: "error" }, { start: 28, end: 33, style: "match" }]);
  assert.equal(lines.map((line) => line.map((piece) => piece.text).join("")).join("\n"), source);
  assert.ok(lines[2].some((piece) => piece.style.includes("t-error") && piece.style.includes("t-match")));
  assert.equal(pieces("", [], []).length, 1);
  assert.deepEqual(headerSpans("# x\nA: b").map((span) => span.style), ["comment", "key"]);
});

test("a link carries query and variables and nothing else", () => {
  const link = shareLink("http://localhost/graphql", "{ a(b: \"é&#\") }", '{"x": 1}');
  assert.deepEqual(readLink(new URL(link).hash), { query: '{ a(b: "é&#") }', variables: '{"x": 1}' });
  assert.equal(readLink("#other"), null);
  assert.equal(readLink(""), null);
});

test("headers are read as lines and as JSON", () => {
  assert.deepEqual(readHeaders("# c\nAuthorization: Bearer a:b\n\nX-A:1").headers, [["Authorization", "Bearer a:b"], ["X-A", "1"]]);
  assert.deepEqual(readHeaders('{"X-A": 1}').headers, [["X-A", "1"]]);
  for (const [text, error] of [["nothing", /Line 1/], ["{x", /JSON/], ["A b: c", /cannot be a header's name/], ["Host: a", /browser itself/], ["A: \u{1F353}", /cannot carry/]]) {
    assert.match(readHeaders(text).error, error);
    assert.deepEqual(readHeaders(text).headers, []);
  }
});

test("the curl command quotes for the shell", () => {
  const command = curlCommand("http://localhost/graphql", `{"query":"{ a(b: 'x') }"}`, [["X-A", "it's"]]);
  assert.match(command, /-H 'X-A: it'\\''s'/);
  assert.match(command, /--data-raw '\{"query":"\{ a\(b: '\\''x'\\''\) \}"\}'$/);
});

test("every root field has a skeleton that is valid", () => {
  for (const operation of ["query", "mutation"]) {
    for (const field of schema.root(operation).fields.values()) {
      const { text, variables } = operationFor(schema, operation, field, new Set());
      assert.deepEqual(validate(parse(text), schema), [], text);
      const problems = checkVariables(JSON.stringify(variables), parse(text).definitions[0], schema);
      assert.deepEqual(problems, [], text + JSON.stringify(variables));
      assert.equal(format(text), text);
    }
  }
  const taken = operationFor(schema, "query", schema.root("query").fields.get("users"), new Set(["Users"]));
  assert.equal(taken.name, "Users2");
  assert.match(fieldText(schema, schema.root("query").fields.get("posts"), ""), /edges \{\n\s+cursor\n\s+node \{/);
});

test("history keeps the newest, once, up to a bound", () => {
  const entry = (query, variables = "") => ({ query, variables, name: "", at: 0, status: "200" });
  let entries = [];
  for (let i = 0; i < most + 10; i++) entries = remember(entries, entry(`{ a${i} }`));
  assert.equal(entries.length, most);
  entries = remember(entries, entry("{ a20 }"));
  assert.equal(entries[0].query, "{ a20 }");
  assert.equal(entries.filter((one) => one.query === "{ a20 }").length, 1);
  assert.equal(remember(entries, entry("  ")), entries, "nothing to keep");
  assert.equal(remember(entries, entry("x".repeat(60_000))), entries, "too large to keep");
  assert.equal(age(0, 30_000 / 2), "just now");
  assert.equal(age(0, 600_000), "10 min ago");
  assert.equal(age(0, 7_200_000), "2 h ago");
});

test("what is behind an answer is taken out, and the data stay as they are written", () => {
  const explain = '{"poolWaitMs":0.1,"heldMs":2,"statements":[{"field":"a","sql":"select \\",\\"extensions\\":\\""}]}';
  for (const [text, rest, found] of [
    [`{"data":{"n":12345678901234567890},"extensions":{"explain":${explain}}}`, '{"data":{"n":12345678901234567890}}', true],
    [`{"data":{"extensions":{"explain":1}},"extensions":{"cost":{"estimate":2},"explain":${explain}}}`, '{"data":{"extensions":{"explain":1}},"extensions":{"cost":{"estimate":2}}}', true],
    ['{"data":{"x":1,"extensions":{"explain":1}}}', '{"data":{"x":1,"extensions":{"explain":1}}}', false],
    ['{"data":null,"extensions":{"explain":"theirs"}}', '{"data":null,"extensions":{"explain":"theirs"}}', false],
    ["[1]", "[1]", false],
  ]) {
    const got = takeOut(text, JSON.parse(text));
    assert.equal(got.text, rest);
    assert.equal(got.explanation !== null, found);
  }
  assert.equal(requestBody("{ a }", "", undefined, asking(true)), '{"query":"{ a }","extensions":{"explain":"analyze"}}');
  assert.deepEqual(JSON.parse(asking(false)), { explain: true });
});
