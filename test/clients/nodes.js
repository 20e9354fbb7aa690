// What an app that uses Relay writes about single rows: fragments that are fetched again by the global id.
import { graphql } from 'relay-runtime';

export const Tag = graphql`
  fragment nodes_tag on Tag @refetchable(queryName: "nodesTagRefetchQuery") { name }
`;

export const Anything = graphql`
  fragment nodes_any on Node @refetchable(queryName: "nodesAnyRefetchQuery") { __typename ... on Tag { name } ... on Post { title author { name } } }
`;

export const Tags = graphql`
  query nodesTagsQuery { tags(limit: 2) { ...nodes_tag ...nodes_any } }
`;
