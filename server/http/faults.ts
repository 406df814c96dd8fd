import { randomUUID } from 'node:crypto'

import { GraphQLError } from 'graphql'
import type { Logger } from 'pino'

/**
 * What clients see of an error: those made for them as they are, everything else as a fault with an id that is in the log beside
 * the cause.
 */
export function maskFaults(log: Logger) {
  return (error: unknown): GraphQLError => {
    if (isForClients(error)) return error
    const faultId = randomUUID().slice(0, 8)
    const located = error instanceof GraphQLError ? error : undefined
    log.error({ err: located?.originalError ?? error, faultId, path: located?.path }, 'fault')
    return new GraphQLError(`Something went wrong on our side. The log has the cause under fault ${faultId}.`, {
      extensions: { code: 'INTERNAL', faultId },
      ...(located?.nodes && { nodes: located.nodes }),
      ...(located?.path && { path: located.path }),
    })
  }
}

/** An error of GraphQL itself, or one thrown as such by a resolver; another that was wrapped on its way is not. */
function isForClients(error: unknown): error is GraphQLError {
  if (!(error instanceof Error) || error.name !== 'GraphQLError') return false
  const cause = (error as GraphQLError).originalError ?? error.cause
  return cause === undefined || cause === null || isForClients(cause)
}
