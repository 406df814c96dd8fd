import {
  countByDay,
  countByDepth,
  countByDomain,
  countByMxOrganisation,
  countByReason,
  type DepthCount,
  type GroupCounts,
  type ReasonCount,
  type StatsScope,
} from '../db/verification-stats.ts'
import type { Reason } from '../jobs/engines/verify/terms.ts'
import { badUserInput } from './bad-user-input.ts'
import { builder } from './builder.ts'
import { findJob } from './job.ts'
import { VerificationDepth, VerificationReason, VerificationStatus } from './verification-enums.ts'

const mostGroups = 200

const ReasonCounts = builder.objectRef<ReasonCount>('VerificationReasonCount').implement({
  description: 'Addresses with the same verdict.',
  fields: (t) => ({
    status: t.field({ type: VerificationStatus, description: 'Their status.', resolve: ({ status }) => status }),
    reason: t.field({
      type: VerificationReason,
      description: 'The reason for it.',
      resolve: ({ reason }) => reason as Reason,
    }),
    count: t.exposeFloat('count', { description: 'How many.' }),
  }),
})

const DepthCounts = builder.objectRef<DepthCount>('VerificationDepthCount').implement({
  description: 'Addresses that were checked equally far.',
  fields: (t) => ({
    depth: t.field({ type: VerificationDepth, description: 'How far.', resolve: ({ depth }) => depth }),
    count: t.exposeFloat('count', { description: 'How many.' }),
  }),
})

const Group = builder.objectRef<GroupCounts>('VerificationGroup').implement({
  description: 'Addresses that have something in common, by status.',
  fields: (t) => ({
    name: t.exposeString('name', {
      description: 'What they have in common: a domain, who runs the mail hosts, or a day as `2026-11-26` (UTC).',
    }),
    count: t.exposeFloat('count', { description: 'How many there are.' }),
    valid: t.exposeFloat('valid', { description: 'Of these VALID.' }),
    risky: t.exposeFloat('risky', { description: 'Of these RISKY.' }),
    invalid: t.exposeFloat('invalid', { description: 'Of these INVALID.' }),
    unknown: t.exposeFloat('unknown', { description: 'Of these UNKNOWN.' }),
  }),
})

const Stats = builder.objectRef<StatsScope>('VerificationStats').implement({
  description: 'Sums over verified addresses.',
  fields: (t) => {
    const first = t.arg.int({ required: true, defaultValue: 20, description: `How many at most: 1 to ${mostGroups}.` })
    return {
      total: t.float({
        description: 'How many addresses.',
        resolve: async (scope, _args, { engine }) =>
          (await countByReason(engine.db, scope)).reduce((sum, { count }) => sum + count, 0),
      }),
      byReason: t.field({
        type: [ReasonCounts],
        description: 'By status and reason, the most frequent first.',
        resolve: (scope, _args, { engine }) => countByReason(engine.db, scope),
      }),
      byDepth: t.field({
        type: [DepthCounts],
        description: 'By how far the checks went, the deepest first.',
        resolve: (scope, _args, { engine }) => countByDepth(engine.db, scope),
      }),
      byDomain: t.field({
        type: [Group],
        description: 'The domains with the most addresses.',
        args: { first },
        resolve: (scope, args, { engine }) => countByDomain(engine.db, scope, limitOf(args)),
      }),
      byMxOrganisation: t.field({
        type: [Group],
        description: 'Those who run the mail hosts of the most addresses.',
        args: { first },
        resolve: (scope, args, { engine }) => countByMxOrganisation(engine.db, scope, limitOf(args)),
      }),
      byDay: t.field({
        type: [Group],
        description: 'By the day on which they were checked: the latest days, in their order.',
        args: { first },
        resolve: (scope, args, { engine }) => countByDay(engine.db, scope, limitOf(args)),
      }),
    }
  },
})

builder.queryField('verificationStats', (t) =>
  t.field({
    type: Stats,
    nullable: true,
    description:
      'Sums over verified addresses: those of a job, or all that are known, each with the verdict that says most. Null where there is no such job, or it is not yours.',
    args: {
      jobId: t.arg.id({ description: 'Only those of the list of this job.' }),
      domain: t.arg.string({ description: 'Only those at this domain, exactly.' }),
    },
    async resolve(_root, { jobId, domain }, context) {
      const scope = { domain: domain?.toLowerCase() }
      if (jobId == null) return scope
      const job = await findJob(jobId, context)
      return job && { ...scope, jobId: job.id }
    },
  }),
)

function limitOf({ first }: { first: number }): number {
  if (first < 1 || first > mostGroups) throw badUserInput(`first must be from 1 to ${mostGroups}, not ${first}.`)
  return first
}
