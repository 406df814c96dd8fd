import { randomBytes, randomUUID } from 'node:crypto'

import type { MailRoute, SmtpProbe } from '../engines/verify/evidence.ts'
import { mxOrganisation } from '../engines/verify/mx-organisation.ts'
import { catchAllOf, isUnprobeable, verdict } from '../engines/verify/verdict.ts'
import { dueNow } from './due-checks.ts'
import type { VerifyIo } from './io.ts'
import {
  type Candidate,
  emptyMailboxRound,
  type MailboxChecks,
  type MailboxRound,
  renewEveryMs,
} from './mailbox-checks.ts'
import { answeredBy, keptVerdict } from './result.ts'
import type { VerifyRules } from './verify-batch.ts'
import { earlier } from './wait.ts'

/** Connections of one shard at the same time. */
const atOnce = 10
/** After the first answer others are given so long to come in with it. */
const gatherMs = 100
/** Whose turn is over gives what is under way so long to come to its end: a mailbox is not asked about twice for that. */
const lastWordMs = 10_000
/** No refusal to talk lasts for ever: how long nobody tries, by how often it was said in a row. */
const circuitMs = [3_600_000, 4 * 3_600_000, 24 * 3_600_000]

interface Finished {
  candidates: Candidate[]
  /** A name that nobody has was to be asked about too. */
  controlled: boolean
  organisation: string
  learnt: (SmtpProbe[] | undefined)[]
}

/** Probes mailboxes for one run of a shard: addresses are claimed one by one, connections reserved over all workers. */
export function createMailboxProbes(io: VerifyIo, jobId: number, signal: AbortSignal): MailboxChecks {
  const lease = randomUUID()
  const by = { depth: 'SMTP', engine: 'builtin' } as const
  const stop = new AbortController()
  const inner = AbortSignal.any([signal, stop.signal])
  const underWay = new Map<string, { addresses: string[]; connection: string; over: Promise<void> }>()
  const finished: Finished[] = []
  /** Domains whose hosts take fewer recipients at a time. */
  const fewer = new Map<string, number>()
  const renewing = setInterval(() => {
    const connections = [...underWay.values()].map(({ connection }) => connection)
    // The next time is early enough.
    void io.renewClaims(lease, connections).catch(() => {})
  }, renewEveryMs)
  let trouble: unknown
  const aborted = new Promise<void>((resolve) => {
    inner.addEventListener('abort', () => resolve(), { once: true })
  })
  /** Stored with the step that is on its way. */
  let settled: string[] = []
  let lastRules: VerifyRules | undefined

  return {
    /** After a step: what it stored may be asked by others. */
    async committed(): Promise<void> {
      await io.releaseClaims(lease, settled)
      settled = []
    },

    /** Ends what is under way, at once where it is told to stop, keeps what was learnt and gives all claims back. */
    async close(): Promise<void> {
      const over = Promise.all([...underWay.values()].map((one) => one.over))
      const timer = setTimeout(() => stop.abort(), lastWordMs)
      try {
        await Promise.race([over, aborted])
        stop.abort()
        await over
        await keepFinished()
      } finally {
        clearTimeout(timer)
        clearInterval(renewing)
        await io.releaseClaims(lease)
      }
    },

    async check(candidates: readonly Candidate[], rules: VerifyRules): Promise<MailboxRound> {
      lastRules = rules
      const round = emptyMailboxRound()
      const busy = new Set([...underWay.values()].flatMap(({ addresses }) => addresses))
      const free = candidates.filter((candidate) => !busy.has(candidate.item.address) && !isTold(candidate, round))
      const failed = await io.failedChecks(
        free.map(({ item }) => item.address),
        { ...by, ...rules },
      )
      const due = free.flatMap((candidate) => dueNow(candidate, failed.get(candidate.item.address), round, io.now()))
      if (due.length > 0) await begin(due, await io.port25(), round, rules)
      if (underWay.size > 0 && finished.length === 0) await nextFinished()
      if (trouble !== undefined) throw trouble
      for (const interview of finished.splice(0)) await conclude(interview, round)
      return round
    },
  }

  /** What is known of the domain may say it all. */
  function isTold({ item, evidence }: Candidate, round: MailboxRound): boolean {
    const { route, catchAll } = evidence.domain
    const now = io.now()
    if (!isUnprobeable(route, io.policy) && !(catchAll?.is === true && isFresh(catchAll.at, now))) return false
    const unasked = { ...evidence, smtp: { port25: 'unknown' as const, probes: [] } }
    round.answered.push(answeredBy(item, unasked, verdict(unasked, io.policy, now)))
    return true
  }

  async function begin(
    due: readonly Candidate[],
    port25: 'open' | 'blocked' | 'unknown',
    round: MailboxRound,
    rules: VerifyRules,
  ): Promise<void> {
    if (port25 === 'blocked') {
      for (const { item, evidence } of due) {
        const shut = { ...evidence, smtp: { port25, probes: [] } }
        round.answered.push(answeredBy(item, shut, verdict(shut, io.policy, io.now())))
      }
      round.notes.push({
        message: 'nothing gets out of this network by the port of mail servers: no mailbox is asked about',
      })
      return
    }
    const byDomain = Map.groupBy(due, ({ item }) => item.domain)
    for (const [domain, candidates] of byDomain) {
      if (inner.aborted || underWay.size >= atOnce) return
      if (underWay.has(domain)) continue
      await beginDomain(domain, candidates.slice(0, fewer.get(domain) ?? io.policy.manners.recipients), round, rules)
    }
  }

  async function beginDomain(
    domain: string,
    wanted: Candidate[],
    round: MailboxRound,
    rules: VerifyRules,
  ): Promise<void> {
    const { catchAll } = wanted[0]!.evidence.domain
    const needsControl = !catchAll || !isFresh(catchAll.at, io.now())
    // Who asks about a name that nobody has asks for the whole domain.
    const whole = needsControl ? [`@${domain}`] : []
    const claimed = await io.claimAddresses([...whole, ...wanted.map(({ item }) => item.address)], { ...by, lease })
    const mine = wanted.filter(({ item }) => claimed.includes(item.address))
    const taken = mine.map(({ item }) => item.address)
    const giveBack = () => io.releaseClaims(lease, claimed)
    if (mine.length === 0 || (needsControl && !claimed.includes(whole[0]!))) {
      await giveBack()
      round.held += wanted.length
      return
    }
    if ((await io.answeredMeanwhile(taken, rules)).length > 0) {
      await giveBack()
      round.askStore = true
      return
    }
    const organisation = organisationOf(mine[0]!.evidence.domain.route)
    const connection = randomUUID()
    const may = await io.reserveConnection({ organisation, lease: connection, recipients: mine.length })
    if (may.may === 'connect') {
      const control = needsControl ? `${randomBytes(9).toString('hex')}@${domain}` : null
      underWay.set(domain, { addresses: taken, connection, over: run(domain, mine, organisation, control, connection) })
      return
    }
    await giveBack()
    if (may.may === 'wait') {
      round.wait = earlier(round.wait, { at: new Date(io.now().getTime() + may.waitMs), why: may.why })
      return
    }
    for (const { item, evidence } of mine) {
      const { status, score } = io.policy.reasons.blocked_by_policy
      const said = { ...verdict(evidence, io.policy, io.now()), reason: 'blocked_by_policy' as const, status, score }
      const message = `not asked: the mail servers of ${organisation} refuse to talk to us (${may.why}) until ${may.until.toISOString()}`
      round.answered.push(answeredBy(item, evidence, said, { category: 'blocked', message }))
    }
  }

  async function run(
    domain: string,
    candidates: Candidate[],
    organisation: string,
    control: string | null,
    connection: string,
  ) {
    try {
      const { route } = candidates[0]!.evidence.domain
      const hosts = 'hosts' in route ? route.hosts : []
      const learnt = await io.interview(
        { hosts, recipients: candidates.map(({ item }) => item.address), control },
        inner,
      )
      finished.push({ candidates, controlled: control !== null, organisation, learnt })
      await io.releaseConnection(connection)
    } catch (error) {
      // Nobody waits for this one alone: the run hears of it at its next look.
      if (!inner.aborted) trouble ??= error
      await io.releaseConnection(connection).catch(() => {})
    } finally {
      underWay.delete(domain)
    }
  }

  async function nextFinished(): Promise<void> {
    await Promise.race([aborted, ...[...underWay.values()].map(({ over }) => over)])
    if (!inner.aborted && underWay.size > 0) await new Promise((resolve) => setTimeout(resolve, gatherMs))
  }

  async function conclude(
    { candidates, controlled, organisation, learnt }: Finished,
    round: MailboxRound,
  ): Promise<void> {
    const domain = candidates[0]!.item.domain
    const probes = learnt.flatMap((made) => made ?? [])
    const stood = probes.some(({ end, replies }) => end !== 'connect_failed' || replies.greeting !== undefined)
    if (probes.length > 0) await io.noteReach(organisation, stood)
    const catchAll = probes.map(catchAllOf).find((known) => known !== undefined)
    if (catchAll) await io.saveCatchAll(domain, { is: catchAll.is, at: new Date(catchAll.at) })
    const effects = new Map<string, string>()
    candidates.forEach(({ item, evidence }, i) => {
      const made = learnt[i]
      settled.push(item.address)
      if (!made || (controlled && isHalf(made.at(-1)!))) return
      const known = {
        ...evidence,
        at: io.now().toISOString(),
        smtp: { port25: stood ? ('open' as const) : ('unknown' as const), probes: made },
      }
      const said = verdict(known, io.policy, io.now())
      if (said.effect) effects.set(said.effect, wordsOf(made))
      const kept = keptVerdict(item, known, said)
      if (said.retryAt === null) round.answered.push(answeredBy(item, known, said))
      // Nothing is known yet, whatever it was that they said.
      else if (kept) round.kept.push({ ...kept, verdict: { ...kept.verdict, failed: true } })
    })
    settled.push(`@${domain}`)
    const half = controlled ? learnt.filter((made) => made && isHalf(made.at(-1)!)).length : 0
    if (half > 0) fewer.set(domain, Math.max(1, half - 1))
    if (effects.has('slow_mx')) await io.slowDown(organisation)
    if (effects.has('open_circuit')) await io.openCircuit(organisation, effects.get('open_circuit')!, circuitMs)
    if (effects.has('note_operator'))
      round.notes.push({ message: `${organisation} wants more of us: ${effects.get('note_operator')}` })
    if (stood && effects.size === 0) await io.speedUp(organisation)
  }

  /** No step takes it any more: the next run has it from the store. */
  async function keepFinished(): Promise<void> {
    if (!lastRules) return
    const round = emptyMailboxRound()
    for (const interview of finished.splice(0)) await conclude(interview, round)
    for (const verdict of [...round.answered.flatMap(({ kept }) => kept ?? []), ...round.kept])
      await io.keepAtOnce(jobId, lastRules, verdict)
  }

  function isFresh(at: string, now: Date): boolean {
    return now.getTime() - Date.parse(at) < io.policy.catchAllHoldsForMs
  }
}

function organisationOf(route: MailRoute): string {
  const best = 'hosts' in route ? route.hosts.find(({ addresses }) => addresses.length > 0) : undefined
  return best ? mxOrganisation(best.host) : ''
}

/** It was accepted, but before the control address had its turn the host had had enough: what that means is not known yet. */
function isHalf({ end, replies }: SmtpProbe): boolean {
  return end === 'completed' && replies.rcpt !== undefined && replies.rcpt.code < 400 && replies.control === undefined
}

/** The reply that mattered, for people. */
function wordsOf(probes: readonly SmtpProbe[]): string {
  const { replies } = probes.at(-1)!
  const reply = replies.rcpt ?? replies.mail ?? replies.ehlo ?? replies.greeting
  return reply ? `${reply.code} ${reply.text}`.slice(0, 300) : ''
}
