import type { Forgotten } from '../db/forgetting.ts'
import {
  countSuppressions,
  listSuppressions,
  removeSuppression,
  suppressionOrder,
  type SuppressionRow,
} from '../db/suppressions.ts'
import { parseAddress } from '../jobs/engines/address/parse.ts'
import { type InputIssue, NotFound, ValidationError } from '../jobs/refusals.ts'
import { forgetAddress } from '../jobs/suppression/forget.ts'
import {
  addressIssue,
  addressIssues,
  suppressAddresses,
  type Suppressed,
  suppressUpload,
} from '../jobs/suppression/suppress.ts'
import { builder } from './builder.ts'
import { connect, connectionType, pageArgs } from './connection.ts'
import { ForbiddenType, NotFoundType, orRefused, resultType, ValidationErrorType } from './errors.ts'

const mostAtOnce = 10_000
const longestReason = 500

const SuppressionSource = builder.enumType('SuppressionSource', {
  description: 'How an address came onto the list of suppressions.',
  values: {
    PERSON: { description: 'Somebody put it there.' },
    UPLOAD: { description: 'It stood in a list that was uploaded.' },
    OBJECTION: { description: 'Its owner has objected to a service that was asked about it.' },
    FORGOTTEN: { description: 'It was removed from everywhere, and is not to come back.' },
  } as const,
})

const Suppression = builder.objectRef<SuppressionRow>('Suppression').implement({
  description: 'An address that no job stores or writes to.',
  fields: (t) => ({
    id: t.id({ description: 'Its id in the list.', resolve: ({ id }) => String(id) }),
    address: t.exposeString('address', {
      nullable: true,
      description: 'The address; null where it was forgotten, since a salted hash of it is all that is kept.',
    }),
    reason: t.exposeString('reason', { description: 'Why, in the words of who put it there.' }),
    source: t.expose('source', { type: SuppressionSource, description: 'How it came onto the list.' }),
    since: t.expose('since', { type: 'DateTime', description: 'Since when.' }),
  }),
})

const SuppressionConnection = connectionType(Suppression, 'suppressions')

const SuppressionFilter = builder.inputType('SuppressionFilter', {
  description: 'Which suppressions. Conditions hold together; an empty list lets nothing through.',
  fields: (t) => ({
    address: t.string({ description: 'This address exactly; finds it where it was forgotten, too.' }),
    text: t.string({
      description:
        'Part of the address or of the reason, in whatever case; a whole address finds it where it was forgotten, too.',
    }),
    source: t.field({ type: [SuppressionSource], description: 'Any of these.' }),
  }),
})

builder.queryField('suppressions', (t) =>
  t.field({
    type: SuppressionConnection,
    description: 'Addresses that no job stores or writes to, the youngest first.',
    args: { filter: t.arg({ type: SuppressionFilter, description: 'Only those that pass.' }), ...pageArgs(t.arg) },
    resolve: (_root, { filter: given, ...args }, { engine: { db } }) => {
      const filter = {
        // What is no address is on no list.
        address: given?.address == null ? undefined : (normalForm(given.address) ?? given.address),
        text: given?.text ?? undefined,
        textAddress: normalForm(given?.text ?? ''),
        sources: given?.source ?? undefined,
      }
      return connect(
        args,
        { name: 'YOUNGEST', ...suppressionOrder },
        (page) => listSuppressions(db, filter, page),
        () => countSuppressions(db, filter),
      )
    },
  }),
)

const SuppressSuccess = builder.objectRef<Suppressed>('SuppressSuccess').implement({
  description: 'The addresses are on the list of suppressions.',
  fields: (t) => ({
    added: t.exposeFloat('added', { description: 'How many were not there before.' }),
    known: t.exposeFloat('known', { description: 'How many were there already; these keep their reason.' }),
    unreadable: t.exposeFloat('unreadable', {
      description: 'Of an upload: how many pieces with an @ are no addresses, and were passed over.',
    }),
  }),
})

const SuppressResult = builder.unionType('SuppressResult', {
  description: 'What comes of putting addresses on the list of suppressions.',
  types: [SuppressSuccess, ValidationErrorType, ForbiddenType],
  resolveType: resultType('SuppressSuccess'),
})

const UnsuppressSuccess = builder.objectRef<{ address: string }>('UnsuppressSuccess').implement({
  description: 'The address is on the list of suppressions no more.',
  fields: (t) => ({ address: t.exposeString('address', { description: 'The address in normal form.' }) }),
})

const UnsuppressResult = builder.unionType('UnsuppressResult', {
  description: 'What comes of taking an address from the list of suppressions.',
  types: [UnsuppressSuccess, NotFoundType, ValidationErrorType, ForbiddenType],
  resolveType: resultType('UnsuppressSuccess'),
})

const ForgetSuccess = builder.objectRef<Forgotten>('ForgetSuccess').implement({
  description: 'The address is gone from everywhere, and no job brings it back.',
  fields: (t) => ({
    rows: t.exposeFloat('rows', { description: 'How many rows were about it: sightings, results, verdicts.' }),
    texts: t.exposeFloat('texts', {
      description: 'How many texts of other rows named it: titles, inputs, snippets, URLs, events.',
    }),
  }),
})

const ForgetResult = builder.unionType('ForgetResult', {
  description: 'What comes of forgetting a person.',
  types: [ForgetSuccess, ValidationErrorType, ForbiddenType],
  resolveType: resultType('ForgetSuccess'),
})

builder.mutationFields((t) => ({
  suppressAddresses: t.field({
    type: SuppressResult,
    description:
      'Puts addresses on the list of suppressions: no job stores or writes to them from now on. What is stored remains. All or none.',
    args: {
      addresses: t.arg.stringList({
        required: true,
        description: `The addresses, ${mostAtOnce} at most; for more: \`suppressUpload\`.`,
      }),
      reason: t.arg.string({ required: true, description: 'Why, for people who read the list.' }),
    },
    resolve: (_root, { addresses, reason }, { engine }) =>
      orRefused(() => {
        refuse([
          ...reasonIssues(reason),
          ...(addresses.length > mostAtOnce
            ? [{ path: ['addresses'], message: `These are more than ${mostAtOnce}: upload the list.`, code: 'too_big' }]
            : addressIssues(addresses)),
        ])
        return suppressAddresses(engine, addresses, reason)
      }),
  }),
  suppressUpload: t.field({
    type: SuppressResult,
    description:
      'Puts all addresses of an uploaded list or table on the list of suppressions. Asking again goes on after a crash.',
    args: {
      upload: t.arg.id({ required: true, description: 'The id of a complete upload of yours: see /upload.' }),
      reason: t.arg.string({ required: true, description: 'Why, for people who read the list.' }),
    },
    resolve: (_root, { upload, reason }, { engine, viewer }) =>
      orRefused(() => {
        refuse(reasonIssues(reason))
        return suppressUpload(engine, viewer.owner, upload, reason)
      }),
  }),
  unsuppressAddress: t.field({
    type: UnsuppressResult,
    description:
      'Takes an address from the list of suppressions. When, by whom and why is kept, with a salted hash of the address.',
    args: {
      address: t.arg.string({ required: true, description: 'The address.' }),
      reason: t.arg.string({ required: true, description: 'Why it may be stored and written to again.' }),
    },
    resolve: (_root, { address: text, reason }, { engine, viewer }) =>
      orRefused(async () => {
        const address = requireAddress(text, reason)
        if (!(await removeSuppression(engine.db, address, { reason, by: viewer.owner })))
          throw new NotFound('This address is not on the list of suppressions, or is being forgotten.')
        return { address }
      }),
  }),
  forgetAddress: t.field({
    type: ForgetResult,
    description:
      'Removes an address from everywhere: results, sightings, verdicts, and its mention in inputs, snippets, URLs and logs of all jobs. It is put on the list of suppressions as a salted hash, so that no job brings it back. Reads whole tables, which takes a while where they are large; after a crash the workers do the rest. Files that were uploaded are not changed: delete the jobs that name them.',
    args: {
      address: t.arg.string({ required: true, description: 'The address.' }),
      reason: t.arg.string({
        required: true,
        description: 'Why, such as the number of a request; kept on the list, so without the address.',
      }),
    },
    resolve: (_root, { address: text, reason }, { engine }) =>
      orRefused(async () => {
        const address = requireAddress(text, reason)
        if (reason.toLowerCase().includes(address))
          refuse([
            { path: ['reason'], message: 'The reason is kept: it cannot name the address.', code: 'names_address' },
          ])
        return forgetAddress(engine, address, reason)
      }),
  }),
}))

function refuse(issues: InputIssue[]): void {
  if (issues.length > 0) throw new ValidationError(issues)
}

function reasonIssues(reason: string): InputIssue[] {
  if (reason.trim() === '') return [{ path: ['reason'], message: 'Say why.', code: 'too_small' }]
  if (reason.length <= longestReason) return []
  return [{ path: ['reason'], message: `A reason may have ${longestReason} characters.`, code: 'too_big' }]
}

/** The address in normal form, where there is a reason too. */
function requireAddress(text: string, reason: string): string {
  const parsed = parseAddress(text)
  const issues = reasonIssues(reason)
  if (parsed.ok && issues.length === 0) return parsed.address
  throw new ValidationError([...(parsed.ok ? [] : [addressIssue(['address'], text, parsed)]), ...issues])
}

function normalForm(text: string): string | undefined {
  const parsed = parseAddress(text)
  return parsed.ok ? parsed.address : undefined
}
