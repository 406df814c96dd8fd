// Stock graphql-ws: its own server over ws, plain subscribe, the same schema, what is published goes to all subscribers.
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

import { buildSchema } from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'

import type { ServerRequest } from '../live/messages.ts'
import { usage } from '../live/usage.ts'

const schema = buildSchema(readFileSync(join(import.meta.dirname, '../../../schema/schema.graphql'), 'utf8'))
const subscribers = new Set<(item: unknown) => void>()
const field = schema.getSubscriptionType()!.getFields()['jobEvents']!
field.subscribe = follow
field.resolve = (item) => item

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', path: '/graphql' })
useServer({ schema }, server)
server.once('listening', () => process.send!({ port: (server.address() as AddressInfo).port }))
process.on('message', (request: ServerRequest) => {
  if (request.ask === 'publish') for (const item of request.items) for (const push of subscribers) push(item)
  process.send!(usage(request.ask === 'memory', subscribers.size))
})
process.on('disconnect', () => process.exit())

/** As graphql-ws's own examples do it: a queue for each subscriber. */
async function* follow() {
  const queue: unknown[] = []
  let wake = () => {}
  const push = (item: unknown) => {
    queue.push(item)
    wake()
  }
  subscribers.add(push)
  try {
    yield { __typename: 'ResyncRequired', firstSeq: 1, lastSeq: 1 }
    for (;;) {
      while (queue.length > 0) yield queue.shift()
      await new Promise<void>((resolve) => (wake = resolve))
    }
  } finally {
    subscribers.delete(push)
  }
}
