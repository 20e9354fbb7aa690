CREATE VIEW v_continent AS
SELECT code, name FROM tb_continent;
COMMENT ON VIEW v_continent IS '@fraiseql:type
name: Continent
description: One of seven.
key: [code]
relations:
  countries: {to: Country, by: {code: continent_code}, many: true}';
COMMENT ON COLUMN v_continent.code IS 'Two letters.';
COMMENT ON COLUMN v_continent.name IS 'English name.';

CREATE VIEW v_country AS
SELECT code, name, native, capital, phone, continent_code FROM tb_country;
COMMENT ON VIEW v_country IS '@fraiseql:type
name: Country
description: A country or territory with a code of its own.
key: [code]
queries: {one: country, list: countries}
relations:
  continent: {to: Continent, by: {continent_code: code}}
  languages: {to: CountryLanguage, by: {code: country_code}, many: true}
  currencies: {to: CountryCurrency, by: {code: country_code}, many: true}';
COMMENT ON COLUMN v_country.code IS 'ISO 3166-1, two letters.';
COMMENT ON COLUMN v_country.name IS 'English name.';
COMMENT ON COLUMN v_country.native IS 'The name in the country itself.';
COMMENT ON COLUMN v_country.capital IS 'Capital; null where there is none.';
COMMENT ON COLUMN v_country.phone IS '@fraiseql:field type=[Int!]! description=Numbers to dial before the subscriber''s own.';
COMMENT ON COLUMN v_country.continent_code IS 'The continent it is counted to.';

CREATE VIEW v_language AS
SELECT code, name, native, rtl FROM tb_language;
COMMENT ON VIEW v_language IS '@fraiseql:type
name: Language
description: A language with a two-letter code.
key: [code]
relations:
  countries: {to: LanguageCountry, by: {code: language_code}, many: true}';
COMMENT ON COLUMN v_language.code IS 'ISO 639-1, two letters.';
COMMENT ON COLUMN v_language.name IS 'English name.';
COMMENT ON COLUMN v_language.native IS 'The name in the language itself.';
COMMENT ON COLUMN v_language.rtl IS 'Written from right to left.';

CREATE VIEW v_currency AS
SELECT code, name, symbol, decimals FROM tb_currency;
COMMENT ON VIEW v_currency IS '@fraiseql:type
name: Currency
description: A currency, in use or not.
key: [code]
queries: {one: currency, list: currencies}
relations:
  countries: {to: CurrencyCountry, by: {code: currency_code}, many: true}';
COMMENT ON COLUMN v_currency.code IS 'ISO 4217, three letters.';
COMMENT ON COLUMN v_currency.name IS 'English name.';
COMMENT ON COLUMN v_currency.symbol IS 'How prices show it.';
COMMENT ON COLUMN v_currency.decimals IS 'Digits behind the point.';

-- The sides of the two links. Each shows the columns of the far side, so that { countries { languages { name } } } and
-- { languages { countries { name } } } read as if there were no link; none of them has a query of its own.
CREATE VIEW v_country_language AS
SELECT link.country_code, link.position, language.code, language.name, language.native, language.rtl
FROM tb_country_language AS link JOIN tb_language AS language ON language.code = link.language_code;
COMMENT ON VIEW v_country_language IS '@fraiseql:type
name: CountryLanguage
description: A language as one country speaks it.
key: [country_code, code]
queries: {one: false, list: false, connection: false, aggregate: false, groups: false}
relations:
  language: {to: Language, by: {code: code}}';
COMMENT ON COLUMN v_country_language.position IS 'Its place in the country''s list, from 1.';

CREATE VIEW v_language_country AS
SELECT link.language_code, country.code, country.name, country.native, country.capital, country.phone, country.continent_code
FROM tb_country_language AS link JOIN tb_country AS country ON country.code = link.country_code;
COMMENT ON VIEW v_language_country IS '@fraiseql:type
name: LanguageCountry
description: A country as it is listed under one language.
key: [language_code, code]
queries: {one: false, list: false, connection: false, aggregate: false, groups: false}
relations:
  country: {to: Country, by: {code: code}}
  continent: {to: Continent, by: {continent_code: code}}';

CREATE VIEW v_country_currency AS
SELECT link.country_code, link.position, currency.code, currency.name, currency.symbol, currency.decimals
FROM tb_country_currency AS link JOIN tb_currency AS currency ON currency.code = link.currency_code;
COMMENT ON VIEW v_country_currency IS '@fraiseql:type
name: CountryCurrency
description: A currency as one country uses it.
key: [country_code, code]
queries: {one: false, list: false, connection: false, aggregate: false, groups: false}
relations:
  currency: {to: Currency, by: {code: code}}';
COMMENT ON COLUMN v_country_currency.position IS 'Its place in the country''s list, from 1.';

CREATE VIEW v_currency_country AS
SELECT link.currency_code, country.code, country.name, country.native, country.capital, country.phone, country.continent_code
FROM tb_country_currency AS link JOIN tb_country AS country ON country.code = link.country_code;
COMMENT ON VIEW v_currency_country IS '@fraiseql:type
name: CurrencyCountry
description: A country as it is listed under one currency.
key: [currency_code, code]
queries: {one: false, list: false, connection: false, aggregate: false, groups: false}
relations:
  country: {to: Country, by: {code: code}}
  continent: {to: Continent, by: {continent_code: code}}';
