import assert from "node:assert/strict";
import { test } from "node:test";
import { caret, load, schema } from "./load.js";

const { lex } = await load("lexer.js");
const { parse } = await load("parser.js");
const { locate, symbolAt } = await load("context.js");
const { complete, opensList } = await load("complete.js");
const { validate, didYouMean } = await load("validate.js");

const kinds = (source) => lex(source).map((token) => `${token.kind} ${token.text}`);
const errors = (source) => parse(source).errors.map((error) => error.message);
const labels = (text) => (complete(...caret(text), schema)?.items ?? []).map((item) => item.label);
const problems = (source) => validate(parse(source), schema).map((problem) => `${problem.severity} ${source.slice(problem.start, problem.end)}: ${problem.message}`);

test("the lexer reads every kind of token", () => {
  assert.deepEqual(kinds('{ a: -1.5e3, b(x: "q\\"\\u00e9") #c\n ...F @d $v [1] """x\\"""y""" }'), [
    "punct {", "name a", "punct :", "float -1.5e3", "name b", "punct (", "name x", "punct :", 'string "q\\"\\u00e9"', "punct )", "comment #c",
    "punct ...", "name F", "punct @", "name d", "punct $", "name v", "punct [", "int 1", "punct ]", 'block """x\\"""y"""', "punct }",
  ]);
});

test("the lexer names what it cannot read and goes on", () => {
  for (const [source, part] of [['"open\n{', "not closed"], ['"""open {', "block string"], ["01", "not a number"], ["1a", "not a number"], ["1e", "not a number"], ["?", "no meaning"], ["\u{1F353}", "no meaning"]]) {
    const [first] = lex(source);
    assert.equal(first.kind, "bad", source);
    assert.match(first.problem, new RegExp(part));
  }
  assert.equal(lex('"open\n{')[1].text, "{");
});

test("tokens and the gaps between them cover any text", () => {
  let seed = 7;
  const random = (n) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % n;
  const parts = ["{", "}", "(", ")", "[", "]", '"', '"""', "\\", "#", "\n", " ", "a", "on", "...", "$", "@", ":", "!", "1", "-", ".", "e", "é", "\u{1F353}", "query", "fragment", "=", "|"];
  for (let i = 0; i < 3000; i++) {
    const source = Array.from({ length: random(14) }, () => parts[random(parts.length)]).join("");
    let at = 0;
    for (const token of lex(source)) {
      assert.match(source.slice(at, token.start), /^[\s,\uFEFF]*$/, JSON.stringify(source));
      assert.ok(token.end > token.start);
      at = token.end;
    }
    const document = parse(source);
    for (const error of document.errors) assert.ok(error.start >= 0 && error.end <= source.length && error.start <= error.end, JSON.stringify(source));
    validate(document, schema);
    for (let n = 0; n <= source.length; n++) complete(source, n, schema);
  }
});

test("a correct document has no errors", () => {
  const source = `query A($id: ID! = "1" @d, $l: [Int!]!) @x(a: {b: [1, $id], c: null, d: true, e: RED}) { a: user(id: $id) @include(if: true) { ...F ... on User { id } ... @skip(if: false) { id } } }
    fragment F on User @y { name } subscription { s } { plain }`;
  assert.deepEqual(errors(source), []);
  assert.deepEqual(parse(source).definitions.map((d) => [d.kind, d.type, d.name?.text]), [["operation", "query", "A"], ["fragment", undefined, "F"], ["operation", "subscription", undefined], ["operation", "query", undefined]]);
});

test("mistakes are found where they are", () => {
  for (const [source, message] of [
    ["{ users { id }", "not closed"],
    ["{ }", "at least one field"],
    ["{ users() { id } }", "Empty parentheses"],
    ["{ user(id 1) { id } }", "Expected :, found 1"],
    ["{ user(id: ) { id } }", "Expected a value"],
    ["{ user(id: 1 { id } }", "( is not closed"],
    ["query ($a) { id }", "Expected :"],
    ["type A { b: Int }", "Type definitions cannot be run"],
    ["hello", "Expected query, mutation"],
    ["{ a: }", "behind the alias"],
    ["{ ... }", "a fragment's name"],
    ["fragment F { id }", "on and a type"],
  ]) {
    assert.ok(errors(source).some((error) => error.includes(message)), `${source}: ${errors(source)}`);
  }
  assert.equal(errors("type A { b: Int } type C { d: Int }").length, 1, "one message for a run of type definitions");
  const later = parse("{ user(id: 1 { id } } query B { users { id } }");
  assert.equal(later.definitions.at(-1).name?.text, "B", "goes on behind a mistake");
});

test("completion knows the place", () => {
  assert.deepEqual(labels("‸"), ["query", "mutation", "fragment"]);
  assert.deepEqual(labels("{ us‸ }"), ["users", "user"]);
  assert.ok(labels("{ users { ‸ } }").includes("email"));
  assert.ok(labels("{ users { ‸").includes("__typename"), "an unclosed text works");
  assert.deepEqual(labels("{ a: us‸ }"), ["users", "user"], "behind an alias");
  assert.deepEqual(labels("{ users(‸) { id } }"), ["first", "where", "orderBy"]);
  assert.deepEqual(labels("{ users(first: 1, ‸) { id } }"), ["where", "orderBy"]);
  assert.deepEqual(labels("{ users(where: { ‸ }) { id } }"), ["name", "role"]);
  assert.deepEqual(labels("{ users(where: { name: { ‸ } }) { id } }"), ["eq", "in", "like"]);
  assert.deepEqual(labels("{ users(where: { role: A‸ }) { id } }"), ["ADMIN", "AUTHOR", "READER"]);
  assert.deepEqual(labels("{ users(orderBy: [{ field: \"x\", direction: D‸ }]) { id } }"), ["DESC"]);
  assert.deepEqual(labels("query ($id: ID!, $n: Int) { user(id: ‸) { id } }"), ["$id"]);
  assert.deepEqual(labels("query ($id: ID!, $n: Int) { user(id: $‸) { id } }"), ["id"]);
  assert.deepEqual(labels("{ users @‸ { id } }"), ["include", "skip"]);
  assert.deepEqual(labels("{ users @include(‸) { id } }"), ["if"]);
  assert.deepEqual(labels("{ search(text: \"a\") { ...‸ } } fragment F on User { id } fragment G on PageInfo { endCursor }"), ["on", "F"]);
  assert.deepEqual(labels("{ search(text: \"a\") { ... on ‸ } }"), ["User", "Node", "Post", "SearchResult"]);
  assert.deepEqual(labels("fragment F ‸"), ["on"]);
  assert.deepEqual(labels("query ($i: CreateUs‸"), ["CreateUserInput"]);
});

test("completion keeps quiet in comments and strings", () => {
  assert.deepEqual(labels("{ # us‸\n }"), []);
  assert.deepEqual(labels('{ user(id: "us‸") { id } }'), []);
  assert.deepEqual(labels('{ user(id: "us‸'), []);
  assert.equal(opensList("# a", 3), false);
  assert.equal(opensList('{ a(b: "c', 9), false);
  assert.equal(opensList("{ a", 3), true);
  assert.equal(opensList("{ ...", 5), true);
});

test("completion writes what the field needs", () => {
  const insert = (text, label) => complete(...caret(text), schema).items.find((item) => item.label === label).insert;
  assert.equal(insert("{ ‸ }", "users"), "users {\n  ‸\n}");
  assert.equal(insert("{ ‸ }", "user"), "user(id: ‸) {\n  \n}");
  assert.equal(insert("{ users { ‸ } }", "name"), undefined);
  assert.equal(insert("{ us‸ { id } }", "users"), undefined, "the braces are there");
  assert.equal(insert("{ users(‸) { id } }", "orderBy"), "orderBy: [{‸}]");
  assert.equal(insert("mutation { ‸ }", "createUser"), "createUser(input: {‸}) {\n  \n}");
});

test("without a schema the text still offers its own names", () => {
  assert.deepEqual(complete(...caret("query ($id: ID) { a(b: $‸) }"), null).items.map((item) => item.label), ["id"]);
  assert.equal(complete(...caret("{ ‸ }"), null), null);
});

test("a valid document has no problems", () => {
  assert.deepEqual(problems(`query Q($id: ID!, $where: UserFilter, $n: Int = 3) {
    user(id: $id) { ...F posts(first: $n) { id } }
    users(where: $where, orderBy: {field: "name"}) { __typename }
    search(text: """a""") { ... on User { id } ... on Post { title } }
    __schema { queryType { name } }
  }
  fragment F on User { name }`), []);
});

test("validation finds what the server would refuse", () => {
  for (const [source, expected] of [
    ["{ users { naem } }", "error naem: User has no field naem. Did you mean name?"],
    ["{ users { nick } }", "warning nick: nick is deprecated: use name"],
    ["{ users }", "error users: users is a [User!]!: say which of its fields, in { }."],
    ["{ users { id { x } } }", "error id: id is a ID!: it has no fields to select."],
    ["{ user { id } }", "error user: user needs the argument id: ID!."],
    ["{ users(frist: 1) { id } }", "error frist: users has no argument frist. Did you mean first?"],
    ["{ users(first: \"1\") { id } }", 'error "1": Expected Int, found "1".'],
    ["{ users(first: 3000000000) { id } }", "error 3000000000: 3000000000 does not fit into Int (32 bits)."],
    ["{ users(where: 1) { id } }", "error 1: Expected UserFilter: an object in { }."],
    ["{ users(where: {nmae: null}) { id } }", "error nmae: UserFilter has no field nmae. Did you mean name?"],
    ["{ users(where: {role: ADMN}) { id } }", "error ADMN: Role has no value ADMN. Did you mean ADMIN?"],
    ["{ users(where: {role: \"ADMIN\"}) { id } }", 'error "ADMIN": Expected a value of Role, without quotes.'],
    ["{ user(id: null) { id } }", "error null: null is not allowed here: expected ID!."],
    ["{ user(id: $x) { id } }", "error $x: $x is not declared. Add ($x: ID!) to the operation."],
    ["query A($x: Int) { user(id: $x) { id } }", "error $x: $x is Int, and ID! is expected here."],
    ["query A($x: Int) { users { id } }", "error $x: Int: $x is declared but not used."],
    ["query A($x: Usr) { users(first: $x) { id } }", "error Usr: There is no type Usr."],
    ["query A($x: User) { users(where: $x) { id } }", "error User: User is not an input type: a variable cannot have it."],
    ["{ users { ...F } }", "error F: There is no fragment F in this text."],
    ["fragment F on User { id }", "warning F: The fragment F is not used."],
    ["{ users { ... on Usr { id } } }", "error Usr: There is no type Usr. Did you mean User?"],
    ["{ users { ... on Post { id } } }", "error Post: A User is never a Post."],
    ["{ users @inclde(if: true) { id } }", "error inclde: There is no directive @inclde. Did you mean include?"],
    ["{ a: users { id } } { b: users { id } }", "error {: Give every operation a name when there are several."],
    ["query A { users { id } } query A { users { id } }", "error A: There is another operation A."],
    ["subscription { x }", "error subscription: This API has no subscriptions."],
    ["mutation { createUser(input: {name: \"a\"}) { __typename } }", 'error {name: "a"}: CreateUserInput needs the field email: String!.'],
  ]) {
    const found = problems(source);
    assert.ok(found.some((line) => line.startsWith(expected)), `${source}\n  wanted ${expected}\n  found  ${found.join("\n         ")}`);
  }
});

test("variables are followed through fragments", () => {
  assert.deepEqual(problems("query A($n: Int) { users { ...F } } fragment F on User { posts(first: $n) { id } }"), []);
  assert.match(problems("query A { users { ...F } } fragment F on User { posts(first: $n) { id } }")[0], /\$n is not declared in A/);
  assert.deepEqual(problems("query A { users { ...F } } fragment F on User { posts { author { ...F } } }"), [], "a cycle ends");
});

test("one misspelt letter is near enough, another word is not", () => {
  assert.equal(didYouMean("emial", ["email", "id"]), " Did you mean email?");
  assert.equal(didYouMean("completely", ["email", "id"]), "");
});

test("the symbol under the caret has its meaning", () => {
  const document = parse("{ users(where: {name: null}) { posts { id } } }");
  validate(document, schema);
  const at = (text) => symbolAt(document.tokens, document.tokens.find((token) => token.text === text).start)?.means;
  assert.equal(at("users").field.name, "users");
  assert.equal(at("where").input.type.name, "UserFilter");
  assert.equal(at("posts").type.name, "User");
  assert.equal(symbolAt(document.tokens, 0), undefined);
});

test("the caret's word reaches over the caret, the typed part does not", () => {
  const found = locate("{ users }", 4);
  assert.deepEqual(found.word, { start: 2, end: 7, text: "us" });
});
