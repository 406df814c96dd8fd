import { randomUUID } from 'node:crypto'

import type { CallTroubles } from '../../../db/service-calls.ts'
import type { ServiceFindings } from '../../engines/verify/evidence.ts'
import type { HttpAnswer, ServiceFailure } from '../../engines/verify/services/answer.ts'
import { objected } from '../../engines/verify/services/answer.ts'
import { readAnswer } from '../../engines/verify/services/read-answer.ts'
import type { Service } from '../../engines/verify/terms.ts'
import { verdict } from '../../engines/verify/verdict.ts'
import type { ErrorCategory } from '../../error-category.ts'
import { JobFailure } from '../../job-kind.ts'
import { OutgoingError } from '../../outgoing-error.ts'
import { dueNow } from '../due-checks.ts'
import type { VerifyIo } from '../io.ts'
import { type Candidate, emptyMailboxRound, type MailboxChecks, type MailboxRound } from '../mailbox-checks.ts'
import { answeredBy, keptVerdict } from '../result.ts'
import type { VerifyRules } from '../verify-batch.ts'
import { earlier } from '../wait.ts'
import { adapters } from './adapters.ts'

/** Calls of one shard at the same time: what a kill can cost twice. */
const atOnce = 5
/** The same again, after what went wrong may be over, or while the service still works on it. */
const retryMs = [1_000, 5_000, 20_000]
const pendingMs = 5_000
const mostPending = 12
/** Without a word of the service: how long nobody calls. */
const slowDownMs = 60_000
const quotaMs = 3_600_000

/** Asks a service about mailboxes for one run of a shard. An answer is paid for, so it is stored the moment it comes. */
export function createServiceChecks(io: VerifyIo, jobId: number, service: Service, signal: AbortSignal): MailboxChecks {
  const lease = randomUUID()
  const by = { depth: 'SMTP', engine: service } as const
  const adapter = adapters[service]
  let account: Promise<{ base: string; key: string }> | undefined
  let settled: string[] = []

  return {
    async committed() {
      await io.releaseClaims(lease, settled)
      settled = []
    },
    async close() {
      await io.releaseClaims(lease)
    },
    async check(candidates, rules) {
      const round = emptyMailboxRound()
      const now = io.now()
      const failed = await io.failedChecks(
        candidates.map(({ item }) => item.address),
        { ...by, ...rules },
      )
      const due = candidates.flatMap((candidate) => dueNow(candidate, failed.get(candidate.item.address), round, now))
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
    round.wait = earlier(round.wait, { at, why: `${service} is asked about ${candidate.item.address} once more` })
    return false
  }

  async function askAbout(wanted: Candidate[], round: MailboxRound, rules: VerifyRules): Promise<void> {
    const claimed = new Set(
      await io.claimAddresses(
        wanted.map(({ item }) => item.address),
        { ...by, lease },
      ),
    )
    const mine = wanted.filter(({ item }) => claimed.has(item.address))
    round.held += wanted.length - mine.length
    const meanwhile = await io.answeredMeanwhile([...claimed], rules)
    settled.push(...claimed)
    if (meanwhile.length > 0) {
      round.askStore = true
      return
    }
    await Promise.all(mine.map((candidate) => askOne(candidate, round, rules)))
  }

  async function askOne(candidate: Candidate, round: MailboxRound, rules: VerifyRules): Promise<void> {
    const { base, key } = await (account ??= io.serviceAccount(jobId, service))
    const pace = await io.reserveCall(service, key, adapter.intervalMs)
    if ('pausedUntil' in pace) {
      round.wait = earlier(round.wait, { at: pace.pausedUntil, why: `${service}: ${pace.why}` })
      return
    }
    await io.pause(pace.waitMs, signal)
    if (signal.aborted) return
    const { address } = candidate.item
    const call = await io.beginCall(jobId, service, address)
    let answer: HttpAnswer
    try {
      answer = await io.callService({ ...adapter.request(base, key, address), signal })
    } catch (error) {
      // Told to stop, the call may have been paid for: it stays as uncertain as it is.
      if (signal.aborted) return
      if (!(error instanceof OutgoingError)) throw error
      await io.endCall(call, { state: 'FAILED', message: error.message })
      return
    }
    const read = readAnswer(service, answer)
    if (read.kind === 'findings') {
      await conclude(candidate, read.said, read.raw, call, round, rules)
    } else if (read.kind === 'pending') {
      await io.endCall(call, { state: 'PENDING' })
    } else {
      await refused(candidate, read.failure, { base, key }, call, round, rules)
    }
  }

  async function conclude(
    { item, evidence }: Candidate,
    said: ServiceFindings,
    raw: unknown,
    call: number,
    round: MailboxRound,
    rules: VerifyRules,
  ): Promise<void> {
    const at = io.now()
    const known = { ...evidence, at: at.toISOString(), service: { service, at: at.toISOString(), raw, said } }
    const outcome = verdict(known, io.policy, at)
    const kept = keptVerdict(item, known, outcome)
    // Not with the step: until that is stored, a kill would have it paid for once more.
    if (kept) await io.keepAtOnce(jobId, rules, kept)
    await io.endCall(call, { state: 'ANSWERED' })
    if (said.catchAll !== null) await io.saveCatchAll(item.domain, { is: said.catchAll, at })
    const { kept: _kept, ...answered } = answeredBy(item, known, outcome)
    round.answered.push(answered)
  }

  async function refused(
    candidate: Candidate,
    { kind, message, afterMs, until }: ServiceFailure,
    { base, key }: { base: string; key: string },
    call: number,
    round: MailboxRound,
    rules: VerifyRules,
  ): Promise<void> {
    const pause = async (at: Date, why: string) => {
      await io.pauseService(service, key, at, why)
      round.wait = earlier(round.wait, { at, why: `${service}: ${why}` })
    }
    const inMs = (ms: number) => new Date(io.now().getTime() + ms)
    // A pause is none of this address's own failures.
    await io.endCall(
      call,
      kind === 'slow-down' || kind === 'quota' ? { state: 'ANSWERED' } : { state: 'FAILED', message },
    )
    switch (kind) {
      case 'retry':
        return
      case 'slow-down':
        await pause(inMs(afterMs ?? slowDownMs), `asked to go slower (${message})`)
        return
      case 'quota': {
        const refill = until ?? (await io.quotaReset(service, base, key, signal))
        await pause(refill ? new Date(refill) : inMs(afterMs ?? quotaMs), `paid calls are used up (${message})`)
        return
      }
      case 'key':
        throw new JobFailure('SERVICE_KEY_REFUSED', `${service} refuses the key: ${message}`)
      case 'suppress':
        await conclude(candidate, objected, { objected: message }, call, round, rules)
        return
      case 'ours-to-fix':
        if (adapter.stopsAtBadRequest)
          throw new JobFailure('SERVICE_REFUSED', `${service} refuses the request: ${message}`)
        giveUp(candidate, round, 'provider', message)
        return
    }
  }

  function giveUp({ item, evidence }: Candidate, round: MailboxRound, category: ErrorCategory, message: string): void {
    const { status, score } = io.policy.reasons.inconclusive
    const said = { ...verdict(evidence, io.policy, io.now()), status, score, reason: 'inconclusive' as const }
    round.answered.push(answeredBy(item, evidence, said, { category, message: `${service}: ${message}` }))
  }
}
