import { sightingsOfOwner } from '../db/sighting-list.ts'
import { verdictsOf } from '../db/verification-list.ts'
import { parseAddress } from '../jobs/engines/address/parse.ts'
import { badUserInput } from './bad-user-input.ts'
import { builder } from './builder.ts'
import { Sighting } from './job-email.ts'
import { Verification } from './verification.ts'

const mostEntries = 200

const Address = builder.objectRef<{ address: string; domain: string }>('Address').implement({
  description: 'An address, with where it was met and what was found out about it.',
  fields: (t) => {
    const first = t.arg.int({ required: true, defaultValue: 50, description: `How many at most: 1 to ${mostEntries}.` })
    return {
      address: t.exposeString('address', {
        description: 'The address in normal form: the domain in lower case and ASCII.',
      }),
      domain: t.exposeString('domain', { description: 'What stands behind the @.' }),
      verification: t.field({
        type: Verification,
        nullable: true,
        description: 'The verdict that says most; null where it was never verified.',
        resolve: ({ address }, _args, { loaders }) => loaders.verification(address),
      }),
      verifications: t.field({
        type: [Verification],
        description: 'All verdicts that it ever had, each with its evidence, the latest first.',
        args: { first },
        resolve: ({ address }, args, { engine }) => verdictsOf(engine.db, address, limitOf(args)),
      }),
      sightings: t.field({
        type: [Sighting],
        description: 'Where your jobs met it, the latest first.',
        args: { first },
        resolve: ({ address }, args, { engine, viewer }) =>
          sightingsOfOwner(engine.db, viewer.owner, address, limitOf(args)),
      }),
    }
  },
})

builder.queryField('address', (t) =>
  t.field({
    type: Address,
    nullable: true,
    description: 'An address with its history, however it is written; null for what is no address.',
    args: { email: t.arg.string({ required: true, description: 'The address.' }) },
    resolve: (_root, { email }) => {
      const parsed = parseAddress(email)
      return parsed.ok ? parsed : null
    },
  }),
)

function limitOf({ first }: { first: number }): number {
  if (first < 1 || first > mostEntries) throw badUserInput(`first must be from 1 to ${mostEntries}, not ${first}.`)
  return first
}
