import { type Kysely, sql, type Transaction } from 'kysely'

import { jsonText, storableText } from './json.ts'
import type { DB, VerdictsDepth, VerdictsStatus } from './types.ts'

/** What a verdict says; the columns that verdicts and the results of jobs share. */
export interface VerdictRow {
  status: VerdictsStatus
  reason: string
  /** 0 to 100. */
  score: number
  flags: string[]
  suggestion: string | null
  depth: VerdictsDepth
  engine: string
  checkedAt: Date
  /** Null: for ever. */
  holdsUntil: Date | null
  /** Nothing is known but that the check could not be made. */
  failed: boolean
}

/** A verdict to be kept, by address, depth and engine. */
export interface NewVerdict extends VerdictRow {
  domain: string
  /** Normal form. */
  address: string
  evidence: unknown
  /** When to check once more; null: final until it holds no longer. */
  retryAt: Date | null
  /** How often it was checked for this. */
  tries: number
}

export interface VerdictArgs {
  jobId: number
  forced: boolean
  /** What was checked before is as good as nothing. */
  notBefore: Date | null
}

/**
 * Keeps verdicts, sorted by their key. One that holds already stays as it is: two jobs that ask at the same time make one check. What is replaced goes into
 * the history.
 */
export async function saveVerdicts(
  trx: Transaction<DB>,
  { jobId, forced, notBefore }: VerdictArgs,
  verdicts: readonly NewVerdict[],
): Promise<void> {
  if (verdicts.length === 0) return
  const column = <K extends keyof NewVerdict>(name: K) => verdicts.map((verdict) => verdict[name])
  await sql`
    insert into verdicts as v (address, depth, engine, domain, status, reason, score, flags, suggestion, evidence, checked_at, holds_until, failed, retry_at,
      tries, forced, job_id)
    select n.address, n.depth, n.engine, n.domain, n.status, n.reason, n.score, string_to_array(n.flags, ','), n.suggestion, n.evidence::jsonb, n.checked_at,
      n.holds_until, n.failed, n.retry_at, n.tries, ${forced}::boolean, ${jobId}::bigint
    from unnest(${column('address')}::text[], ${column('depth')}::text[], ${column('engine')}::text[], ${column('domain')}::text[],
      ${column('status')}::text[], ${column('reason')}::text[], ${column('score')}::smallint[], ${verdicts.map(({ flags }) => flags.join())}::text[],
      ${verdicts.map(({ suggestion }) => suggestion && storableText(suggestion))}::text[], ${verdicts.map(({ evidence }) => jsonText(evidence))}::text[],
      ${column('checkedAt')}::timestamptz[], ${column('holdsUntil')}::timestamptz[], ${column('failed')}::boolean[], ${column('retryAt')}::timestamptz[],
      ${column('tries')}::int[])
      n(address, depth, engine, domain, status, reason, score, flags, suggestion, evidence, checked_at, holds_until, failed, retry_at, tries)
    order by n.address collate "C", n.depth, n.engine
    on conflict (address, depth, engine) do update set status = excluded.status, reason = excluded.reason, score = excluded.score, flags = excluded.flags,
      suggestion = excluded.suggestion, evidence = excluded.evidence, checked_at = excluded.checked_at, holds_until = excluded.holds_until,
      failed = excluded.failed, retry_at = excluded.retry_at, tries = excluded.tries, checks = v.checks + 1, forced = excluded.forced, job_id = excluded.job_id
    where v.checked_at < excluded.checked_at
      and (v.failed or v.holds_until <= excluded.checked_at or v.checked_at < ${notBefore}::timestamptz)`.execute(trx)
}

export interface FailedCheck extends VerdictRow {
  address: string
  retryAt: Date | null
  tries: number
}

/** Checks that could not be made, by address: those that are to be made once more, and those whose outcome still holds. */
export async function failedChecks(
  db: Kysely<DB>,
  addresses: readonly string[],
  { depth, engine, now, notBefore }: { depth: string; engine: string; now: Date; notBefore: Date | null },
): Promise<Map<string, FailedCheck>> {
  if (addresses.length === 0) return new Map()
  const { rows } = await sql<FailedCheck>`
    select v.address, v.retry_at as "retryAt", v.tries, ${verdictColumns('v')} from verdicts v
    where v.address = any(${addresses}::text[]) and v.depth = ${depth} and v.engine = ${engine} and v.failed
      and (v.retry_at is not null or v.holds_until > ${now}) and (${notBefore}::timestamptz is null or v.checked_at >= ${notBefore})`.execute(
    db,
  )
  return new Map(rows.map((row) => [row.address, row]))
}

/** Those of the addresses that have a verdict which answers. */
export async function answeredAddresses(
  db: Kysely<DB>,
  addresses: readonly string[],
  {
    answers,
    now,
    notBefore,
  }: { answers: readonly { depth: string; engine: string }[]; now: Date; notBefore: Date | null },
): Promise<string[]> {
  const { rows } = await sql<{ address: string }>`
    select distinct v.address from verdicts v
    join unnest(${answers.map(({ depth }) => depth)}::text[], ${answers.map(({ engine }) => engine)}::text[]) a(depth, engine) using (depth, engine)
    where v.address = any(${addresses}::text[]) and not v.failed and (v.holds_until is null or v.holds_until > ${now})
      and (${notBefore}::timestamptz is null or v.checked_at >= ${notBefore})`.execute(db)
  return rows.map(({ address }) => address)
}

/** Failed checks of these addresses may be made again at once. */
export async function forgetFailedChecks(trx: Transaction<DB>, addresses: readonly string[]): Promise<void> {
  await sql`
    with failed as (
      select address, depth, engine from verdicts where address = any(${addresses}::text[]) and failed order by address, depth, engine for update)
    update verdicts v set holds_until = least(v.holds_until, now()), retry_at = least(v.retry_at, now()) from failed f
    where v.address = f.address and v.depth = f.depth and v.engine = f.engine`.execute(trx)
}

export function verdictColumns(table: string) {
  return sql.raw(`${table}.status, ${table}.reason, ${table}.score, ${table}.flags, ${table}.suggestion, ${table}.depth, ${table}.engine,
    ${table}.checked_at as "checkedAt", ${table}.holds_until as "holdsUntil", ${table}.failed`)
}
