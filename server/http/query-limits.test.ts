import { createSchema, createYoga } from 'graphql-yoga'
import { expect, test } from 'vitest'

import { limitQueries, queryLimits } from './query-limits.ts'

const limits = { tokens: 1_000, brackets: 20, depth: 4, aliases: 2, cost: 1_000, lengths: { batch: 500 } }
const schema = createSchema({
  typeDefs: 'type Query { one: Int list(first: Int, last: Int): Query self: Query batch: [Query] }',
  resolvers: { Query: { list: () => ({}), self: () => ({}) } },
})
const yoga = createYoga({ schema, plugins: [limitQueries(limits)], logging: false })
const served = createYoga({ schema, plugins: [limitQueries(queryLimits)], logging: false })

test.each([
  ['as deep as allowed', '{ self { self { self { one } } } }'],
  ['as deep as allowed in a fragment', '{ self { ...F } } fragment F on Query { self { ... { self { one } } } }'],
  ['with as many aliases as allowed', '{ a: one b: one one }'],
  ['that asks for what a thing is, at the end of the depth', '{ self { self { self { __typename } } } }'],
  ['for the schema', '{ __schema { types { fields { type { ofType { ofType { ofType { name } } } } } } } }'],
  ['for lists that are short', '{ list(first: 10) { list(last: 10) { one } } }'],
])('lets through a query %s', async (_what, query) => {
  expect(await errorsOf(query)).toBeUndefined()
})

test.each([
  ['too deep', '{ self { self { self { self { one } } } } }', 'nested 5 deep; at most 4'],
  [
    'too deep by fragments',
    '{ self { self { ...F } } } fragment F on Query { self { ...G } } fragment G on Query { self { one } }',
    'nested 5 deep',
  ],
  [
    'too deep beside one that is not',
    'query A { one } query B { self { self { self { self { one } } } } }',
    'nested 5 deep',
  ],
  ['with too many aliases', '{ a: one b: one c: one }', 'more than 2 aliases'],
  [
    'with too many aliases in a fragment',
    '{ a: one ...F } fragment F on Query { b: one c: one }',
    'more than 2 aliases',
  ],
  ['for lists in lists', '{ list(first: 100) { list(first: 100) { one } } }', 'at most 1000'],
  [
    'for lists in several fragments',
    '{ ...F ...G } fragment F on Query { list(first: 400) { one } } fragment G on Query { self { list(last: 800) { one } } }',
    'at most 1000',
  ],
  [
    'for fragments that double and double',
    `{ ...F0 } ${Array.from({ length: 60 }, (_, i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`).join(' ')} fragment F60 on Query { one }`,
    'could hold 1152921504606847000 values',
  ],
  ['for lists in a list that takes no number', '{ batch { list(first: 10) { one } } }', 'at most 1000'],
  ['of too many brackets', `{ list(first: ${'['.repeat(30)}1${']'.repeat(30)}) { one } }`, 'more than 20 deep'],
  ['of too many words', `{ ${'one '.repeat(1_001)} }`, '1000 tokens'],
])('refuses a query %s', async (_what, query, message) => {
  expect((await errorsOf(query))?.[0]).toContain(message)
})

test.each([
  ['{', 'a{'],
  ['{', '...{'],
  ['{ a(b: ', '['],
  ['{ a(b: ', '{c:'],
  ['query ($a: ', '['],
])('by the limits that hold, %s and 3,000 times %s is refused before it is parsed', async (begin, repeated) => {
  expect(await errorsOf(begin + repeated.repeat(3_000), undefined, served)).toEqual([
    'Brackets are nested more than 100 deep.',
  ])
})

test('counts lists by the values of variables', async () => {
  const query = 'query ($n: Int) { list(first: $n) { one } }'
  expect(await errorsOf(query, { n: 500 })).toBeUndefined()
  expect((await errorsOf(query, { n: 1_000 }))?.[0]).toContain('at most 1000')
})

test('leaves circles of fragments to the rule against them', async () => {
  expect((await errorsOf('{ ...F } fragment F on Query { self { ...F } }'))?.join()).toContain(
    'Cannot spread fragment "F" within itself',
  )
})

async function errorsOf(query: string, variables?: object, server = yoga): Promise<string[] | undefined> {
  const response = await server.fetch('http://localhost/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables, ...(query.startsWith('query A') && { operationName: 'A' }) }),
  })
  const { errors } = (await response.json()) as { errors?: { message: string }[] }
  return errors?.map((error) => error.message)
}
