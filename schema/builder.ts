import SchemaBuilder from '@pothos/core'

import { badUserInput } from './bad-user-input.ts'
import type { Context } from './context.ts'

/** The one builder: every file of this folder adds its types to it. */
export const builder = new SchemaBuilder<{
  Context: Context
  DefaultFieldNullability: false
  DefaultInputFieldRequiredness: false
  Scalars: {
    ID: { Input: string; Output: string }
    DateTime: { Input: Date; Output: Date }
    JSON: { Input: unknown; Output: unknown }
  }
}>({ defaultFieldNullability: false })

builder.queryType({ description: 'Everything that can be read.' })
builder.mutationType({
  description:
    'Everything that changes something. What can be expected to go wrong comes as a typed result, never as a top-level error: ask for `... on UserError { code message }` beside the success.',
})
builder.subscriptionType({
  description: 'Live views, over WebSocket (protocol graphql-transport-ws) or server-sent events on the same address.',
})

builder.scalarType('DateTime', {
  description: 'A moment, as ISO 8601 in UTC with milliseconds: `2026-11-22T09:30:00.000Z`.',
  serialize: (value) => value.toISOString(),
  parseValue: (value) => {
    const date = new Date(typeof value === 'string' ? value : NaN)
    // What Postgres holds ends sooner than what Date does; NaN is in no range.
    if (!(date.getUTCFullYear() >= 1 && date.getUTCFullYear() <= 9999))
      throw badUserInput('A moment is written as in ISO 8601, of the years 1 to 9999.')
    return date
  },
})
builder.scalarType('JSON', {
  description: 'Any JSON value.',
  serialize: (value) => value,
  parseValue: (value) => value,
})
