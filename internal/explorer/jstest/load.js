import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

// The same tests run on the sources and on what is served.
const base = process.env.PAGE_ASSETS ? pathToFileURL(process.env.PAGE_ASSETS + "/") : new URL("../assets/", import.meta.url);

/** @param {string} name */
export const load = (name) => import(new URL(name, base).href);

const { Schema } = await load("schema.js");
export const schema = new Schema(JSON.parse(readFileSync(new URL("../testdata/schema.json", import.meta.url), "utf8")).data.__schema);

/** Splits a text at its caret mark. @param {string} text @returns {[string, number]} */
export const caret = (text) => [text.replace("‸", ""), text.indexOf("‸")];
