-- What the API shows. A view of plain columns is the fast shape: columns that a query does not select cost nothing.

CREATE VIEW v_user AS
SELECT id, identifier, name, email, bio, reputation, balance, created_at FROM tb_user;
COMMENT ON VIEW v_user IS '@fraiseql:type
name: User
description: A person who writes posts and comments.
key: [id]
relations:
  posts: {to: Post, by: {id: author_id}, many: true}
  comments: {to: Comment, by: {id: author_id}, many: true}
  card: {to: UserCard, by: {id: id}}';
COMMENT ON COLUMN v_user.id IS 'Public key.';
COMMENT ON COLUMN v_user.identifier IS 'Readable key, as it stands in addresses.';
COMMENT ON COLUMN v_user.name IS 'Full name.';
COMMENT ON COLUMN v_user.email IS 'Where to write to.';
COMMENT ON COLUMN v_user.bio IS 'A line about the person, if there is one.';
COMMENT ON COLUMN v_user.reputation IS 'Points given by readers, 0 to 999.';
COMMENT ON COLUMN v_user.balance IS 'Tips received, exact to the cent.';
COMMENT ON COLUMN v_user.created_at IS 'When the account was opened.';

CREATE VIEW v_post AS
SELECT id, identifier, title, body, status, keywords, metadata, rating, published_at, created_at, author_id FROM tb_post;
COMMENT ON VIEW v_post IS '@fraiseql:type
name: Post
description: An article.
key: [id]
relations:
  author: {to: User, by: {author_id: id}}
  comments: {to: Comment, by: {id: post_id}, many: true}
  tags: {to: PostTag, by: {id: post_id}, many: true}
  summary: {to: PostSummary, by: {id: id}}';
COMMENT ON COLUMN v_post.id IS 'Public key.';
COMMENT ON COLUMN v_post.identifier IS 'Readable key, as it stands in addresses.';
COMMENT ON COLUMN v_post.title IS 'Headline.';
COMMENT ON COLUMN v_post.body IS 'The text, in paragraphs.';
COMMENT ON COLUMN v_post.status IS 'How far the post has come.';
COMMENT ON COLUMN v_post.keywords IS 'What kind of article it is.';
COMMENT ON COLUMN v_post.metadata IS 'Whatever else is known: reading_minutes, pinned, source.';
COMMENT ON COLUMN v_post.rating IS 'Mean of the readers'' marks, 1.00 to 5.00; null before the first.';
COMMENT ON COLUMN v_post.published_at IS 'When it went public; null while it is a draft.';
COMMENT ON COLUMN v_post.created_at IS 'When it was begun.';
COMMENT ON COLUMN v_post.author_id IS 'Who wrote it.';

CREATE VIEW v_comment AS
SELECT id, identifier, body, created_at, post_id, author_id, parent_id FROM tb_comment;
COMMENT ON VIEW v_comment IS '@fraiseql:type
name: Comment
description: What a reader says below a post.
key: [id]
relations:
  post: {to: Post, by: {post_id: id}}
  author: {to: User, by: {author_id: id}}
  parent: {to: Comment, by: {parent_id: id}}
  replies: {to: Comment, by: {id: parent_id}, many: true}';
COMMENT ON COLUMN v_comment.id IS 'Public key.';
COMMENT ON COLUMN v_comment.identifier IS 'Readable key.';
COMMENT ON COLUMN v_comment.body IS 'The text.';
COMMENT ON COLUMN v_comment.created_at IS 'When it was written.';
COMMENT ON COLUMN v_comment.post_id IS 'The post it stands below.';
COMMENT ON COLUMN v_comment.author_id IS 'Who wrote it.';
COMMENT ON COLUMN v_comment.parent_id IS 'The comment it answers; null for a first word.';

CREATE VIEW v_tag AS
SELECT id, identifier, name, description FROM tb_tag;
COMMENT ON VIEW v_tag IS '@fraiseql:type
name: Tag
description: A subject that posts are filed under.
key: [id]
relations:
  posts: {to: TagPost, by: {id: tag_id}, many: true}';
COMMENT ON COLUMN v_tag.id IS 'Public key.';
COMMENT ON COLUMN v_tag.identifier IS 'Readable key, as it stands in addresses.';
COMMENT ON COLUMN v_tag.name IS 'The subject.';
COMMENT ON COLUMN v_tag.description IS 'What belongs here.';

-- The two sides of the link between posts and tags. Each shows the columns of the far side, so that
-- { posts { tags { name } } } and { tags { posts { title } } } read as if there were no link; neither has a query of its own.
CREATE VIEW v_post_tag AS
SELECT link.post_id, tag.id, tag.identifier, tag.name, tag.description
FROM tb_post_tag AS link JOIN tb_tag AS tag ON tag.id = link.tag_id;
COMMENT ON VIEW v_post_tag IS '@fraiseql:type
name: PostTag
description: A tag as one post bears it.
key: [post_id, id]
queries: {one: false, list: false, connection: false, aggregate: false, groups: false}
relations:
  tag: {to: Tag, by: {id: id}}';
COMMENT ON COLUMN v_post_tag.post_id IS 'The post that bears the tag.';
COMMENT ON COLUMN v_post_tag.id IS 'Public key of the tag.';

CREATE VIEW v_tag_post AS
SELECT link.tag_id, post.id, post.identifier, post.title, post.status, post.rating, post.published_at, post.author_id
FROM tb_post_tag AS link JOIN tb_post AS post ON post.id = link.post_id;
COMMENT ON VIEW v_tag_post IS '@fraiseql:type
name: TagPost
description: A post as it is filed under one tag.
key: [tag_id, id]
queries: {one: false, list: false, connection: false, aggregate: false, groups: false}
relations:
  post: {to: Post, by: {id: id}}
  author: {to: User, by: {author_id: id}}';
COMMENT ON COLUMN v_tag_post.tag_id IS 'The tag that the post is filed under.';
COMMENT ON COLUMN v_tag_post.id IS 'Public key of the post.';

COMMENT ON TABLE tv_post_summary IS '@fraiseql:type
name: PostSummary
description: A published post as a front page shows it, stored as one document.
document: data
key: [id]
fields:
  id: ID!
  title: String!
  rating: Decimal
  published_at: DateTime
  comment_count: Int!
  author: {id: ID!, name: String!, handle: String!}
  tags: [{name: String!, slug: String!}]
relations:
  post: {to: Post, by: {id: id}}
queries: {one: postSummary, list: postSummaries}';

-- A document made while it is read. It is the slow shape, here to show that it works.
CREATE VIEW v_user_card AS
SELECT person.id,
       jsonb_build_object(
           'id', person.id,
           'name', person.name,
           'handle', person.identifier,
           'post_count', (SELECT count(*) FROM tb_post AS post WHERE post.author_id = person.id),
           'contact', jsonb_build_object('email', person.email),
           'latest_posts', coalesce((
               SELECT jsonb_agg(jsonb_build_object('id', latest.id, 'title', latest.title) ORDER BY latest.created_at DESC, latest.id)
               FROM (SELECT post.id, post.title, post.created_at FROM tb_post AS post
                     WHERE post.author_id = person.id ORDER BY post.created_at DESC, post.id LIMIT 3) AS latest), '[]')
       ) AS data
FROM tb_user AS person;
COMMENT ON VIEW v_user_card IS '@fraiseql:type
name: UserCard
description: A person with the latest three posts, as one document.
document: data
key: [id]
fields:
  id: ID!
  name: String!
  handle: String!
  post_count: Int!
  contact: {email: String!}
  latest_posts: [{id: ID!, title: String!}]';
