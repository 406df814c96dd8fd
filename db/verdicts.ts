import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely'

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

/** A verdict with what it rests on. Rows that share one share the object, and it is sent once for all of them. */
export interface FullVerdict extends VerdictRow {
  /** Null: nothing but the text, and what DNS said of the domain at `factsAt`. */
  evidence: unknown
  /** Null where the evidence holds what is known of the domain. */
  factsAt: Date | null
  /** When to check once more; null: final until it holds no longer. */
  retryAt: Date | null
  /** How often it was checked for this. */
  tries: number
}

/** A verdict to be kept, by address, depth and engine, for an address of the job's list. */
export interface NewVerdict {
  position: number
  /** Normal form. */
  address: string
  verdict: FullVerdict
}

export interface VerdictArgs {
  jobId: number
  forced: boolean
  /** What was checked before is as good as nothing. */
  notBefore: Date | null
}

/**
 * Keeps verdicts, sorted by their key; addresses are read from the list. One that holds already stays as it is: two jobs that ask at the same time make one check. What is replaced goes into
 * the history.
 */
export async function saveVerdicts(
  trx: Transaction<DB>,
  args: VerdictArgs,
  verdicts: readonly NewVerdict[],
): Promise<void> {
  if (verdicts.length === 0) return
  const { said, positions, first, last } = byVerdict(verdicts)
  await insertVerdicts(trx, args, said, positions, itemsAt(args.jobId, first, last))
}

/** The same for one, whether its address still stands in the list of the job or not. */
export async function saveVerdict(
  trx: Transaction<DB>,
  args: VerdictArgs,
  { address, verdict }: NewVerdict,
): Promise<void> {
  const domain = address.slice(address.lastIndexOf('@') + 1)
  await insertVerdicts(
    trx,
    args,
    [verdict],
    [''],
    sql`cross join (select ${address}::text, ${domain}::text) i(address, domain)`,
  )
}

/** `items`: joins addresses and their domains as `i` to `s.positions`. */
async function insertVerdicts(
  trx: Transaction<DB>,
  { jobId, forced, notBefore }: VerdictArgs,
  said: readonly FullVerdict[],
  positions: readonly string[],
  items: RawBuilder<unknown>,
): Promise<void> {
  const column = <K extends keyof FullVerdict>(name: K) => said.map((verdict) => verdict[name])
  await sql`
    insert into verdicts as v (address, depth, engine, domain, status, reason, score, flags, suggestion, evidence, facts_at, checked_at, holds_until, failed,
      retry_at, tries, forced, job_id)
    select distinct on (i.address, s.depth, s.engine) i.address, s.depth, s.engine, i.domain, s.status, s.reason, s.score, string_to_array(s.flags, ','), s.suggestion, s.evidence::jsonb, s.facts_at,
      s.checked_at, s.holds_until, s.failed, s.retry_at, s.tries, ${forced}::boolean, ${jobId}::bigint
    from unnest(${positions}::text[], ${verdictArrays(said)}, ${column('evidence').map((evidence) => (evidence === null ? null : jsonText(evidence)))}::text[],
      ${column('factsAt')}::timestamptz[], ${column('retryAt')}::timestamptz[], ${column('tries')}::int[])
      s(positions, ${verdictArrayNames}, evidence, facts_at, retry_at, tries)
    ${items}
    order by i.address, s.depth, s.engine, s.checked_at desc
    on conflict (address, depth, engine) do update set status = excluded.status, reason = excluded.reason, score = excluded.score, flags = excluded.flags,
      suggestion = excluded.suggestion, evidence = excluded.evidence, facts_at = excluded.facts_at, checked_at = excluded.checked_at, holds_until = excluded.holds_until,
      failed = excluded.failed, retry_at = excluded.retry_at, tries = excluded.tries, checks = v.checks + 1, forced = excluded.forced, job_id = excluded.job_id
    where v.checked_at < excluded.checked_at
      and (v.failed or v.holds_until <= excluded.checked_at or v.checked_at < ${notBefore}::timestamptz)`.execute(trx)
}

/** Verdicts with the positions of the rows that share them, as `1,2,3`, and the first and last of all positions. */
export function byVerdict<T extends VerdictRow>(rows: readonly { position: number; verdict: T }[]) {
  const at = new Map<T, number[]>()
  let [first, last] = [Infinity, 0]
  for (const { position, verdict } of rows) {
    const before = at.get(verdict)
    if (before) before.push(position)
    else at.set(verdict, [position])
    if (position < first) first = position
    if (position > last) last = position
  }
  return { said: [...at.keys()], positions: [...at.values()].map((all) => all.join()), first, last }
}

/** Arrays for `unnest`, whose columns are `verdictArrayNames`; the flags of each are `a,b`. */
export function verdictArrays(said: readonly VerdictRow[]) {
  const column = <K extends keyof VerdictRow>(name: K) => said.map((verdict) => verdict[name])
  return sql`${column('status')}::text[], ${column('reason')}::text[], ${column('score')}::smallint[], ${said.map(({ flags }) => flags.join())}::text[],
    ${said.map(({ suggestion }) => suggestion && storableText(suggestion))}::text[], ${column('depth')}::text[], ${column('engine')}::text[],
    ${column('checkedAt')}::timestamptz[], ${column('holdsUntil')}::timestamptz[], ${column('failed')}::boolean[]`
}

export const verdictArrayNames = sql.raw(
  'status, reason, score, flags, suggestion, depth, engine, checked_at, holds_until, failed',
)

/** Joins the rows `i` of the list to `s.positions`. The bounds say for any plan that it is a small part of the list. */
export function itemsAt(jobId: number, first: number, last: number) {
  return sql`cross join lateral unnest(string_to_array(s.positions, ',')::bigint[]) p(position)
    join verify_items i on i.job_id = ${jobId} and i.position = p.position and i.position between ${first} and ${last} and i.address is not null`
}

/** Which verdicts of the store answer. */
export interface Answering {
  /** The preferred first. */
  answers: readonly { depth: string; engine: string }[]
  now: Date
  /** What was checked before does not. */
  notBefore: Date | null
}

/** For `answers` in SQL: `v.depth || ' ' || v.engine` of verdicts that do, the preferred first. */
export function preferred(answers: Answering['answers']): string[] {
  return answers.map(({ depth, engine }) => `${depth} ${engine}`)
}

/**
 * Whether a verdict `v` of the store answers. Who has objected to a service is asked about nowhere any more, whoever asks, and however anew: that answers
 * everything.
 */
export function answering(store: Answering): RawBuilder<unknown> {
  return sql`(${hasObjected} or (${holding(store)} and v.depth || ' ' || v.engine = any(${preferred(store.answers)}::text[])))`
}

export const hasObjected = sql`v.reason = 'legal_refusal'`

/** Whether a verdict `v` still says something. */
function holding({ now, notBefore }: Pick<Answering, 'now' | 'notBefore'>): RawBuilder<unknown> {
  return sql`not v.failed and (v.holds_until is null or v.holds_until > ${now}) and (${notBefore}::timestamptz is null or v.checked_at >= ${notBefore})`
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
  store: Answering,
): Promise<string[]> {
  const { rows } = await sql<{ address: string }>`
    select distinct v.address from verdicts v
    where v.address = any(${addresses}::text[]) and ${answering(store)}`.execute(db)
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
