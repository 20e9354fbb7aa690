create type mood as enum ('happy', 'sad');
create type address as (street text, city text);
create table tb_author (pk_author int primary key, id uuid not null unique, name text not null, age int, mood mood, home address, born timestamptz);
create table tb_book (id uuid primary key, title text not null, author_id uuid not null, price numeric(10,2), tags text[], meta jsonb);
create view v_author as select id, name, age, mood, home, born from tb_author;
comment on view v_author is '@fraiseql:type
name: Author
relations:
  books: {to: Book, by: {id: author_id}, many: true}';
create view v_book as select id, title, author_id, price, tags, meta from tb_book;
comment on view v_book is '@fraiseql:type
name: Book
relations:
  author: {to: Author, by: {author_id: id}}';
create table tv_card (id uuid primary key, data jsonb not null);
comment on table tv_card is '@fraiseql:type
name: Card
document: data
fields:
  id: ID!
  email: String!
  age: Int
  score: Decimal
  address: {city: String!, street: String}
  tags: "[String!]!"
  items: [{label: String!, value: Int!}]';
create view v_profile as select id, jsonb_build_object('id', id, 'name', name, 'age', age, 'it''s', name) as data from tb_author;
comment on view v_profile is '@fraiseql:type
name: Profile
document: data
fields:
  id: ID!
  name: String!
  age: Int';
create view v_log as select age, name as line from tb_author;
comment on view v_log is '@fraiseql:type
name: Log';
create table tb_thing (id int primary key, label text, ip inet, net cidr, during daterange, props jsonb, old_props json, words tsvector, hours int4range[]);
comment on table tb_thing is '@fraiseql:type
name: Thing
collation: C';
comment on column tb_thing.label is '@fraiseql:field collation=POSIX';
