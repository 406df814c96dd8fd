import { builder } from './builder.ts'

export const Node = builder.interfaceRef<{ id: number }>('Node').implement({
  description: 'Something with an id of its own, which `node` finds again.',
  resolveType: () => 'Job',
  fields: (t) => ({
    id: t.id({
      description: 'Its id: ids only grow, and after a crash of the database some may be left out.',
      resolve: ({ id }) => String(id),
    }),
  }),
})

/** A job's id as clients may write it: `12`, or with its type, `Job:12`. Undefined for what cannot be one. */
export function parseJobId(id: string): number | undefined {
  const digits = /^(?:Job:)?([1-9]\d{0,15})$/.exec(id)?.[1]
  return digits && Number.isSafeInteger(Number(digits)) ? Number(digits) : undefined
}
