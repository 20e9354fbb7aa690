// What an app that uses Relay writes: relay-compiler reads it and makes the artifacts, in which it knows the connection.
import { graphql } from 'relay-runtime';

export const Comments = graphql`
  fragment pages_comments on Query
  @argumentDefinitions(count: { type: "Int", defaultValue: 10 }, cursor: { type: "String" }, orderBy: { type: "[CommentOrderByInput!]" })
  @refetchable(queryName: "pagesCommentsPaginationQuery") {
    commentsConnection(first: $count, after: $cursor, orderBy: $orderBy) @connection(key: "pages_commentsConnection", filters: ["orderBy"]) {
      edges { node { id body author { name } } }
      totalCount
    }
  }
`;

export const Page = graphql`
  query pagesQuery($orderBy: [CommentOrderByInput!]) {
    ...pages_comments @arguments(orderBy: $orderBy)
  }
`;

export const Back = graphql`
  query pagesBackQuery($last: Int!, $before: String) {
    postsConnection(last: $last, before: $before) @connection(key: "pagesBack_postsConnection") {
      edges { cursor node { title } }
      pageInfo { hasPreviousPage startCursor }
    }
  }
`;
