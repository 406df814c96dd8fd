import { Client, cacheExchange, fetchExchange, mapExchange, subscriptionExchange } from '@urql/core'
import { initGraphQLTada } from 'gql.tada'

import type { Connection } from './connection.ts'
import type { introspection } from './graphql-env.d.ts'
import { watchForgettings } from './known-forgettings.ts'
import { askLateAnswersAgain } from './late-answers.ts'
import { watchResume } from './resume-after.ts'
import type { Session } from './session.ts'

/** Documents are checked against schema/schema.graphql; their types come from it and from nowhere else. */
export const graphql = initGraphQLTada<{ introspection: introspection; scalars: { DateTime: string; JSON: unknown } }>()

/** Queries and mutations by POST, subscriptions over the tab's one WebSocket. A 401 locks the session, which shows the login. */
export function createApiClient(connection: Connection, session: Session): Client {
  const forgettings = watchForgettings()
  return new Client({
    url: '/graphql',
    preferGetMethod: false,
    fetch: connection.fetch,
    // Shows what is known at once and asks again: what is on the screen may have changed meanwhile.
    requestPolicy: 'cache-and-network',
    fetchOptions: { headers: { 'x-graphql-yoga-csrf': '1' } },
    exchanges: [
      mapExchange({
        onError(error) {
          if (isUnauthorized(error.response)) session.lock()
        },
      }),
      cacheExchange,
      askLateAnswersAgain(forgettings.known),
      fetchExchange,
      subscriptionExchange({
        forwardSubscription(request) {
          const resumable = watchResume({ query: request.query ?? '', variables: { ...request.variables } })
          return {
            subscribe: (sink) => ({
              unsubscribe: connection.subscribe(resumable.payload, {
                next({ data, errors }) {
                  resumable.saw(data)
                  if (forgettings.isKnown(data)) return
                  sink.next({ data, errors: errors?.map(({ message }) => ({ message })) })
                },
                error: (reason) => sink.error(reason),
                complete() {
                  // A stream that ends before its first message would end without a word to whoever listens.
                  sink.next({ data: null, hasNext: false })
                  sink.complete()
                },
              }),
            }),
          }
        },
      }),
    ],
  })
}

function isUnauthorized(response: unknown): boolean {
  return response instanceof Response && response.status === 401
}
