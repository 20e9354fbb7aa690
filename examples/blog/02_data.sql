-- Rows by arithmetic only: every run, on every machine, in every time zone, gives the same ones.

-- A version 8 UUID ("made in a way of one's own") from a text.
CREATE FUNCTION example_uuid(source text) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT overlay(overlay(md5(source) PLACING '8' FROM 13) PLACING 'a' FROM 17)::uuid
$$;

INSERT INTO tb_tenant (id, identifier, name)
SELECT example_uuid('tenant ' || n), lower(name), name || ' House'
FROM unnest(ARRAY['North', 'East', 'South', 'West', 'Middle']) WITH ORDINALITY AS house (name, n)
ORDER BY n;

INSERT INTO tb_user (id, identifier, name, email, bio, reputation, balance, created_at)
SELECT example_uuid('user ' || n),
       format('user-%s', n),
       first.name || ' ' || last.name,
       format('user%s@example.org', n),
       CASE WHEN n % 3 <> 0 THEN format('Writes about "%s" & more.', subject.name) END,
       (n * 7919) % 1000,
       ((n * 104729) % 1000000) / 100.0,
       timestamptz '2023-01-01 08:00:00+00' + n * interval '17 hours 11 minutes'
FROM generate_series(1, 250) AS n
CROSS JOIN LATERAL (SELECT (ARRAY['Ada', 'Bjørn', 'Chloë', 'Dmitri', 'Élise', 'Fatima', 'Grace', 'Hiro', 'Ingrid', 'José',
    'Kofi', 'Łucja', 'Mei', 'Nadia', 'Omar', 'Priya', 'Quentin', 'Rosa', 'Søren', 'Tariq'])[1 + n % 20] AS name) AS first
CROSS JOIN LATERAL (SELECT (ARRAY['Almeida', 'Brontë', 'Castillo', 'Dvořák', 'Eriksson', 'Fischer', 'García', 'Haddad',
    'Ivanova', 'Jansen', 'Kowalski', 'Lindqvist', 'Müller', 'Nakamura', 'O''Neill', 'Petrov', 'Quispe'])[1 + n % 17] AS name) AS last
CROSS JOIN LATERAL (SELECT (ARRAY['databases', 'gardens', 'bread', 'maps', 'trains', 'music', 'chess'])[1 + n % 7] AS name) AS subject
ORDER BY n;

INSERT INTO tb_tag (id, identifier, name, description)
SELECT example_uuid('tag ' || n), lower(name), name, CASE WHEN n % 4 <> 0 THEN format('All about %s.', lower(name)) END
FROM unnest(ARRAY['PostgreSQL', 'GraphQL', 'Go', 'Linux', 'Networks', 'Security', 'Testing', 'Design', 'Music', 'Films',
    'Books', 'Travel', 'Trains', 'Maps', 'Bread', 'Coffee', 'Gardens', 'Birds', 'Chess', 'Running',
    'History', 'Physics', 'Weather', 'Sailing']) WITH ORDINALITY AS tag (name, n)
ORDER BY n;

-- The last twenty people have written nothing: an empty list is a case too.
INSERT INTO tb_post (id, identifier, author_id, title, body, status, keywords, metadata, rating, published_at, created_at, tenant_id)
SELECT example_uuid('post ' || n),
       format('%s-%s', lower(translate(subject.name, ' ', '-')), n),
       author.id,
       format('%s %s', opening.words, subject.name),
       format(E'On %s.\n\nA first paragraph with a tab\there, a backslash \\ there and "quotes" around.\n\nNumber %s ends — with a dash.',
              subject.name, n),
       status.label,
       (ARRAY['intro', 'howto', 'opinion', 'news', 'review'])[1 + n % 3 : n % 7],
       jsonb_build_object('reading_minutes', 1 + n % 12, 'pinned', n % 100 = 0,
                          'source', CASE WHEN n % 6 = 0 THEN format('https://example.org/source/%s', n) END),
       CASE WHEN n % 5 <> 0 THEN ((n * 37) % 401 + 100) / 100.0 END,
       CASE WHEN status.label <> 'draft' THEN written.at + interval '26 hours' END,
       written.at,
       example_uuid('tenant ' || 1 + author.pk_user / 10 % 5)
FROM generate_series(1, 1200) AS n
CROSS JOIN LATERAL (SELECT (CASE n % 10 WHEN 0 THEN 'draft' WHEN 1 THEN 'archived' ELSE 'published' END)::post_status AS label) AS status
CROSS JOIN LATERAL (SELECT timestamptz '2024-01-01 06:30:00+00' + n * interval '9 hours 7 minutes' AS at) AS written
CROSS JOIN LATERAL (SELECT (ARRAY['A short guide to', 'Why I like', 'Ten mistakes with', 'The past of', 'The future of',
    '50% less effort with', 'Notes on'])[1 + n % 7] AS words) AS opening
CROSS JOIN LATERAL (SELECT (ARRAY['views', 'connection pools', 'indexes', 'sourdough', 'night trains', 'old maps', 'tea',
    'rivers', 'round trips', 'slow queries', 'the café'])[1 + n % 11] AS name) AS subject
JOIN tb_user AS author ON author.pk_user = 1 + (n * 7919) % 230
ORDER BY n;

-- None to five tags for each post.
INSERT INTO tb_post_tag (post_id, tag_id)
SELECT post.id, tag.id
FROM tb_post AS post
CROSS JOIN generate_series(1, 5) AS k
JOIN tb_tag AS tag ON tag.pk_tag = 1 + (post.pk_post * 5 + k * 7) % 24
WHERE k <= post.pk_post % 6
ORDER BY post.pk_post, k;

-- Older posts have more comments, the last hundred none. Every fourth comment answers the one before it under the same post.
INSERT INTO tb_comment (id, identifier, post_id, author_id, parent_id, body, created_at)
SELECT example_uuid('comment ' || n),
       format('comment-%s', n),
       post.id,
       author.id,
       CASE WHEN n % 4 = 0 THEN lag(example_uuid('comment ' || n)) OVER (PARTITION BY post.pk_post ORDER BY n) END,
       (ARRAY['I agree.', 'Thank you!', 'Is this still true?', 'Well said — 100%.', E'Two lines:\nthis is the second.',
              'See also "the other one".', '👍 with an emoji', 'I do not think so…'])[1 + n % 8],
       post.created_at + interval '30 hours' + (n % 500) * interval '13 minutes'
FROM generate_series(1, 5000) AS n
JOIN tb_post AS post ON post.pk_post = 1 + (n * 7907 % 1100) * (1 + n % 3) / 3
JOIN tb_user AS author ON author.pk_user = 1 + (n * 3571) % 250
ORDER BY n;

INSERT INTO tv_post_summary (id, data)
SELECT post.id,
       jsonb_build_object(
           'id', post.id,
           'title', post.title,
           'rating', post.rating,
           'published_at', to_char(post.published_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
           'comment_count', (SELECT count(*) FROM tb_comment AS comment WHERE comment.post_id = post.id),
           'author', jsonb_build_object('id', author.id, 'name', author.name, 'handle', author.identifier),
           'tags', coalesce((SELECT jsonb_agg(jsonb_build_object('name', tag.name, 'slug', tag.identifier) ORDER BY tag.pk_tag)
                             FROM tb_post_tag AS link JOIN tb_tag AS tag ON tag.id = link.tag_id
                             WHERE link.post_id = post.id), '[]'))
FROM tb_post AS post
JOIN tb_user AS author ON author.id = post.author_id
WHERE post.status = 'published'
ORDER BY post.pk_post;

DROP FUNCTION example_uuid(text);

ANALYZE tb_tenant, tb_user, tb_post, tb_comment, tb_tag, tb_post_tag, tv_post_summary;
