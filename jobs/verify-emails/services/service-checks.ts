import { randomUUID } from 'node:crypto'

import type { CallTroubles } from '../../../db/service-calls.ts'
import type { HttpAnswer, ServiceFailure } from '../../engines/verify/services/answer.ts'
import { objected } from '../../engines/verify/services/answer.ts'
import type { SaidOfOne } from '../../engines/verify/services/batch-reply.ts'
import { readAnswer } from '../../engines/verify/services/read-answer.ts'
import { type Service, serviceNames } from '../../engines/verify/terms.ts'
import { verdict } from '../../engines/verify/verdict.ts'
import type { ErrorCategory } from '../../error-category.ts'
import { OutgoingError } from '../../outgoing-error.ts'
import { dueNow } from '../due-checks.ts'
import type { VerifyIo } from '../io.ts'
import {
  type Candidate,
  emptyMailboxRound,
  type MailboxChecks,
  type MailboxRound,
  renewEveryMs,
} from '../mailbox-checks.ts'
import { answeredBy, keptVerdict } from '../result.ts'
import type { VerifyRules } from '../verify-batch.ts'
import { earlier } from '../wait.ts'
import { adapters } from './adapters.ts'
import { createBatches } from './batches.ts'
import { heedRefusal, isForNow, type ServiceAccount } from './service-pauses.ts'
import { withoutKey } from './without-key.ts'

/** Calls of one shard at the same time: what a kill can cost twice. */
const atOnce = 5
/** The same again, after what went wrong may be over, or while the service still works on it. */
const retryMs = [1_000, 5_000, 20_000]
const pendingMs = 5_000
const mostPending = 12
/** The call has a limit of its own. */
const neverMind = new AbortController().signal

/**
 * Asks a service about mailboxes for one run of a shard. An answer is paid for, so it is stored the moment it comes; and a call that is on its way is not broken
 * off: a run that is told to stop leaves it behind, with the claim of its address.
 */
export function createServiceChecks(io: VerifyIo, jobId: number, service: Service, signal: AbortSignal): MailboxChecks {
  const lease = randomUUID()
  const by = { depth: 'SMTP', engine: service } as const
  const adapter = adapters[service]
  let known: Promise<ServiceAccount> | undefined
  const account = () => (known ??= io.serviceAccount(jobId, service))
  /** Claimed, and given back once nothing is on its way for it. */
  let settled: string[] = []
  const onTheWay = new Set<Promise<void>>()
  const askedAbout = new Set<string>()
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
  const batches = createBatches({ io, jobId, service, signal, account, claim, conclude, untilStopped })
  // The next time is early enough.
  const renewing = setInterval(() => void io.renewClaims(lease, []).catch(() => {}), renewEveryMs)

  return {
    committed: giveBack,
    async close() {
      await giveBack()
      const rest = Promise.allSettled(onTheWay).then(async () => {
        clearInterval(renewing)
        await io.releaseClaims(lease)
      })
      if (onTheWay.size === 0) await rest
      else io.leaveBehind(rest)
    },
    async check(candidates, rules) {
      const round = emptyMailboxRound()
      const now = io.now()
      const failed = await io.failedChecks(
        candidates.map(({ item }) => item.address),
        { ...by, ...rules },
      )
      const due = await batches.take(
        candidates.flatMap((candidate) => dueNow(candidate, failed.get(candidate.item.address), round, now)),
        round,
        rules,
      )
      const troubles = await io.callTroubles(
        jobId,
        service,
        due.map(({ item }) => item.address),
      )
      const ready = due.filter((candidate) => isReady(candidate, troubles.get(candidate.item.address), round))
      if (ready.length > 0) await askAbout(ready.slice(0, atOnce), round, rules)
      return round
    },
  }

  async function giveBack(): Promise<void> {
    const over = settled.filter((address) => !askedAbout.has(address))
    settled = settled.filter((address) => askedAbout.has(address))
    await io.releaseClaims(lease, over)
  }

  /** Waits for what costs; told to stop, it goes on without anybody who waits. */
  async function untilStopped(work: Promise<void>): Promise<void> {
    onTheWay.add(work)
    const over = work.finally(() => onTheWay.delete(work))
    // What it fails with the next run meets as well.
    over.catch(() => {})
    await Promise.race([over, stopped])
  }

  /** What is wrong may be over the next time; a few times, then that is what became of the address. */
  function isReady(candidate: Candidate, trouble: CallTroubles | undefined, round: MailboxRound): boolean {
    if (!trouble) return true
    const { failed, pending, lastAt, message } = trouble
    const pauseMs = Math.max(pending > 0 ? pendingMs : 0, failed > 0 ? (retryMs[failed - 1] ?? 0) : 0)
    if (failed > retryMs.length || pending > mostPending) {
      giveUp(candidate, round, 'provider', message ?? 'it still works on it')
      return false
    }
    const at = new Date(lastAt.getTime() + pauseMs)
    if (at <= io.now()) return true
    round.wait = earlier(round.wait, {
      at,
      why: `${serviceNames[service]} is asked about ${candidate.item.address} once more`,
    })
    return false
  }

  async function askAbout(wanted: Candidate[], round: MailboxRound, rules: VerifyRules): Promise<void> {
    const mine = await claim(wanted, round, rules)
    await Promise.all(mine.map((candidate) => askOne(candidate, round, rules)))
  }

  /** Those that nobody else is at; none where the store has learnt something about them in the meantime. */
  async function claim(wanted: readonly Candidate[], round: MailboxRound, rules: VerifyRules): Promise<Candidate[]> {
    const claimed = new Set(
      await io.claimAddresses(
        wanted.map(({ item }) => item.address),
        { ...by, lease },
      ),
    )
    settled.push(...claimed)
    const mine = wanted.filter(({ item }) => claimed.has(item.address))
    round.held += wanted.length - mine.length
    const { key } = await account()
    const [answered, batched] = await Promise.all([
      io.answeredMeanwhile([...claimed], rules),
      io.batchedAddresses(service, key, [...claimed], rules.notBefore),
    ])
    const isOpen = batched
      .values()
      .some(({ state, answer }) => ['SENDING', 'RUNNING'].includes(state) || answer !== null)
    if (answered.length === 0 && !isOpen) return mine
    round.askStore = true
    return []
  }

  async function askOne(candidate: Candidate, round: MailboxRound, rules: VerifyRules): Promise<void> {
    const { base, key } = await account()
    const pace = await io.reserveCall(service, key, adapter.intervalMs)
    if ('pausedUntil' in pace) {
      round.wait = earlier(round.wait, { at: pace.pausedUntil, why: `${serviceNames[service]}: ${pace.why}` })
      return
    }
    await io.pause(pace.waitMs, signal)
    if (signal.aborted) return
    const { address } = candidate.item
    askedAbout.add(address)
    await untilStopped(call(candidate, { base, key }, round, rules).finally(() => askedAbout.delete(address)))
  }

  async function call(
    candidate: Candidate,
    { base, key }: ServiceAccount,
    round: MailboxRound,
    rules: VerifyRules,
  ): Promise<void> {
    const { address } = candidate.item
    const call = await io.beginCall(jobId, service, address)
    if (call === undefined) {
      round.askStore = true
      return
    }
    let answer: HttpAnswer
    try {
      answer = await io.callService({ ...adapter.request(base, key, address), signal: neverMind })
    } catch (error) {
      if (!(error instanceof OutgoingError)) throw error
      await io.endCall(call, { state: 'FAILED', message: error.message })
      return
    }
    const read = readAnswer(service, withoutKey(answer, key))
    if (read.kind === 'findings') {
      await conclude(candidate, read, round, rules)
      await io.endCall(call, { state: 'ANSWERED' })
    } else if (read.kind === 'pending') {
      await io.endCall(call, { state: 'PENDING' })
    } else {
      await refused(candidate, read.failure, { base, key }, call, round, rules)
    }
  }

  async function conclude(
    { item, evidence }: Candidate,
    { said, raw }: SaidOfOne,
    round: MailboxRound,
    rules: VerifyRules,
  ): Promise<void> {
    const at = io.now()
    const known = { ...evidence, at: at.toISOString(), service: { service, at: at.toISOString(), raw, said } }
    const outcome = verdict(known, io.policy, at)
    const kept = keptVerdict(item, known, outcome)
    // Not with the step: until that is stored, a kill would have it paid for once more.
    if (kept) await io.keepAtOnce(jobId, rules, kept)
    if (said.catchAll !== null) await io.saveCatchAll(item.domain, { is: said.catchAll, at })
    const { kept: _kept, ...answered } = answeredBy(item, known, outcome)
    round.answered.push(answered)
  }

  async function refused(
    candidate: Candidate,
    failure: ServiceFailure,
    account: ServiceAccount,
    call: number,
    round: MailboxRound,
    rules: VerifyRules,
  ): Promise<void> {
    const { kind, message } = failure
    // A pause is none of this address's own failures, and an objection is an answer.
    const isNone = isForNow(failure) || kind === 'suppress'
    await io.endCall(call, isNone ? { state: 'ANSWERED' } : { state: 'FAILED', message })
    if (kind === 'suppress') await conclude(candidate, { said: objected, raw: { objected: message } }, round, rules)
    else if (!(await heedRefusal({ io, service, signal }, account, failure, round)) && kind === 'ours-to-fix')
      giveUp(candidate, round, 'provider', message)
  }

  function giveUp({ item, evidence }: Candidate, round: MailboxRound, category: ErrorCategory, message: string): void {
    const { status, score } = io.policy.reasons.inconclusive
    const said = { ...verdict(evidence, io.policy, io.now()), status, score, reason: 'inconclusive' as const }
    round.answered.push(answeredBy(item, evidence, said, { category, message: `${serviceNames[service]}: ${message}` }))
  }
}
