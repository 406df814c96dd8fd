import type { JobAddressFacets, JobAddressFilter, JobAddressRow } from '../db/address-list.ts'
import type { Provenance } from '../db/provenance.ts'
import { sightingOrder, type SightingRow } from '../db/sighting-list.ts'
import { builder } from './builder.ts'
import { connect, connectionType, pageArgs } from './connection.ts'
import { Facet } from './facet.ts'
import { Quality } from './job-enums.ts'
import { Verification } from './verification.ts'

type FieldsOf<Row extends Provenance> = PothosSchemaTypes.ObjectFieldBuilder<(typeof builder)['$inferSchemaTypes'], Row>

/** Where and how an address was met: the fields that sightings and the addresses of a job share. */
export function provenanceFields<Row extends Provenance>(builderOfRow: FieldsOf<Row>) {
  const t = builderOfRow as FieldsOf<Provenance>
  return {
    sourceUrl: t.exposeString('sourceUrl', {
      description: 'Where it was met: the URL of the page, or what stands for it.',
    }),
    method: t.exposeString('method', { description: 'How it was found there: `mailto`, `text`, `entity` and so on.' }),
    snippet: t.exposeString('snippet', { description: 'The words around it, as text.' }),
    confidence: t.exposeFloat('confidence', {
      description: 'How sure it is that this is an address that somebody meant, 0 to 1.',
    }),
    quality: t.expose('quality', { type: Quality, description: 'The same in three steps.' }),
    reasons: t.exposeStringList('reasons', {
      description: 'What raised or lowered the quality, in words for programs.',
    }),
    personName: t.exposeString('personName', {
      nullable: true,
      description: 'Whose address it is, where the page says so.',
    }),
    position: t.exposeString('position', { nullable: true, description: "That person's position." }),
    phone: t.exposeString('phone', { nullable: true, description: 'A telephone number that belongs with it.' }),
    organisation: t.exposeString('organisation', {
      nullable: true,
      description: 'The organisation that it belongs to.',
    }),
    workerId: t.exposeString('workerId', { description: 'The worker that found it.' }),
    foundAt: t.expose('foundAt', { type: 'DateTime', description: 'When it was found.' }),
  }
}

export const Sighting = builder.objectRef<SightingRow>('Sighting').implement({
  description: 'One place in which, or one way by which, a job met an address.',
  fields: (t) => ({
    ...provenanceFields(t),
    firstSeenAt: t.expose('firstSeenAt', {
      type: 'DateTime',
      description: 'When any job met the address there first.',
    }),
    lastSeenAt: t.expose('lastSeenAt', {
      type: 'DateTime',
      description: 'When any job met the address there last.',
    }),
    stillThere: t.exposeBoolean('stillThere', {
      nullable: true,
      description: 'Whether it stood there when the page was read last, by whatever job; null where that is not known.',
    }),
  }),
})

const SightingConnection = connectionType(Sighting, 'sightings')

export const JobEmail = builder.objectRef<JobAddressRow>('JobEmail').implement({
  description: 'An address that a job found. Each is there once, with its best sighting and the time of the first.',
  fields: (t) => ({
    address: t.exposeString('address', {
      description: 'The address in normal form: the domain in lower case and ASCII.',
    }),
    domain: t.exposeString('domain', { description: 'What stands behind the @.' }),
    ...provenanceFields(t),
    foundAt: t.expose('foundAt', {
      type: 'DateTime',
      description: 'When the job met it first, perhaps in another place than this one.',
    }),
    suppressed: t.boolean({
      description: 'It is on the list of suppressions now: the job had it before, and nobody may write to it.',
      resolve: ({ address }, _args, { loaders }) => loaders.suppressed(address),
    }),
    verification: t.field({
      type: Verification,
      nullable: true,
      description: 'The verdict that says most about it, whoever asked; null where there is none.',
      resolve: ({ address }, _args, { loaders }) => loaders.verification(address),
    }),
    sightings: t.field({
      type: SightingConnection,
      description: 'All places in which the job met the address, in a stable order.',
      args: pageArgs(t.arg),
      resolve: ({ jobId, address }, args, { loaders }) =>
        connect(
          args,
          { name: 'SOURCE', ...sightingOrder },
          (page) => loaders.sightings({ jobId, address, page }),
          () => loaders.sightingCount({ jobId, address }),
        ),
    }),
  }),
})

export const JobEmailConnection = connectionType(JobEmail, 'addresses')

export const JobEmailOrder = builder.enumType('JobEmailOrder', {
  description: 'Orders of the addresses of a job.',
  values: {
    FOUND: { description: 'As they were stored: what comes later is always behind what was there.' },
    ADDRESS: { description: 'By address, A to Z.' },
    DOMAIN: { description: 'By domain, then by address.' },
    CONFIDENCE: { description: 'The surest first.' },
  } as const,
})

export const JobEmailFilter = builder.inputType('JobEmailFilter', {
  description: 'Which addresses of a job. Conditions hold together; an empty list lets nothing through.',
  fields: (t) => ({
    text: t.string({
      description: 'Part of the address, the person, the position or the organisation, in whatever case.',
    }),
    domain: t.string({ description: 'The domain, exactly.' }),
    quality: t.field({ type: [Quality], description: 'Any of these.' }),
    method: t.stringList({ description: 'Found by any of these.' }),
    person: t.string({ description: 'Part of the name of the person, in whatever case.' }),
    position: t.string({ description: "Part of that person's position." }),
    organisation: t.string({ description: 'Part of the name of the organisation.' }),
  }),
})

/** A filter as the database takes it. */
export function jobEmailFilterRow(given: typeof JobEmailFilter.$inferInput | null | undefined): JobAddressFilter {
  return {
    text: given?.text ?? undefined,
    domain: given?.domain?.toLowerCase(),
    qualities: given?.quality ?? undefined,
    methods: given?.method ?? undefined,
    person: given?.person ?? undefined,
    position: given?.position ?? undefined,
    organisation: given?.organisation ?? undefined,
  }
}

export const JobEmailFacets = builder.objectRef<JobAddressFacets>('JobEmailFacets').implement({
  description: 'The addresses of a job, counted by what they have in common.',
  fields: (t) => ({
    counted: t.exposeFloat('counted', { description: 'How many addresses were counted.' }),
    exact: t.exposeBoolean('exact', {
      description: 'False where there are more than were counted: then the counts are of a part of them.',
    }),
    quality: t.expose('quality', {
      type: [Facet],
      description: 'By quality in lower case, such as `high`; the most first.',
    }),
    method: t.expose('method', { type: [Facet], description: 'By method; the most first.' }),
    domain: t.expose('domain', { type: [Facet], description: 'By domain: the largest ones.' }),
  }),
})
