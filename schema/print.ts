import { writeFile } from 'node:fs/promises'

import { lexicographicSortSchema, printSchema } from 'graphql'

import { schema } from './index.ts'

/** The schema as it is kept in `schema.graphql`: sorted, with all descriptions. */
export function printedSchema(): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`
}

if (import.meta.main) await writeFile(new URL('schema.graphql', import.meta.url), printedSchema())
