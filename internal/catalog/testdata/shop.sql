CREATE SCHEMA app;
CREATE SCHEMA private;

CREATE TYPE app.order_status AS ENUM ('new', 'in_work', 'done');
COMMENT ON TYPE app.order_status IS 'How far an order has come.';
CREATE TYPE private.order_status AS ENUM ('a', 'b');
CREATE TYPE app.odd AS ENUM ('fine', 'not-fine');
CREATE TYPE app.point2d AS (x float8, y float8, note text, area box);
COMMENT ON COLUMN app.point2d.x IS 'To the right.';
CREATE TYPE app.place AS (name text, spot app.point2d, tags text[]);
CREATE DOMAIN app.positive AS int CHECK (value > 0);
CREATE DOMAIN app.small AS app.positive CHECK (value < 100);

CREATE TABLE app.tb_customer (
    pk_customer int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id          uuid NOT NULL UNIQUE,
    name        text NOT NULL,
    dns_1_id    text,
    secret      text,
    typo        text
);
CREATE TABLE app.tb_order (
    pk_order    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id          uuid NOT NULL UNIQUE,
    fk_customer int NOT NULL REFERENCES app.tb_customer,
    status      app.order_status NOT NULL,
    stars       app.small,
    place       app.place,
    notes       text[] NOT NULL,
    payload     jsonb
);
CREATE TABLE app.everything (
    id bigint PRIMARY KEY,
    a_bool bool NOT NULL, an_int2 int2, an_int4 int4, an_int8 int8, a_numeric numeric(10, 2), a_float4 float4, a_float8 float8,
    a_text text, a_varchar varchar(5), a_bpchar char(3), a_name name, a_uuid uuid, a_date date, a_time time, a_timetz timetz,
    a_timestamptz timestamptz, a_timestamp timestamp, an_interval interval, a_json json, a_jsonb jsonb, a_bytea bytea,
    an_inet inet, a_cidr cidr, a_macaddr macaddr, a_macaddr8 macaddr8, a_range int4range, a_point point, a_money money,
    a_char "char", a_bit bit(3), an_xml xml, a_tsvector tsvector, an_oid oid,
    texts text[], ints int[], stats app.order_status[], small app.small, smalls app.small[], odd app.odd, other private.order_status,
    ranges int4range[], spots app.point2d[], "camelCase" int, "e-mail" text, foo_1 int, foo1 int, _hidden int
);
COMMENT ON TABLE app.everything IS E'One column of each type.\n@fraiseql:type\nname: Everything\nqueries: {list: everything, one: false}';
COMMENT ON COLUMN app.everything.a_bool IS 'Plain comments are descriptions.';

CREATE VIEW app.v_customer AS SELECT id, pk_customer, name, dns_1_id, secret, typo FROM app.tb_customer;
COMMENT ON VIEW app.v_customer IS '@fraiseql:type
description: Who buys.
not_null: [dns_1_id]
filters: [name, orders, dns1Id]
relations:
  orders: {to: Order, many: true}';
COMMENT ON COLUMN app.v_customer.name IS 'The name.
@fraiseql:field
type: String
deprecated: use "fullName"';
COMMENT ON COLUMN app.v_customer.pk_customer IS '@fraiseql:field name=number,type=Int!';
COMMENT ON COLUMN app.v_customer.secret IS '@fraiseql:field type=String requires=admin';
COMMENT ON COLUMN app.v_customer.typo IS '@fraiseql:field typ=String';

CREATE VIEW app.v_order AS SELECT o.id, o.fk_customer, o.status, o.stars, o.place, o.notes, o.payload FROM app.tb_order AS o;
COMMENT ON VIEW app.v_order IS '@fraiseql:type
expose_fields: [id, status, stars, place, notes, payload]
relations:
  customer: {to: Customer}
  other: {to: Customer, by: {id: name}}
  nobody: {to: Nobody, by: {id: id}}
  missing: {to: Customer, by: {customer: id}}';
COMMENT ON COLUMN app.v_order.payload IS '@fraiseql:field type=[String!] description=Kept as it came, with a=b in it.';

CREATE MATERIALIZED VIEW app.mv_status AS SELECT status AS id, count(*) AS orders FROM app.tb_order GROUP BY status;
COMMENT ON MATERIALIZED VIEW app.mv_status IS '@fraiseql:type
name: StatusCount
not_null: [orders]';

CREATE VIEW app.v_card AS
SELECT c.id, jsonb_build_object(
    'id', c.id, 'name', c.name, 'number', c.pk_customer, 'when', now(), 'shout', upper(c.name), 'raw', '{"a": 1}'::jsonb,
    'inner', jsonb_build_object('dns_1_id', c.dns_1_id, 'box', NULL::box),
    'last_order', (SELECT jsonb_build_object('id', o.id, 'status', o.status) FROM app.tb_order AS o WHERE o.fk_customer = c.pk_customer LIMIT 1),
    'orders', coalesce((SELECT jsonb_agg(jsonb_build_object('id', o.id, 'notes', o.notes) ORDER BY o.id) FROM app.tb_order AS o WHERE o.fk_customer = c.pk_customer), '[]')
) AS data FROM app.tb_customer AS c;
COMMENT ON VIEW app.v_card IS '@fraiseql:type';
CREATE VIEW app.v_card_again AS SELECT id, data FROM app.v_card;
COMMENT ON VIEW app.v_card_again IS '@fraiseql:type
fields: {id: ID!, nmae: String, name: String!}';
CREATE TABLE app.tv_stored (id uuid PRIMARY KEY, total numeric, data jsonb NOT NULL);
COMMENT ON TABLE app.tv_stored IS '@fraiseql:type
fields:
  total: Decimal
  status: OrderStatus!
  tags: "[String!]!"
  words: [String!]
  address: {street: String, city: {name: String!, code: ID}}
  lines: [{label: String!, value: Int!, when: DateTime}]';
CREATE VIEW app.v_stored AS SELECT id, data AS body FROM app.tv_stored;
COMMENT ON VIEW app.v_stored IS '@fraiseql:type
name: StoredView
document: body
fields: {id: ID!, total: Decimal}';
CREATE TABLE app.tv_opaque (id uuid PRIMARY KEY, data jsonb NOT NULL);
COMMENT ON TABLE app.tv_opaque IS '@fraiseql:type';
CREATE TABLE app.tv_json (id uuid PRIMARY KEY, data jsonb NOT NULL);
COMMENT ON TABLE app.tv_json IS '@fraiseql:type
document: none';

CREATE VIEW app.v_guarded AS SELECT 1 AS id;
COMMENT ON VIEW app.v_guarded IS '@fraiseql:type
requires: admin';
CREATE VIEW app.v_unknown_key AS SELECT 1 AS id;
COMMENT ON VIEW app.v_unknown_key IS 'A view.
@fraiseql:type
name: UnknownKey
expose_field: [id]';
CREATE VIEW app.v_not_yaml AS SELECT 1 AS id;
COMMENT ON VIEW app.v_not_yaml IS '@fraiseql:type
name: [unfinished';
CREATE VIEW app.v_entity AS SELECT 1 AS id;
COMMENT ON VIEW app.v_entity IS '@fraiseql:entity';
CREATE VIEW app.v_boxes AS SELECT b.area FROM (SELECT NULL::box AS area) AS b;
COMMENT ON VIEW app.v_boxes IS '@fraiseql:type';
CREATE VIEW app.v_stray AS SELECT 1 AS id;
COMMENT ON COLUMN app.v_stray.id IS '@fraiseql:field type=Int';
CREATE VIEW public.v_customer AS SELECT 1 AS id;
COMMENT ON VIEW public.v_customer IS '@fraiseql:type';
CREATE VIEW public.x_plain AS SELECT id, name FROM app.tb_customer;
COMMENT ON VIEW public.x_plain IS 'Exposed by a pattern.';
CREATE VIEW public.x_news AS SELECT 1 AS number;
CREATE VIEW public.unseen AS SELECT 1 AS id;
CREATE FUNCTION app.fn_hire(input jsonb) RETURNS void LANGUAGE sql AS '';
COMMENT ON FUNCTION app.fn_hire IS '@fraiseql:mutation
name: hire';
