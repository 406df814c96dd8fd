import { buildSchema, GraphQLError, parse } from 'graphql'
import { expect, test } from 'vitest'

import { Follower } from './follower.ts'
import { createSharedSubscribe, type SharedResult } from './shared-results.ts'

const follow = parse(`subscription ($after: Int, $size: Int) { ticks(after: $after) { n(size: $size) } }`)

test('subscribers whose variables differ for the source alone share one execution and one text', async () => {
  const { subscribe, publish, executions } = stage()
  const subscribers = await Promise.all([1, 2, 3].map((after) => subscribe({ after })))
  publish({ n: 7 })
  const results = await Promise.all(subscribers.map((subscriber) => subscriber.next()))
  expect(executions()).toBe(1)
  for (const { value } of results) {
    expect(value).toBe(results[0]!.value)
    expect(value!.stringify!()).toBe('{"data":{"ticks":{"n":7}}}')
    expect(value!.bytes!.toString()).toBe('{"data":{"ticks":{"n":7}}}')
  }
})

test.each<[string, Asked, Asked]>([
  ['variables', { size: 1 }, { size: 2 }],
  ['viewers', { owner: 'me' }, { owner: 'you' }],
  [
    'documents',
    {},
    { document: parse('subscription ($after: Int) { ticks(after: $after) @include(if: true) { m: n } }') },
  ],
])('subscribers of different %s do not', async (_what, one, other) => {
  const { subscribe, publish, executions } = stage()
  const subscribers = [await subscribe(one), await subscribe(other)]
  publish({ n: 7 })
  const [first, second] = await Promise.all(subscribers.map((subscriber) => subscriber.next()))
  expect(executions()).toBe(2)
  expect(first!.value).not.toBe(second!.value)
})

test('a variable of a directive on the field itself, or of a fragment, tells subscribers apart', async () => {
  const document = parse(`subscription ($with: Boolean!, $size: Int) { ...All @include(if: $with) }
    fragment All on Subscription { ticks { n(size: $size) } }`)
  const { subscribe, publish, executions } = stage()
  const subscribers = [1, 2, 2].map((size) => subscribe({ document, size, with: true }))
  await Promise.all(subscribers)
  publish({ n: 7 })
  await Promise.all(subscribers.map(async (subscriber) => (await subscriber).next()))
  expect(executions()).toBe(2)
})

test('an error is masked once for all, and goes without a text', async () => {
  const { subscribe, publish, masked } = stage()
  const subscribers = [await subscribe({}), await subscribe({})]
  publish({ n: new Error('secret') })
  for (const subscriber of subscribers) {
    const { value } = (await subscriber.next()) as { value: SharedResult }
    expect(value.errors).toMatchObject([{ message: 'masked' }])
    expect(value.stringify).toBeUndefined()
  }
  expect(masked()).toBe(1)
})

test('nothing of it is kept when the last one has left', async () => {
  const { subscribe, publish, executions } = stage()
  const one = await subscribe({})
  const other = await subscribe({})
  const item = { n: 1 }
  publish(item)
  await one.next()
  await one.return()
  await other.next()
  expect(executions()).toBe(1)
  await other.return()
  const later = await subscribe({})
  publish(item)
  await later.next()
  expect(executions()).toBe(2)
})

interface Asked {
  document?: typeof follow
  after?: number
  size?: number
  with?: boolean
  owner?: string
}

/** A source that hands the same objects to all. */
function stage() {
  const schema = buildSchema(
    'type Query { a: Int } type Tick { n(size: Int): Int } type Subscription { ticks(after: Int): Tick }',
  )
  let executions = 0
  let masked = 0
  const followers = new Set<Ticks>()
  const field = schema.getSubscriptionType()!.getFields()['ticks']!
  field.subscribe = () => {
    const ticks = new Ticks()
    followers.add(ticks)
    return ticks
  }
  field.resolve = (item) => item
  ;(schema.getType('Tick') as { getFields(): Record<string, { resolve?: unknown }> }).getFields()['n']!.resolve =
    (tick: { n: unknown }) => {
      executions++
      if (tick.n instanceof Error) throw tick.n
      return tick.n
    }
  const subscribe = createSharedSubscribe(() => {
    masked++
    return new GraphQLError('masked')
  })
  return {
    async subscribe({ document = follow, owner = 'me', ...variableValues }: Asked) {
      const results = await subscribe({ schema, document, variableValues, contextValue: { viewer: { owner } } })
      if (!(Symbol.asyncIterator in results)) throw new Error(JSON.stringify(results.errors))
      return results
    },
    publish(item: object) {
      for (const ticks of followers) ticks.push(item)
    },
    executions: () => executions,
    masked: () => masked,
  }
}

class Ticks extends Follower<object> {
  readonly #items: object[] = []

  push(item: object) {
    this.#items.push(item)
    this.wake()
  }

  protected advance() {
    return this.#items.shift()
  }

  protected leave() {}
}
