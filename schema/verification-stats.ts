import type { Kysely } from 'kysely'

import type { DB } from '../db/types.ts'
import {
  countByMxOrganisation,
  type DepthCount,
  type GroupCounts,
  type ReasonCount,
  type StatsScope,
  sumVerdicts,
  type VerificationSums,
} from '../db/verification-stats.ts'
import type { Reason } from '../jobs/engines/verify/terms.ts'
import { badUserInput } from './bad-user-input.ts'
import { builder } from './builder.ts'
import { findJob } from './job.ts'
import { keptAnswers } from './kept-answers.ts'
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
    notAddresses: t.exposeFloat('notAddresses', {
      description: 'Of these, entries of the list of a job that are no addresses.',
    }),
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

interface Sums {
  sums(): Promise<VerificationSums>
  byMxOrganisation(): Promise<GroupCounts[]>
}

const Stats = builder.objectRef<Sums>('VerificationStats').implement({
  description:
    'Sums over verified addresses. Where there are very many they may be some seconds old while a job goes on.',
  fields: (t) => {
    const first = t.arg.int({ required: true, defaultValue: 20, description: `How many at most: 1 to ${mostGroups}.` })
    return {
      total: t.float({
        description: 'How many addresses; of a job its results, entries that are no addresses among them.',
        resolve: async ({ sums }) => (await sums()).total,
      }),
      byReason: t.field({
        type: [ReasonCounts],
        description: 'By status and reason, the most frequent first.',
        resolve: async ({ sums }) => (await sums()).byReason,
      }),
      byDepth: t.field({
        type: [DepthCounts],
        description: 'By how far the checks went, the deepest first.',
        resolve: async ({ sums }) => (await sums()).byDepth,
      }),
      byDomain: t.field({
        type: [Group],
        description: 'The domains with the most addresses.',
        args: { first },
        resolve: async ({ sums }, args) => (await sums()).byDomain.slice(0, limitOf(args)),
      }),
      byMxOrganisation: t.field({
        type: [Group],
        description: 'Those who run the mail hosts of the most addresses.',
        args: { first },
        resolve: async ({ byMxOrganisation }, args) => (await byMxOrganisation()).slice(0, limitOf(args)),
      }),
      byDay: t.field({
        type: [Group],
        description: 'By the day on which they were checked: the latest days, in their order.',
        args: { first },
        resolve: async ({ sums }, args) => (await sums()).byDay.slice(-limitOf(args)),
      }),
    }
  },
})

/** All rows are read for sums: not for each who looks at them again. */
const kept = new WeakMap<Kysely<DB>, ReturnType<typeof keptAnswers>>()

/** `version` changes where older sums must not be shown. */
function sumsOf(db: Kysely<DB>, scope: StatsScope, version: string): Sums {
  const ask = kept.get(db) ?? keptAnswers()
  kept.set(db, ask)
  const key = (what: string) => JSON.stringify([what, scope, version])
  return {
    sums: () => ask(key('sums'), () => sumVerdicts(db, scope, mostGroups)) as Promise<VerificationSums>,
    byMxOrganisation: () =>
      ask(key('mx'), () => countByMxOrganisation(db, scope, mostGroups)) as Promise<GroupCounts[]>,
  }
}

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
      const { db } = context.engine
      const scope = { domain: domain?.toLowerCase() }
      if (jobId == null) return sumsOf(db, scope, '')
      const job = await findJob(jobId, context)
      // Of a job that has ended they are those of its end.
      return job && sumsOf(db, { ...scope, jobId: job.id }, job.state)
    },
  }),
)

function limitOf({ first }: { first: number }): number {
  if (first < 1 || first > mostGroups) throw badUserInput(`first must be from 1 to ${mostGroups}, not ${first}.`)
  return first
}
