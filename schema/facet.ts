import type { FacetCount } from '../db/address-list.ts'
import { builder } from './builder.ts'

export const Facet = builder.objectRef<FacetCount>('Facet').implement({
  description: 'How many entries of a list have a value in common.',
  fields: (t) => ({
    value: t.exposeString('value', { description: 'The value, as it is stored.' }),
    count: t.exposeFloat('count', { description: 'How many have it.' }),
  }),
})
