// Writes 02_data.sql and testdata/world.json from the npm package countries-list.
//
//   npm install --no-save --prefix /tmp/countries countries-list@3.4.1
//   node examples/world/convert.mjs /tmp/countries/node_modules/countries-list
//
// Both files hold the same facts: the tests compute their expected answers from the JSON and never from the SQL.
import { mkdirSync, readFileSync, writeFileSync, copyFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const source = process.argv[2]
if (!source) {
  console.error('usage: node convert.mjs FOLDER-OF-countries-list')
  process.exit(2)
}
const here = import.meta.dirname
const load = (file) => import(pathToFileURL(resolve(source, file)))
const { version, license } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'))
const { continents, countries, languages } = await load('mjs/index.js')
const { currencies } = await load('mjs/currencies.js')

const byCode = (a, b) => (a.code < b.code ? -1 : a.code > b.code ? 1 : 0)
const entries = (object, make) => Object.entries(object).map(([code, value]) => ({ code, ...make(value) })).sort(byCode)

const world = {
  source: `countries-list ${version} (${license})`,
  continents: entries(continents, (name) => ({ name })),
  countries: entries(countries, (c) => ({
    name: c.name,
    native: c.native,
    capital: c.capital || null,
    phone: c.phone,
    continent: c.continent,
    languages: c.languages,
    currencies: c.currency,
  })),
  languages: entries(languages, (l) => ({ name: l.name, native: l.native, rtl: Boolean(l.rtl) })),
  currencies: entries(currencies, (c) => ({ name: c.name, symbol: c.symbol, decimals: c.decimals ?? null })),
}

const known = { continents: new Set(), languages: new Set(), currencies: new Set() }
for (const kind of Object.keys(known)) for (const one of world[kind]) known[kind].add(one.code)
for (const c of world.countries) {
  const strange = [
    ...[c.continent].filter((code) => !known.continents.has(code)),
    ...c.languages.filter((code) => !known.languages.has(code)),
    ...c.currencies.filter((code) => !known.currencies.has(code)),
  ]
  if (strange.length) throw new Error(`country ${c.code} names unknown codes: ${strange.join(', ')}`)
}

const text = (value) => (value === null ? 'NULL' : `'${value.replaceAll("'", "''")}'`)
const insert = (table, columns, rows) =>
  `INSERT INTO ${table} (${columns}) VALUES\n${rows.map((row) => `    (${row.join(', ')})`).join(',\n')};\n`
const links = (kind) => world.countries.flatMap((c) => c[kind].map((code, i) => [text(c.code), text(code), i + 1]))

const sql = [
  `-- Made by convert.mjs from the npm package countries-list ${version} (licence: ${license}, see LICENSE). Do not edit.\n`,
  insert('tb_continent', 'code, name', world.continents.map((c) => [text(c.code), text(c.name)])),
  insert('tb_language', 'code, name, native, rtl', world.languages.map((l) => [text(l.code), text(l.name), text(l.native), l.rtl])),
  insert('tb_currency', 'code, name, symbol, decimals', world.currencies.map((c) => [text(c.code), text(c.name), text(c.symbol), c.decimals ?? 'NULL'])),
  insert('tb_country', 'code, name, native, capital, phone, continent_code',
    world.countries.map((c) => [text(c.code), text(c.name), text(c.native), text(c.capital), `'{${c.phone.join(',')}}'`, text(c.continent)])),
  insert('tb_country_language', 'country_code, language_code, position', links('languages')),
  insert('tb_country_currency', 'country_code, currency_code, position', links('currencies')),
  'ANALYZE tb_continent, tb_language, tb_currency, tb_country, tb_country_language, tb_country_currency;\n',
]
writeFileSync(join(here, '02_data.sql'), sql.join('\n'))

// One line for each thing: compact, and still readable as a change.
const line = (kind) => `  "${kind}": [\n${world[kind].map((one) => `    ${JSON.stringify(one)}`).join(',\n')}\n  ]`
mkdirSync(join(here, 'testdata'), { recursive: true })
writeFileSync(
  join(here, 'testdata', 'world.json'),
  `{\n  "source": ${JSON.stringify(world.source)},\n${['continents', 'countries', 'languages', 'currencies'].map(line).join(',\n')}\n}\n`,
)
copyFileSync(join(source, 'LICENSE'), join(here, 'LICENSE'))
