import { readFile } from 'node:fs/promises'

import {
  type GraphQLArgument,
  type GraphQLNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isSpecifiedScalarType,
  validateSchema,
} from 'graphql'
import { expect, test } from 'vitest'

import { schema } from '../schema/index.ts'
import { printedSchema } from '../schema/print.ts'

test('schema.graphql is the schema; `npm run schema` writes it', async () => {
  expect(await readFile(new URL('../schema/schema.graphql', import.meta.url), 'utf8')).toBe(printedSchema())
})

test('the schema is valid', () => {
  expect(validateSchema(schema)).toEqual([])
})

test('everything in the schema says what it is', () => {
  const types = Object.values(schema.getTypeMap()).filter(
    (type) => !type.name.startsWith('__') && !isSpecifiedScalarType(type),
  )
  expect(types.length).toBeGreaterThan(40)
  expect(types.flatMap(undescribed)).toEqual([])
})

test('every list is a connection with the arguments of all', () => {
  const connections = Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type) || isInterfaceType(type))
    .flatMap((type) => Object.values(type.getFields()).map((field) => ({ field, at: `${type.name}.${field.name}` })))
    .filter(({ field }) => String(field.type).endsWith('Connection!'))
  expect(connections.map(({ at }) => at)).toEqual(
    expect.arrayContaining(['Job.emails', 'Job.events', 'Job.pages', 'JobEmail.sightings', 'Query.jobs']),
  )
  for (const { field, at } of connections)
    expect(
      field.args.map((arg: GraphQLArgument) => `${arg.name}: ${String(arg.type)}`),
      at,
    ).toEqual(expect.arrayContaining(['first: Int', 'after: String', 'last: Int', 'before: String']))
})

test('all typed errors are user errors, and all results of mutations have some', () => {
  const errors = schema.getPossibleTypes(schema.getType('UserError') as never).map((type) => type.name)
  expect(errors.sort()).toEqual([
    'Forbidden',
    'IdempotencyMismatch',
    'InvalidTransition',
    'NotConfigured',
    'NotFound',
    'QuotaExceeded',
    'RateLimited',
    'ValidationError',
  ])
  for (const field of Object.values(schema.getMutationType()!.getFields())) {
    const members = schema
      .getPossibleTypes(schema.getType(String(field.type).replace('!', '')) as never)
      .map((type) => type.name)
    expect(
      members.filter((name) => !errors.includes(name)),
      field.name,
    ).toHaveLength(1)
    expect(
      members.some((name) => errors.includes(name)),
      field.name,
    ).toBe(true)
  }
})

/** Types, fields, arguments and values without a description. */
function undescribed(type: GraphQLNamedType): string[] {
  const missing = type.description ? [] : [type.name]
  if (isEnumType(type))
    missing.push(...type.getValues().flatMap((value) => (value.description ? [] : [`${type.name}.${value.name}`])))
  if (isInputObjectType(type) || isObjectType(type) || isInterfaceType(type))
    for (const field of Object.values(type.getFields())) {
      if (!field.description) missing.push(`${type.name}.${field.name}`)
      const args: readonly GraphQLArgument[] = 'args' in field ? field.args : []
      missing.push(...args.flatMap((arg) => (arg.description ? [] : [`${type.name}.${field.name}(${arg.name})`])))
    }
  return missing
}
