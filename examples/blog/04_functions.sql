-- What the API changes. Each function tells how it fared by a status; what it wrote stays only when that is a success.

CREATE TYPE mutation_response AS (
    status         text,
    message        text,
    entity_id      uuid,
    entity_type    text,
    entity         jsonb,
    updated_fields text[],
    cascade        jsonb,
    metadata       jsonb
);

-- What clients send. A composite type only describes the document: the functions take it as jsonb.
CREATE TYPE type_create_user_input AS (name text, email text, bio text);
COMMENT ON COLUMN type_create_user_input.name IS '@fraiseql:field type=String! description=Full name.';
COMMENT ON COLUMN type_create_user_input.email IS '@fraiseql:field type=String! description=Where to write to.';
CREATE TYPE type_create_post_input AS (author_id uuid, title text, body text, keywords text[], metadata jsonb);
COMMENT ON COLUMN type_create_post_input.author_id IS '@fraiseql:field type=UUID!';
COMMENT ON COLUMN type_create_post_input.title IS '@fraiseql:field type=String!';
COMMENT ON COLUMN type_create_post_input.body IS '@fraiseql:field type=String!';

-- Clients are told these instead of PostgreSQL's own words.
COMMENT ON CONSTRAINT tb_user_email_key ON tb_user IS 'Somebody has that address already.';
COMMENT ON CONSTRAINT tb_post_author_id_fkey ON tb_post IS 'There is no such author.';

-- A readable key from a text: "Ada Almeida" becomes ada-almeida-1b9d6bcd.
CREATE FUNCTION readable(source text, id uuid) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT trim(BOTH '-' FROM regexp_replace(lower(source), '[^a-z0-9]+', '-', 'g')) || '-' || left(id::text, 8)
$$;

CREATE FUNCTION fn_create_user(input jsonb) RETURNS mutation_response LANGUAGE plpgsql AS $$
DECLARE
    new_id uuid := gen_random_uuid();
    result mutation_response;
BEGIN
    IF position('@' IN input->>'email') = 0 THEN
        result.status := 'validation:email';
        result.message := 'This is not an address.';
        result.metadata := jsonb_build_object('errors', jsonb_build_array(jsonb_build_object(
            'code', 422, 'identifier', 'email', 'message', 'An address has an @.', 'details', jsonb_build_object('field', 'email'))));
        RETURN result;
    END IF;
    INSERT INTO tb_user (id, identifier, name, email, bio, created_at)
    VALUES (new_id, readable(input->>'name', new_id), input->>'name', input->>'email', input->>'bio', now());
    result.status := 'created';
    result.message := 'Welcome.';
    result.entity_id := new_id;
    result.entity_type := 'User';
    RETURN result;
END
$$;
COMMENT ON FUNCTION fn_create_user IS '@fraiseql:mutation
name: createUser
description: Opens an account.
input_type: type_create_user_input
success_type: User';

CREATE FUNCTION fn_create_post(input jsonb) RETURNS mutation_response LANGUAGE plpgsql AS $$
DECLARE
    new_id uuid := gen_random_uuid();
    result mutation_response;
BEGIN
    INSERT INTO tb_post (id, identifier, author_id, title, body, keywords, metadata, created_at)
    VALUES (new_id, readable(input->>'title', new_id), (input->>'author_id')::uuid, input->>'title', input->>'body',
            coalesce((SELECT array_agg(word) FROM jsonb_array_elements_text(nullif(input->'keywords', 'null')) AS word), '{}'),
            coalesce(nullif(input->'metadata', 'null'), '{}'), now());
    result.status := 'created';
    result.entity_id := new_id;
    result.entity_type := 'Post';
    result.cascade := jsonb_build_object(
        'updated', jsonb_build_array(jsonb_build_object('__typename', 'User', 'id', input->>'author_id', 'operation', 'UPDATED')),
        'invalidations', jsonb_build_array(jsonb_build_object('query_name', 'posts', 'strategy', 'INVALIDATE', 'scope', 'PREFIX')));
    RETURN result;
END
$$;
COMMENT ON FUNCTION fn_create_post IS '@fraiseql:mutation
name: createPost
description: Begins a draft.
input_type: type_create_post_input
success_type: Post';

-- Typed arguments do as well as a document.
CREATE FUNCTION fn_publish_post(id uuid) RETURNS mutation_response LANGUAGE plpgsql AS $$
DECLARE
    found_status post_status;
    result mutation_response;
BEGIN
    SELECT post.status INTO found_status FROM tb_post AS post WHERE post.id = fn_publish_post.id FOR UPDATE;
    result.entity_id := fn_publish_post.id;
    IF found_status IS NULL THEN
        result.status := 'not_found:post';
        result.message := 'There is no such post.';
    ELSIF found_status = 'published' THEN
        result.status := 'noop:published';
        result.message := 'It is published already.';
    ELSE
        UPDATE tb_post AS post SET status = 'published', published_at = now() WHERE post.id = fn_publish_post.id;
        result.status := 'updated';
        result.entity_type := 'Post';
        result.updated_fields := ARRAY['status', 'publishedAt'];
    END IF;
    RETURN result;
END
$$;
COMMENT ON FUNCTION fn_publish_post IS '@fraiseql:mutation
name: publishPost
description: Shows a draft to everybody.
success_type: Post';

CREATE FUNCTION fn_delete_post(id uuid) RETURNS mutation_response LANGUAGE plpgsql AS $$
DECLARE
    result mutation_response;
BEGIN
    DELETE FROM tb_comment AS comment WHERE comment.post_id = fn_delete_post.id;
    DELETE FROM tb_post_tag AS link WHERE link.post_id = fn_delete_post.id;
    DELETE FROM tv_post_summary AS summary WHERE summary.id = fn_delete_post.id;
    DELETE FROM tb_post AS post WHERE post.id = fn_delete_post.id;
    IF NOT FOUND THEN
        result.status := 'not_found:post';
        result.message := 'There is no such post.';
    ELSE
        result.status := 'deleted';
        result.entity_type := 'Post';
        result.entity_id := fn_delete_post.id;
    END IF;
    RETURN result;
END
$$;
COMMENT ON FUNCTION fn_delete_post IS '@fraiseql:mutation
name: deletePost
description: Removes a post and all that hangs on it.
success_type: Post';
