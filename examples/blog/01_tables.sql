-- The tables of a small blog. Each has an internal key (pk_…, never shown), a public key (id) and, where
-- people may meet it in an address, a readable identifier. Foreign keys point at the public keys, so that
-- the views over these tables need no join to show them.

CREATE TYPE post_status AS ENUM ('draft', 'published', 'archived');

CREATE TABLE tb_tenant (
    pk_tenant  int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id         uuid NOT NULL UNIQUE,
    identifier text NOT NULL UNIQUE,
    name       text NOT NULL
);
COMMENT ON TABLE tb_tenant IS 'The houses that share the blog. Each sees its own drafts only; see 05_policies.sql.';

CREATE TABLE tb_user (
    pk_user    int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id         uuid          NOT NULL UNIQUE,
    identifier text          NOT NULL UNIQUE,
    name       text          NOT NULL,
    email      text          NOT NULL UNIQUE,
    bio        text,
    reputation int           NOT NULL DEFAULT 0,
    balance    numeric(12,2) NOT NULL DEFAULT 0,
    created_at timestamptz   NOT NULL
);
COMMENT ON TABLE tb_user IS 'People who write posts and comments.';

CREATE TABLE tb_post (
    pk_post      int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id           uuid        NOT NULL UNIQUE,
    identifier   text        NOT NULL UNIQUE,
    author_id    uuid        NOT NULL REFERENCES tb_user (id),
    title        text        NOT NULL,
    body         text        NOT NULL,
    status       post_status NOT NULL DEFAULT 'draft',
    keywords     text[]      NOT NULL DEFAULT '{}',
    metadata     jsonb       NOT NULL DEFAULT '{}',
    rating       numeric(3,2),
    published_at timestamptz,
    created_at   timestamptz NOT NULL,
    tenant_id    uuid        REFERENCES tb_tenant (id) DEFAULT nullif(current_setting('app.tenant_id', true), '')::uuid,
    CHECK (status <> 'published' OR published_at IS NOT NULL)
);
COMMENT ON TABLE tb_post IS 'Articles, from first draft to archive.';
COMMENT ON COLUMN tb_post.tenant_id IS 'The house of whoever was signed in; it is in no view.';
CREATE INDEX tb_post_tenant_id ON tb_post (tenant_id);
CREATE INDEX tb_post_author_id ON tb_post (author_id);
CREATE INDEX tb_post_published_at ON tb_post (published_at DESC NULLS FIRST, id);
CREATE INDEX tb_post_status ON tb_post (status);
CREATE INDEX tb_post_keywords ON tb_post USING gin (keywords);

CREATE TABLE tb_comment (
    pk_comment int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id         uuid        NOT NULL UNIQUE,
    identifier text        NOT NULL UNIQUE,
    post_id    uuid        NOT NULL REFERENCES tb_post (id),
    author_id  uuid        NOT NULL REFERENCES tb_user (id),
    parent_id  uuid        REFERENCES tb_comment (id),
    body       text        NOT NULL,
    created_at timestamptz NOT NULL
);
COMMENT ON TABLE tb_comment IS 'What readers say below a post; a reply names its parent.';
CREATE INDEX tb_comment_post_id ON tb_comment (post_id);
CREATE INDEX tb_comment_author_id ON tb_comment (author_id);
CREATE INDEX tb_comment_parent_id ON tb_comment (parent_id);

CREATE TABLE tb_tag (
    pk_tag      int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id          uuid NOT NULL UNIQUE,
    identifier  text NOT NULL UNIQUE,
    name        text NOT NULL,
    description text
);
COMMENT ON TABLE tb_tag IS 'Subjects that posts are filed under.';

CREATE TABLE tb_post_tag (
    pk_post_tag int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    post_id     uuid NOT NULL REFERENCES tb_post (id),
    tag_id      uuid NOT NULL REFERENCES tb_tag (id),
    UNIQUE (post_id, tag_id)
);
COMMENT ON TABLE tb_post_tag IS 'Which post is filed under which tag.';
CREATE INDEX tb_post_tag_tag_id ON tb_post_tag (tag_id);

-- A stored document: the shape a front page needs, made when something changes and read as it is.
CREATE TABLE tv_post_summary (
    id   uuid  PRIMARY KEY REFERENCES tb_post (id),
    data jsonb NOT NULL
);
CREATE INDEX tv_post_summary_data ON tv_post_summary USING gin (data jsonb_path_ops);
