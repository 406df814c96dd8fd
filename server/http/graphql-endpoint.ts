import { useCSRFPrevention } from '@graphql-yoga/plugin-csrf-prevention'
import { type ExecutionArgs, NoSchemaIntrospectionCustomRule } from 'graphql'
import { createYoga, type Plugin } from 'graphql-yoga'
import type { Logger } from 'pino'

import { type Context, createLoaders } from '../../schema/context.ts'
import { schema } from '../../schema/index.ts'
import type { Viewer } from '../../schema/live-feed.ts'
import { createSharedSubscribe } from '../live/shared-results.ts'
import { maskFaults } from './faults.ts'
import { costRefusal, limitQueries, queryLimits } from './query-limits.ts'

/** A start mutation may bring 100,000 URLs along. */
const maxRequestBytes = 8_000_000

/** What a request brings with it: who sent it. */
export interface ServerContext {
  viewer: Viewer
}

export type GraphqlEndpoint = ReturnType<typeof createGraphqlEndpoint>

/**
 * GraphQL over HTTP and server-sent events at /graphql; the WebSocket executes through the same plugins. `subscribe` does what they do
 * for subscriptions, without a layer of theirs around each result.
 */
export function createGraphqlEndpoint(options: {
  context: Omit<Context, 'viewer' | 'loaders'>
  introspection: boolean
  log: Logger
}) {
  const { context, introspection, log } = options
  const maskError = maskFaults(log)
  const subscribe = createSharedSubscribe(maskError)
  const yoga = createYoga<ServerContext, Context>({
    schema,
    graphqlEndpoint: '/graphql',
    graphiql: false,
    landingPage: false,
    cors: false,
    multipart: false,
    batching: false,
    maxRequestBodySize: maxRequestBytes,
    maskedErrors: { maskError },
    // What is worth it is logged where errors are masked.
    logging: false,
    context: ({ viewer }) => ({ ...context, viewer, loaders: createLoaders(context.engine.db, viewer) }),
    plugins: [
      useCSRFPrevention({ requestHeaders: ['x-graphql-yoga-csrf', 'graphql-require-preflight'] }),
      limitQueries(queryLimits),
      sharing(subscribe),
      ...(introspection ? [] : [withoutIntrospection]),
    ],
  })
  return Object.assign(yoga, {
    async subscribe(args: ExecutionArgs) {
      const refusal = costRefusal(queryLimits, args)
      return refusal ? { errors: [refusal] } : subscribe(args)
    },
  })
}

function sharing(subscribe: ReturnType<typeof createSharedSubscribe>): Plugin {
  return { onSubscribe: ({ setSubscribeFn }) => setSubscribeFn(subscribe) }
}

const withoutIntrospection: Plugin = {
  onValidate({ addValidationRule }) {
    addValidationRule(NoSchemaIntrospectionCustomRule)
  },
}
