import { readFile } from 'node:fs/promises'

import { stringifyDocument } from '@urql/core'
import { GraphQLEnumType, buildSchema, parse, validate } from 'graphql'
import { expect, test } from 'vitest'

import { startDocument, submissionKey, wordsOfIssues } from './use-create-job.ts'

test('the start mutation of every kind is made from its name', async () => {
  const schema = buildSchema(await readFile(new URL('../../schema/schema.graphql', import.meta.url), 'utf8'))
  const kinds = schema.getType('JobKind')
  const names = kinds instanceof GraphQLEnumType ? kinds.getValues().map(({ name }) => name) : []
  expect(names).toContain('SCRAPE_EMAILS')
  for (const name of names) expect(validate(schema, parse(stringifyDocument(startDocument(name))))).toEqual([])
})

test.each([
  ['the same content again has the same key', { key: 'a', content: '[1]' }, '[1]', 'a'],
  ['another content has another key', { key: 'a', content: '[1]' }, '[2]', undefined],
  ['nothing was left open', undefined, '[1]', undefined],
  ['what is found is not ours', 'text', '[1]', undefined],
  ['what is found has no key', { content: '[1]' }, '[1]', undefined],
])('%s', (_, left, content, key) => expect(submissionKey(left, content)).toBe(key))

test.each([
  ['advice', ['bad_rows', 'no_domain'], '1 problem with the input'],
  ['more than are named', ['bad_rows', 'no_domain', 'private', 'more_issues'], 'More than 2 problems with the input'],
  ['problems alone', ['no_domain', 'private'], undefined],
])('%s among the issues counts for none of the problems', (_, codes, words) => {
  const issues = codes.map((code) => ({ path: ['upload'], message: 'It is so.', code }))
  expect(wordsOfIssues(issues)).toBe(words)
})
