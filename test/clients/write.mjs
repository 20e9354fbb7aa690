// Writes a blog as its people do, by Apollo Client: an account without signing in, then a draft, its publication and its removal
// by somebody of one house, while somebody of another and somebody without a token look on. Prints what each was told:
// node write.mjs URL TOKEN OTHER_TOKEN
import { ApolloClient, HttpLink, InMemoryCache, gql } from '@apollo/client/core';

const [url, token, otherToken] = process.argv.slice(2);

const connect = (bearer) => new ApolloClient({
  link: new HttpLink({ uri: url, headers: bearer ? { authorization: `Bearer ${bearer}` } : {} }),
  cache: new InMemoryCache(),
  defaultOptions: { mutate: { errorPolicy: 'all' } },
});
const us = connect(token);
const them = connect(otherToken);
const nobody = connect();

const CREATE_USER = gql`
  mutation SignUp($input: CreateUserInput!) {
    createUser(input: $input) {
      ... on CreateUserSuccess { status message user { id name email } }
      ... on CreateUserError { status code message errors { identifier message details } }
    }
  }`;
const CREATE_POST = gql`
  mutation Write($input: CreatePostInput!) {
    createPost(input: $input) {
      ... on CreatePostSuccess {
        status
        post { id title status author { id postsAggregate { count } } }
        cascade { updated { type id operation } invalidations { queryName } }
      }
      ... on CreatePostError { code message }
    }
  }`;
const PUBLISH_POST = gql`
  mutation Publish($id: UUID!) {
    publishPost(input: { id: $id }) {
      ... on PublishPostSuccess { updatedFields post { id status publishedAt } }
      ... on PublishPostError { code message }
    }
  }`;
const DELETE_POST = gql`
  mutation Remove($id: UUID!) {
    deletePost(input: { id: $id }) {
      ... on DeletePostSuccess { status id post { id } }
      ... on DeletePostError { code message }
    }
  }`;
const POST = gql`query Post($id: ID!) { post(id: $id) { id title status } }`;
const USER = gql`query User($id: ID!) { user(id: $id) { id postsAggregate { count } } }`;
const USERS = gql`query Users { users(limit: 3) { id name } }`;

const said = {};
const told = (result) => ({ data: result.data, errors: errorsOf(result).map((e) => ({ message: e.message, code: e.extensions?.code, field: e.extensions?.field })) });
const errorsOf = (result) => result.errors ?? result.error?.errors ?? [];
const look = async (client, id) => (await client.query({ query: POST, variables: { id }, fetchPolicy: 'network-only' })).data.post;

said.users = (await nobody.query({ query: USERS })).data.users.length;

said.signUp = told(await nobody.mutate({ mutation: CREATE_USER, variables: { input: { name: 'Ada Byron', email: 'ada.byron@example.org' } } }));
const author = said.signUp.data.createUser.user.id;
said.badAddress = told(await nobody.mutate({ mutation: CREATE_USER, variables: { input: { name: 'Bob', email: 'nowhere' } } }));
said.takenAddress = told(await nobody.mutate({ mutation: CREATE_USER, variables: { input: { name: 'Eve', email: 'ada.byron@example.org' } } }));

const input = { authorId: author, title: 'On engines', body: '…' };
said.unsigned = told(await nobody.mutate({ mutation: CREATE_POST, variables: { input } }));
await us.query({ query: USER, variables: { id: author } });
said.draft = told(await us.mutate({ mutation: CREATE_POST, variables: { input } }));
const { id } = said.draft.data.createPost.post;
// The entity of the answer has brought the cache up to date, without another request.
said.cachedCount = us.readQuery({ query: USER, variables: { id: author } }).user.postsAggregate.count;
said.draftSeen = [await look(us, id), await look(them, id), await look(nobody, id)].map((post) => post?.status ?? null);

said.publishedByThem = told(await them.mutate({ mutation: PUBLISH_POST, variables: { id } }));
said.published = told(await us.mutate({ mutation: PUBLISH_POST, variables: { id } }));
said.cachedStatus = us.readQuery({ query: POST, variables: { id } }).post.status;
said.publishedSeen = [await look(us, id), await look(them, id), await look(nobody, id)].map((post) => post?.status ?? null);
said.publishedAgain = told(await us.mutate({ mutation: PUBLISH_POST, variables: { id } }));

said.deletedByThem = told(await them.mutate({ mutation: DELETE_POST, variables: { id } }));
said.deleted = told(await us.mutate({
  mutation: DELETE_POST,
  variables: { id },
  update: (cache) => { cache.evict({ id: cache.identify({ __typename: 'Post', id }) }); cache.gc(); },
}));
said.deletedCached = us.readQuery({ query: POST, variables: { id } })?.post ?? null;
said.deletedSeen = [await look(us, id), await look(them, id), await look(nobody, id)].map((post) => post?.status ?? null);

for (const client of [us, them, nobody]) client.stop();
console.log(JSON.stringify(said));
