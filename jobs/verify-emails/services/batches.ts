import type { Batched } from '../../../db/service-batches.ts'
import type { ServiceFailure } from '../../engines/verify/services/answer.ts'
import type { BatchReply, SaidOfOne } from '../../engines/verify/services/batch-reply.ts'
import { type Service, serviceNames } from '../../engines/verify/terms.ts'
import { OutgoingError } from '../../outgoing-error.ts'
import type { VerifyIo } from '../io.ts'
import type { Candidate, MailboxRound } from '../mailbox-checks.ts'
import type { VerifyRules } from '../verify-batch.ts'
import { earlier } from '../wait.ts'
import { type BatchAdapter, batchAdapters } from './batch-adapters.ts'
import { heedRefusal, isForNow, type ServiceAccount } from './service-pauses.ts'
import { withoutKey } from './without-key.ts'

/** Verdicts that one step is made of at most. */
const concludedAtOnce = 200
const firstPollMs = 2_000
const longestPollMs = 60_000
/** A batch that goes on for about a day is given up. */
const mostPolls = 1_500
/** A service may tell each word that was said to the mail servers of 500 addresses. */
const largestReplyBytes = 50_000_000
/** Sending has a limit of its own. */
const neverMind = new AbortController().signal

interface BatchDeps {
  io: VerifyIo
  jobId: number
  service: Service
  signal: AbortSignal
  account(): Promise<ServiceAccount>
  /** Those of the candidates that nobody else is at. */
  claim(wanted: readonly Candidate[], round: MailboxRound, rules: VerifyRules): Promise<Candidate[]>
  conclude(candidate: Candidate, answer: SaidOfOne, round: MailboxRound, rules: VerifyRules): Promise<void>
  /** Waits for what costs; told to stop, it goes on without anybody who waits. */
  untilStopped(work: Promise<void>): Promise<void>
}

/** Or that it says more than can be read, which it would the next time, too. */
type Heard = BatchReply | { kind: 'too-large'; message: string }

export interface Batches {
  /** Takes candidates that are in a batch, or go into one now; returns the others, to be asked about one by one. */
  take(due: readonly Candidate[], round: MailboxRound, rules: VerifyRules): Promise<readonly Candidate[]>
}

/**
 * Batches of a service, for one run of a shard. Each is written down before it is sent, and its id the moment it comes: only what is killed in between is sent
 * twice. A stop breaks off none that is on its way. Whoever wants an address of a batch asks for it, and all that it says is stored at once; so nobody waits with a claim in hand.
 */
export function createBatches(deps: BatchDeps): Batches {
  const { io, jobId, service, signal, claim, conclude, untilStopped } = deps
  const adapter = batchAdapters[service]
  return {
    async take(due, round, rules) {
      if (!adapter || due.length === 0) return due
      const account = await deps.account()
      const addresses = due.map(({ item }) => item.address)
      const batched = await io.batchedAddresses(service, account.key, addresses, rules.notBefore)
      const running = new Map<number, Batched>()
      const single: Candidate[] = []
      const fresh: Candidate[] = []
      let concluded = 0
      for (const candidate of due) {
        const batch = batched.get(candidate.item.address)
        if (!batch) fresh.push(candidate)
        else if (batch.state === 'SENDING') round.held++
        else if (batch.state === 'RUNNING') running.set(batch.batchId, batch)
        else if (batch.answer === null) single.push(candidate)
        else if (concluded++ < concludedAtOnce) await conclude(candidate, batch.answer as SaidOfOne, round, rules)
      }
      for (const batch of running.values()) await poll(adapter, account, batch, round)
      if (fresh.length < adapter.least) return [...single, ...fresh]
      if (running.size === 0 && concluded === 0 && !signal.aborted)
        await submit(adapter, account, fresh.slice(0, adapter.size), round, rules)
      return single
    },
  }

  async function submit(
    { intervalMs, submit: request, read }: BatchAdapter,
    account: ServiceAccount,
    wanted: Candidate[],
    round: MailboxRound,
    rules: VerifyRules,
  ): Promise<void> {
    const { base, key } = account
    const pace = await io.reserveBatch(service, key, intervalMs)
    if ('pausedUntil' in pace) {
      round.wait = earlier(round.wait, { at: pace.pausedUntil, why: `${serviceNames[service]}: ${pace.why}` })
      return
    }
    if (pace.waitMs > 0) {
      round.wait = earlier(round.wait, {
        at: inMs(pace.waitMs),
        why: `${serviceNames[service]}: pause between batches`,
      })
      return
    }
    const mine = await claim(wanted, round, rules)
    if (mine.length === 0) return
    const batch = await io.beginBatch(
      service,
      key,
      jobId,
      mine.map(({ item }) => item.address),
    )
    if (!batch || batch.addresses.length < mine.length) round.askStore = true
    if (batch) await untilStopped(send(batch.id, request(base, key, batch.addresses), read, account, round))
  }

  async function send(
    batch: number,
    request: ReturnType<BatchAdapter['submit']>,
    read: BatchAdapter['read'],
    account: ServiceAccount,
    round: MailboxRound,
  ): Promise<void> {
    try {
      const reply = await call(request, read, account.key, neverMind)
      if (reply) await heed(batch, reply, account, round)
    } catch (error) {
      // So that nobody waits for it; where it says something already, it stays as it is.
      await io.batchIsUncertain(batch).catch(() => {})
      throw error
    }
  }

  /** What a service said when it was sent a batch. */
  async function heed(batch: number, reply: Heard, account: ServiceAccount, round: MailboxRound): Promise<void> {
    switch (reply.kind) {
      case 'running': {
        const at = inMs(firstPollMs)
        await io.batchRuns(batch, reply.id, at)
        round.wait = earlier(round.wait, { at, why: working() })
        return
      }
      case 'finished':
        return finish(batch, reply, round)
      case 'ready':
        return io.batchFailed(batch, 'it was ready before it had an id')
      case 'too-large':
        await io.batchFailed(batch, reply.message)
        round.askStore = true
        return
      case 'failure':
        if (isForNow(reply.failure)) await io.forgetBatch(batch)
        else await io.batchFailed(batch, reply.failure.message)
        if (!(await heedRefusal({ io, service, signal }, account, reply.failure, round))) round.askStore = true
    }
  }

  async function poll(
    { poll: request, results, read }: BatchAdapter,
    account: ServiceAccount,
    { batchId, remoteId, pollAt, polls }: Batched,
    round: MailboxRound,
  ): Promise<void> {
    if (!request || remoteId === null || polls >= mostPolls) {
      await io.batchFailed(batchId, 'it came to no end')
      round.askStore = true
      return
    }
    const next = inMs(Math.min(longestPollMs, firstPollMs * 2 ** Math.min(polls, 10)))
    const isDue = pollAt === null || pollAt <= io.now()
    if (!isDue || !(await io.claimPoll(batchId, next))) {
      round.wait = earlier(round.wait, { at: isDue ? next : pollAt, why: working() })
      return
    }
    const { base, key } = account
    let reply = await call(request(base, key, remoteId), read, key, signal)
    if (reply?.kind === 'ready' && results) reply = await call(results(base, key, remoteId), read, key, signal)
    if (reply?.kind === 'finished') return finish(batchId, reply, round)
    if (reply?.kind === 'too-large') {
      await io.batchFailed(batchId, reply.message)
      round.askStore = true
      return
    }
    round.wait = earlier(round.wait, { at: next, why: working() })
    if (reply?.kind !== 'failure' || (await heedRefusal({ io, service, signal }, account, reply.failure, round))) return
    if (reply.failure.kind === 'retry') return
    await io.batchFailed(batchId, reply.failure.message)
    round.askStore = true
  }

  /** Undefined where the call was broken off by a stop. */
  async function call(
    request: ReturnType<BatchAdapter['submit']>,
    read: BatchAdapter['read'],
    key: string,
    until: AbortSignal,
  ): Promise<Heard | undefined> {
    try {
      return read(withoutKey(await io.callService({ ...request, largestReplyBytes, signal: until }), key))
    } catch (error) {
      if (until.aborted) return undefined
      if (!(error instanceof OutgoingError)) throw error
      if (error.category === 'too_large') return { kind: 'too-large', message: error.message }
      const failure: ServiceFailure = { kind: 'retry', message: error.message, afterMs: null, until: null }
      return { kind: 'failure', failure }
    }
  }

  async function finish(
    batch: number,
    { said }: Extract<BatchReply, { kind: 'finished' }>,
    round: MailboxRound,
  ): Promise<void> {
    await io.batchIsDone(batch, said)
    round.askStore = true
  }

  function working(): string {
    return `${serviceNames[service]} works on a batch`
  }

  function inMs(ms: number): Date {
    return new Date(io.now().getTime() + ms)
  }
}
