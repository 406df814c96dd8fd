import { z } from 'zod'

const tablePlace = z.object({ byte: z.number().int(), line: z.number().int(), row: z.number().int() })

/** How far a list has been read: rows of a pasted one, a place in a table, or the last address in their order. */
export const listPlace = z.union([z.number().int(), tablePlace, z.string()])
export type ListPlace = z.infer<typeof listPlace>

/** How a table is read; what is not there is no table. */
export const readAs = z.object({
  columns: z.array(z.string()),
  table: z
    .object({
      encoding: z.enum(['utf-8', 'utf-16le', 'utf-16be']),
      delimiter: z.string(),
      marked: z.boolean(),
      tellsDelimiter: z.boolean(),
      hasHeader: z.boolean(),
      columns: z.array(z.string()),
      column: z.number().int(),
      start: tablePlace,
    })
    .optional(),
})
export type ReadAs = z.infer<typeof readAs>
