// Sends queries by their hashes with Apollo Client's link for persisted queries, and prints what went over the wire and what
// came back: node persisted.mjs URL get|post QUERY TIMES
import { createHash } from 'node:crypto';
import { ApolloClient, HttpLink, InMemoryCache, gql } from '@apollo/client/core';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';

const [url, way, query, times] = process.argv.slice(2);
const sent = [];
const logged = async (uri, init) => {
  const response = await fetch(uri, init);
  const text = init.method === 'GET' ? new URL(uri).searchParams.get('query') : JSON.parse(init.body).query;
  sent.push({ method: init.method, text: Boolean(text), status: response.status });
  return response;
};
const hashing = new PersistedQueryLink({
  sha256: (text) => createHash('sha256').update(text).digest('hex'),
  useGETForHashedQueries: way === 'get',
});
const client = new ApolloClient({ link: hashing.concat(new HttpLink({ uri: url, fetch: logged })), cache: new InMemoryCache() });
const answers = [];
for (let i = 0; i < Number(times); i++) {
  const { data, error } = await client.query({ query: gql(query), fetchPolicy: 'no-cache', errorPolicy: 'all' });
  answers.push(error ? String(error.message) : data);
}
client.stop();
console.log(JSON.stringify({ sent, answers }));
