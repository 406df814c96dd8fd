import { countAddressHistory, historyOrder, listAddressHistory, type PastSightingRow } from '../db/address-history.ts'
import {
  countKnownAddresses,
  countKnownAddressFacets,
  findKnownAddress,
  type KnownAddressFacets,
  type KnownAddressFilter,
  knownAddressOrders,
  type KnownAddressRow,
  listKnownAddresses,
  summarised,
} from '../db/known-addresses.ts'
import { sightingsOfOwner } from '../db/sighting-list.ts'
import { verdictsOf } from '../db/verification-list.ts'
import { parseAddress } from '../jobs/engines/address/parse.ts'
import { badUserInput } from './bad-user-input.ts'
import { builder } from './builder.ts'
import { connect, connectionType, pageArgs } from './connection.ts'
import { Facet } from './facet.ts'
import { provenanceFields, Sighting } from './job-email.ts'
import { Quality } from './job-enums.ts'
import { Verification } from './verification.ts'

const PastSighting = builder.objectRef<PastSightingRow>('PastSighting').implement({
  description: 'One place in which, or one way by which, one of your jobs met an address.',
  fields: (t) => ({
    ...provenanceFields(t),
    jobId: t.id({ description: 'The job.', resolve: ({ jobId }) => String(jobId) }),
    jobTitle: t.exposeString('jobTitle', { description: 'Its title.' }),
  }),
})

const PastSightingConnection = connectionType(PastSighting, 'sightings')

const orMore = `At most ${summarised}, which stands for so many or more.`

const mostEntries = 200

/** One that no job of the viewer has met has no row. */
type AddressSource = Pick<KnownAddressRow, 'address' | 'domain'> & Partial<KnownAddressRow>

const Address = builder.objectRef<AddressSource>('Address').implement({
  description: 'An address, with where it was met and what was found out about it.',
  fields: (t) => {
    const first = t.arg.int({ required: true, defaultValue: 50, description: `How many at most: 1 to ${mostEntries}.` })
    return {
      address: t.exposeString('address', {
        description: 'The address in normal form: the domain in lower case and ASCII.',
      }),
      domain: t.exposeString('domain', { description: 'What stands behind the @.' }),
      firstSeenAt: t.expose('firstSeenAt', {
        type: 'DateTime',
        nullable: true,
        description: 'When it was met first; null where none of your jobs has met it.',
      }),
      lastSeenAt: t.field({
        type: 'DateTime',
        nullable: true,
        description: 'When it was met last; null where none of your jobs has met it.',
        resolve: async ({ address }, _args, { loaders }) => (await loaders.addressSummary(address))?.lastSeenAt,
      }),
      sightingCount: t.int({
        description: `How often it was met. ${orMore}`,
        resolve: async ({ address }, _args, { loaders }) => (await loaders.addressSummary(address))?.sightings ?? 0,
      }),
      jobCount: t.int({
        description: `How many jobs have met it, among its newest sightings. ${orMore}`,
        resolve: async ({ address }, _args, { loaders }) => (await loaders.addressSummary(address))?.jobs ?? 0,
      }),
      quality: t.field({
        type: Quality,
        nullable: true,
        description: 'The best of its sightings.',
        resolve: async ({ address }, _args, { loaders }) => (await loaders.addressSummary(address))?.quality,
      }),
      confidence: t.float({
        nullable: true,
        description: 'The same as a number, 0 to 1.',
        resolve: async ({ address }, _args, { loaders }) => (await loaders.addressSummary(address))?.confidence,
      }),
      personName: t.string({
        nullable: true,
        description: 'Whose it is, where a page says so.',
        resolve: async ({ address }, _args, { loaders }) => (await loaders.addressSummary(address))?.personName,
      }),
      organisation: t.string({
        nullable: true,
        description: 'The organisation that it belongs to, where a page says so.',
        resolve: async ({ address }, _args, { loaders }) => (await loaders.addressSummary(address))?.organisation,
      }),
      history: t.field({
        type: PastSightingConnection,
        description: 'All sightings over all of your jobs, the newest first.',
        args: pageArgs(t.arg),
        resolve: ({ address }, args, { engine: { db }, viewer: { owner } }) =>
          connect(
            args,
            { name: 'NEWEST', ...historyOrder },
            (page) => listAddressHistory(db, owner, address, page),
            () => countAddressHistory(db, owner, address),
          ),
      }),
      sightings: t.field({
        type: [Sighting],
        description: 'Where your jobs met it, the latest first; `history` has them in pages.',
        args: { first },
        resolve: ({ address }, args, { engine, viewer }) =>
          sightingsOfOwner(engine.db, viewer.owner, address, limitOf(args)),
      }),
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
    }
  },
})

const AddressFacets = builder.objectRef<KnownAddressFacets>('AddressFacets').implement({
  description: 'Addresses, counted by what they have in common.',
  fields: (t) => ({
    counted: t.exposeFloat('counted', { description: 'How many addresses were counted.' }),
    exact: t.exposeBoolean('exact', {
      description: 'False where there are more than were counted: then the counts are of a part of them.',
    }),
    quality: t.expose('quality', {
      type: [Facet],
      description: 'By the best quality of each, in lower case; the most first.',
    }),
    domain: t.expose('domain', { type: [Facet], description: 'By domain: the largest ones.' }),
  }),
})

/** Each is looked up among the sightings: about a quarter of a second. */
const facetsOver = 20_000

const AddressEdges = connectionType(Address, 'addresses')

const AddressFilter = builder.inputType('AddressFilter', {
  description: 'Which addresses. Conditions hold together; an empty list lets nothing through.',
  fields: (t) => ({
    text: t.string({ description: 'Part of the address, in whatever case.' }),
    domain: t.string({ description: 'The domain, exactly.' }),
    quality: t.field({ type: [Quality], description: 'Met with any of these.' }),
  }),
})

const AddressOrder = builder.enumType('AddressOrder', {
  description: 'Orders of addresses.',
  values: {
    FIRST_SEEN: { description: 'Those that were met first of late come first.' },
    ADDRESS: { description: 'By address, A to Z.' },
    DOMAIN: { description: 'By domain, then by address.' },
  } as const,
})

builder.queryFields((t) => ({
  addresses: t.field({
    type: AddressEdges,
    description: 'The addresses that your jobs have met, each once.',
    args: {
      filter: t.arg({ type: AddressFilter, description: 'Only those that pass.' }),
      orderBy: t.arg({ type: AddressOrder, defaultValue: 'FIRST_SEEN', description: 'In which order.' }),
      ...pageArgs(t.arg),
    },
    resolve: (_root, { filter: given, orderBy, ...args }, { engine: { db }, viewer: { owner } }) => {
      const order = orderBy ?? 'FIRST_SEEN'
      const filter = filterRow(given)
      return connect(
        args,
        { name: order, ...knownAddressOrders[order] },
        (page) => listKnownAddresses(db, owner, filter, order, page),
        () => countKnownAddresses(db, owner, filter),
      )
    },
  }),
  addressFacets: t.field({
    type: AddressFacets,
    description: `The addresses that your jobs have met, counted by quality and domain, at most ${facetsOver} of them.`,
    args: { filter: t.arg({ type: AddressFilter, description: 'Only those that pass.' }) },
    resolve: (_root, { filter }, { engine: { db }, viewer: { owner } }) =>
      countKnownAddressFacets(db, owner, filterRow(filter), facetsOver),
  }),
  address: t.field({
    type: Address,
    nullable: true,
    description: 'An address with its history, however it is written; null for what is no address.',
    args: { email: t.arg.string({ required: true, description: 'The address.' }) },
    resolve: async (_root, { email }, { engine: { db }, viewer: { owner } }) => {
      const parsed = parseAddress(email)
      if (!parsed.ok) return null
      return (await findKnownAddress(db, owner, parsed.address)) ?? { address: parsed.address, domain: parsed.domain }
    },
  }),
}))

function filterRow(given: typeof AddressFilter.$inferInput | null | undefined): KnownAddressFilter {
  return {
    text: given?.text ?? undefined,
    domain: given?.domain?.toLowerCase(),
    qualities: given?.quality ?? undefined,
  }
}

function limitOf({ first }: { first: number }): number {
  if (first < 1 || first > mostEntries) throw badUserInput(`first must be from 1 to ${mostEntries}, not ${first}.`)
  return first
}
