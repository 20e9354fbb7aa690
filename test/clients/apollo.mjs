// Pages through a connection by Apollo Client, whose cache joins the pages by relayStylePagination, and prints the ids in
// the order in which the cache holds them: node apollo.mjs URL forwards|backwards SIZE ORDERBY
import { ApolloClient, HttpLink, InMemoryCache, gql } from '@apollo/client/core';
import { relayStylePagination } from '@apollo/client/utilities';

const [url, way, size, order] = process.argv.slice(2);
const backwards = way === 'backwards';

const client = new ApolloClient({
  link: new HttpLink({ uri: url }),
  cache: new InMemoryCache({ typePolicies: { Query: { fields: { commentsConnection: relayStylePagination(['orderBy']) } } } }),
});

const query = gql`
  query Pages($first: Int, $after: String, $last: Int, $before: String, $orderBy: [CommentOrderByInput!]) {
    commentsConnection(first: $first, after: $after, last: $last, before: $before, orderBy: $orderBy) {
      edges { cursor node { id } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      totalCount
    }
  }`;

const page = (cursor) => ({
  orderBy: JSON.parse(order),
  ...(backwards ? { last: Number(size), before: cursor } : { first: Number(size), after: cursor }),
});

let { data } = await client.query({ query, variables: page() });
const pages = client.watchQuery({ query, variables: page() }); // from the cache
const subscription = pages.subscribe(() => {});
let turns = 1;
for (;;) {
  const info = data.commentsConnection.pageInfo;
  if (backwards ? !info.hasPreviousPage : !info.hasNextPage) break;
  if (++turns > 10000) throw new Error('the pages have no end');
  await pages.fetchMore({ variables: page(backwards ? info.startCursor : info.endCursor) });
  data = client.readQuery({ query, variables: page() });
}
subscription.unsubscribe();
client.stop();
console.log(JSON.stringify({ turns, total: data.commentsConnection.totalCount, ids: data.commentsConnection.edges.map((e) => e.node.id) }));
