// What an app in TypeScript does with the documents that graphql-codegen types. It is compiled and never run.
import type { ResultOf, VariablesOf } from "@graphql-typed-document-node/core";
import { graphql } from "./gql";
import { OrderDirection, PostStatus } from "./gql/graphql";

const posts = graphql(`
  query Posts($where: PostWhereInput, $orderBy: [PostOrderByInput!], $limit: Int = 3) {
    posts(where: $where, orderBy: $orderBy, limit: $limit) {
      id
      title
      status
      publishedAt
      author { name }
    }
    postsConnection(first: 1) { edges { cursor node { id } } pageInfo { hasNextPage endCursor } totalCount }
    postsAggregate { count }
  }
`);

const create = graphql(`
  mutation Create($input: CreateUserInput!) {
    createUser(input: $input) {
      __typename
      ... on CreateUserSuccess { status user { id name } }
      ... on CreateUserError { code message errors { identifier } }
    }
  }
`);

export const asked: VariablesOf<typeof posts> = {
  where: { title: { icontains: "index" }, status: { eq: PostStatus.Published }, author: { name: { startsWith: "A" } } },
  orderBy: [{ title: OrderDirection.Desc }],
};

export function titles(answer: ResultOf<typeof posts>): string[] {
  const total: number | undefined = answer.postsConnection?.totalCount;
  return (answer.posts ?? []).map((post) => {
    const title: string = post.title;
    const published: string | null | undefined = post.publishedAt;
    const draft: boolean = post.status === PostStatus.Draft;
    return `${post.id} ${title} ${post.author?.name} ${published} ${draft} ${total}`;
  });
}

export function told(answer: ResultOf<typeof create>): string {
  const made = answer.createUser;
  switch (made?.__typename) {
    case "CreateUserSuccess":
      return made.user?.name ?? made.status;
    case "CreateUserError":
      return `${made.code.toFixed(0)} ${made.message}`;
  }
  return "";
}
