-- Continents, countries, languages and currencies. Their codes are their keys.

CREATE TABLE tb_continent (
    code text PRIMARY KEY,
    name text NOT NULL
);

CREATE TABLE tb_language (
    code   text    PRIMARY KEY,
    name   text    NOT NULL,
    native text    NOT NULL,
    rtl    boolean NOT NULL
);

CREATE TABLE tb_currency (
    code     text PRIMARY KEY,
    name     text NOT NULL,
    symbol   text,
    decimals int
);

CREATE TABLE tb_country (
    code           text  PRIMARY KEY,
    name           text  NOT NULL,
    native         text  NOT NULL,
    capital        text,
    phone          int[] NOT NULL,
    continent_code text  NOT NULL REFERENCES tb_continent (code)
);
CREATE INDEX tb_country_continent_code ON tb_country (continent_code);
CREATE INDEX tb_country_name ON tb_country (name);

CREATE TABLE tb_country_language (
    country_code  text NOT NULL REFERENCES tb_country (code),
    language_code text NOT NULL REFERENCES tb_language (code),
    position      int  NOT NULL,
    PRIMARY KEY (country_code, language_code)
);
CREATE INDEX tb_country_language_language_code ON tb_country_language (language_code);

CREATE TABLE tb_country_currency (
    country_code  text NOT NULL REFERENCES tb_country (code),
    currency_code text NOT NULL REFERENCES tb_currency (code),
    position      int  NOT NULL,
    PRIMARY KEY (country_code, currency_code)
);
CREATE INDEX tb_country_currency_currency_code ON tb_country_currency (currency_code);
