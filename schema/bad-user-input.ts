import { GraphQLError } from 'graphql'

/** An argument that the schema's types allow but the field does not: a top-level error that is shown as it is. */
export function badUserInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } })
}
