import { type GraphQLEnumType, type GraphQLInputObjectType, printType } from 'graphql'
import { expect, test } from 'vitest'
import { z } from 'zod'

import type { AnyJobKind } from '../jobs/job-kind.ts'
import { kinds } from '../jobs/registry.ts'
import { withoutNulls } from './kind-input.ts'
import { apiSchema, storedSchema, toApi } from './kind-schema.ts'

const kind = {
  kind: 'paint-fences',
  title: 'Paint fences',
  description: 'Paints the fences of gardens.',
  input: z
    .object({
      gardens: z
        .array(z.string())
        .min(1)
        .meta({ title: 'Gardens', description: 'One a line.', examples: [['Rose']] }),
      coats: z.int().min(1).max(9).default(2).meta({ title: 'Coats' }),
      fences: z.int().optional().meta({ title: 'Fences' }),
      drops: z.int().max(1e12).optional().meta({ title: 'Drops' }),
      thickness: z.number().optional().meta({ title: 'Thickness', description: 'In millimetres.' }),
      primer: z.boolean().default(true).meta({ title: 'Primer first' }),
      colour: z.enum(['dark-green', 'red']).default('dark-green').meta({ title: 'Colour', typeName: 'FenceColour' }),
      tools: z
        .array(z.enum(['brush', 'roller']))
        .optional()
        .meta({ title: 'Tools' }),
      owner: z
        .object({ name: z.string().meta({ title: 'Name' }) })
        .optional()
        .meta({ title: 'Owner' }),
      labels: z.record(z.string(), z.string()).optional().meta({ title: 'Labels' }),
    })
    .refine(({ gardens }) => gardens.length < 1_000),
  example: { input: () => ({ gardens: ['Rose'], colour: 'red', tools: ['brush'] }) },
} as unknown as AnyJobKind

// One line in the registry: all else follows from it.
kinds.push(kind)
const { schema } = await import('./index.ts')

test('a kind in the registry has its input, its enum value and its mutation', () => {
  expect((schema.getType('JobKind') as GraphQLEnumType).getValue('PAINT_FENCES')?.value).toBe('paint-fences')
  const mutation = schema.getMutationType()!.getFields()['startPaintFences']!
  expect(String(mutation.type)).toBe('StartJobResult!')
  expect(mutation.args.map((arg) => `${arg.name}: ${String(arg.type)}`)).toEqual([
    'idempotencyKey: String',
    'input: PaintFencesInput!',
  ])
  expect(signatures('PaintFencesInput')).toEqual({
    gardens: '[String!]!',
    coats: 'Int',
    fences: 'Int',
    drops: 'Float',
    thickness: 'Float',
    primer: 'Boolean',
    colour: 'FenceColour',
    tools: '[PaintFencesTool!]',
    owner: 'PaintFencesOwnerInput',
    labels: 'JSON',
  })
  expect(signatures('PaintFencesOwnerInput')).toEqual({ name: 'String!' })
})

test('defaults and words of a kind stand in the schema', () => {
  const printed = printType(schema.getType('PaintFencesInput')!)
  expect(printed).toContain('coats: Int = 2')
  expect(printed).toContain('colour: FenceColour = DARK_GREEN')
  expect(printed).toContain('"""Gardens: One a line."""')
  expect(printed).toContain('"""Coats. A number from 1 to 9."""')
  expect(printed).toContain('"""Fences"""')
})

test('the JSON Schema describes what the mutation takes', () => {
  const { properties, required } = apiSchema(storedSchema(kind))
  expect(required).toEqual(['gardens'])
  expect(properties).toMatchObject({
    coats: { type: 'integer', minimum: 1, maximum: 9, default: 2 },
    colour: { enum: ['DARK_GREEN', 'RED'], default: 'DARK_GREEN' },
    tools: { items: { enum: ['BRUSH', 'ROLLER'] } },
    gardens: { title: 'Gardens', examples: [['Rose']] },
  })
  expect(properties!['fences']).toEqual({ type: 'integer', title: 'Fences' })
})

test('a stored input comes out as it can be sent again', () => {
  const stored = kind.input.parse({ gardens: ['red'], colour: 'red', tools: ['roller'], owner: { name: 'red' } })
  expect(toApi(storedSchema(kind), stored)).toEqual({
    gardens: ['red'],
    coats: 2,
    primer: true,
    colour: 'RED',
    tools: ['ROLLER'],
    owner: { name: 'red' },
  })
})

test('null is what was left out', () => {
  expect(withoutNulls({ a: null, b: [{ c: null, d: 0 }], e: false, f: '' })).toEqual({ b: [{ d: 0 }], e: false, f: '' })
})

function signatures(type: string): Record<string, string> {
  const fields = (schema.getType(type) as GraphQLInputObjectType).getFields()
  return Object.fromEntries(Object.values(fields).map((field) => [field.name, String(field.type)]))
}
