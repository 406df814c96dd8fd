import { z } from 'zod'

import type { AnyJobKind } from '../job-kind.ts'

/** Names of the fields of a kind's input whose metadata have this mark: `secret` (texts that are stored encrypted), `upload` (ids of uploads). */
export function markedFields(kind: AnyJobKind, mark: 'secret' | 'upload'): string[] {
  const { properties = {} } = z.toJSONSchema(kind.input, { io: 'input', unrepresentable: 'any' })
  return Object.entries(properties).flatMap(([name, property]) =>
    typeof property === 'object' && property[mark] === true ? [name] : [],
  )
}
