import type { JobVerificationRow, VerificationRow } from '../db/verification-list.ts'
import { parseAddress } from '../jobs/engines/address/parse.ts'
import { refusalWords } from '../jobs/engines/address/refusal-words.ts'
import { defaultPolicy } from '../jobs/engines/verify/policy.ts'
import type { EngineName, Flag, Reason } from '../jobs/engines/verify/terms.ts'
import { textFacts } from '../jobs/engines/verify/text-facts.ts'
import { builder } from './builder.ts'
import { connectionType } from './connection.ts'
import type { Context } from './context.ts'
import { VerificationDepth, VerificationEngine, VerificationReason, VerificationStatus } from './verification-enums.ts'

type FieldsOf<Row> = PothosSchemaTypes.ObjectFieldBuilder<(typeof builder)['$inferSchemaTypes'], Row>

/** What a verdict says: the fields that those of jobs and those of the store share. */
function verdictFields<Row extends VerificationRow>(builderOfRow: FieldsOf<Row>) {
  const t = builderOfRow as FieldsOf<VerificationRow>
  return {
    address: t.exposeString('address', {
      description: 'The address in normal form; what was given, where that is no address.',
    }),
    domain: t.exposeString('domain', { description: 'What stands behind the @; empty for what is no address.' }),
    status: t.field({
      type: VerificationStatus,
      description: 'Whether mail to it would arrive.',
      resolve: ({ status }) => status,
    }),
    reason: t.field({
      type: VerificationReason,
      description: 'The one reason for the status.',
      resolve: ({ reason }) => reason as Reason,
    }),
    textProblem: t.string({
      nullable: true,
      description: 'What exactly is wrong with what is no address, in a sentence for people; null for what is one.',
      resolve: ({ address }) => textProblem(address),
    }),
    score: t.exposeInt('score', { description: 'How good it is, 0 to 100.' }),
    flags: t.stringList({
      description:
        'What else holds of it: `role`, `free`, `disposable`, `catchAll`, `fullMailbox`, `disabled`, `plusTag`, `gibberish`, `suppressed`.',
      resolve: ({ flags }) => flags as Flag[],
    }),
    suggestion: t.exposeString('suggestion', {
      nullable: true,
      description: 'The address that was probably meant.',
    }),
    sendable: t.boolean({
      description: 'Whether this verdict lets mail be sent there.',
      resolve: ({ reason }) => defaultPolicy.reasons[reason as Reason].sendable,
    }),
    depth: t.field({ type: VerificationDepth, description: 'How far the check went.', resolve: ({ depth }) => depth }),
    engine: t.field({
      type: VerificationEngine,
      description: 'Who found out.',
      resolve: ({ engine }) => engine as EngineName,
    }),
    evidence: t.field({
      type: 'JSON',
      description:
        'All that the verdict rests on: what the text tells, mail hosts, replies of mail servers and services, word by word.',
      resolve: evidence,
    }),
    checkedAt: t.expose('checkedAt', { type: 'DateTime', description: 'When it was found out.' }),
    holdsUntil: t.expose('holdsUntil', {
      type: 'DateTime',
      nullable: true,
      description: 'Until when it answers for the address, or when the check can be tried again; null: for ever.',
    }),
    failed: t.exposeBoolean('failed', {
      description: 'The check could not be made; nothing is known but that.',
    }),
  }
}

function textProblem(text: string): string | null {
  const parsed = parseAddress(text)
  return parsed.ok ? null : `It ${refusalWords(text, parsed)}.`
}

async function evidence(row: VerificationRow, _args: object, { loaders }: Context): Promise<unknown> {
  const kept = (await loaders.evidence(row)) as Record<string, unknown> | null
  return { text: textFacts(row.address), ...kept }
}

export const Verification = builder.objectRef<VerificationRow>('Verification').implement({
  description: 'What was found out about an address at one time.',
  fields: (t) => verdictFields(t),
})

export const JobVerification = builder.objectRef<JobVerificationRow>('JobVerification').implement({
  description: 'An address of the list of a job with its verdict. Each different address is there once.',
  fields: (t) => ({
    ...verdictFields(t),
    position: t.float({
      description: 'The row of the list for which it was checked, from 1; further rows with it are duplicates.',
      resolve: ({ position }) => position + 1,
    }),
    fromStore: t.exposeBoolean('fromStore', { description: 'There was a verdict that held, so nobody was asked.' }),
    suppressed: t.boolean({
      description: 'It is on the list of suppressions now: the job had it before, and nobody may write to it.',
      resolve: ({ address }, _args, { loaders }) => loaders.suppressed(address),
    }),
  }),
})

export const JobVerificationConnection = connectionType(JobVerification, 'verifications')

export const JobVerificationOrder = builder.enumType('JobVerificationOrder', {
  description: 'Orders of the verified addresses of a job.',
  values: {
    INPUT: { description: 'As in the list.' },
    DOMAIN: { description: 'By domain, then by address.' },
  } as const,
})

export const VerificationFilter = builder.inputType('VerificationFilter', {
  description: 'Which verified addresses. Conditions hold together; an empty list lets nothing through.',
  fields: (t) => ({
    status: t.field({ type: [VerificationStatus], description: 'Any of these.' }),
    reason: t.field({ type: [VerificationReason], description: 'Any of these.' }),
    domain: t.string({ description: 'The domain, exactly.' }),
    text: t.string({ description: 'Part of the address, in whatever case.' }),
  }),
})
