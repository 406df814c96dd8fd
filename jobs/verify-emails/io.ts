import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

import {
  claimDomains,
  type DomainClaim,
  type KnownDomain,
  knownDomains,
  type NewFacts,
  releaseDomains,
  renewDomainClaims,
  saveCatchAll,
  saveDomainFacts,
} from '../../db/domain-facts.ts'
import { foundAddresses, type FoundChoice, type FoundPage } from '../../db/found-addresses.ts'
import { findJob } from '../../db/jobs.ts'
import {
  type MxAnswer,
  noteReach,
  openCircuit,
  port25,
  releaseConnection,
  renewConnections,
  reserveConnection,
  slowDown,
  speedUp,
} from '../../db/mx-organisations.ts'
import { type SeenAddress, seenAddresses } from '../../db/seen-addresses.ts'
import {
  batchedAddresses,
  type Batched,
  batchFailed,
  batchIsDone,
  batchIsUncertain,
  batchRuns,
  beginBatch,
  type BegunBatch,
  claimPoll,
  dropBatched,
  forgetBatch,
} from '../../db/service-batches.ts'
import {
  beginCall,
  type CallEnd,
  callTroubles,
  type CallTroubles,
  endCall,
  type PaceAnswer,
  pauseAccount,
  reserveCall,
  reserveWithin,
} from '../../db/service-calls.ts'
import { suppressedAmong, suppressedNow } from '../../db/suppressions.ts'
import { openUpload } from '../../db/upload-bytes.ts'
import { answeredAddresses, type FailedCheck, failedChecks, type NewVerdict, saveVerdict } from '../../db/verdicts.ts'
import { type CheckedBy, claimAddresses, releaseClaims, renewClaims } from '../../db/verification-claims.ts'
import { findVerifyList, type ListRange, type OpenItem, openItems, type VerifyList } from '../../db/verify-lists.ts'
import type { OpenBytes } from '../engines/table/table-bytes.ts'
import { defaultPolicy, type Policy } from '../engines/verify/policy.ts'
import type { SaidOfOne } from '../engines/verify/services/batch-reply.ts'
import { hunterResetDate } from '../engines/verify/services/hunter.ts'
import { type Service, serviceNames } from '../engines/verify/terms.ts'
import { type IoDeps, JobFailure, type Settings } from '../job-kind.ts'
import { createServiceDoor, type ServiceReply, type ServiceRequest } from '../outgoing-configured.ts'
import { createDial } from '../outgoing-dial.ts'
import { openResolver } from '../outgoing-dns.ts'
import { freshSenderAudit, type SenderAudit } from '../sender-audit/audit.ts'
import { type AskDomain, createDomainAsker, type DnsDoor } from './ask-domain.ts'
import { createKeyedGate, type KeyedGate } from './gate.ts'
import { createLearntByJob, type LearntByJob } from './learnt-by-job.ts'
import { adapters } from './services/adapters.ts'
import { type Interview, interview, type Interviewed } from './talk-smtp.ts'
import type { VerifyRules } from './verify-batch.ts'

type Rules = Pick<VerifyRules, 'now' | 'notBefore'>

/** What a verification sees of the world. */
export interface VerifyIo {
  policy: Policy
  now(): Date

  list(jobId: number): Promise<VerifyList | undefined>
  /** The bytes of an upload, from one on. */
  openUpload(uploadId: string): Promise<OpenBytes>
  /** Addresses that a job has found, or any job of its owner; undefined where that job is there no more. */
  foundAddresses(jobId: number, which: FoundChoice, page: FoundPage): Promise<string[] | undefined>
  openItems(jobId: number, range: ListRange, rules: VerifyRules): Promise<OpenItem[]>
  /** Where addresses were met, of those that were. */
  seen(addresses: readonly string[]): Promise<Map<string, SeenAddress>>
  /** Those about which nobody is to be asked. */
  suppressed(addresses: readonly string[]): Promise<Set<string>>

  /** For what holds a whole range of a list in memory. */
  enterRange: KeyedGate
  learntByJob: LearntByJob
  knownDomains(domains: readonly string[], rules: Rules): Promise<Map<string, KnownDomain>>
  claimDomains(domains: readonly string[], lease: string, rules: Rules): Promise<DomainClaim[]>
  renewDomains(lease: string): Promise<void>
  saveDomains(lease: string, facts: readonly NewFacts[]): Promise<void>
  releaseDomains(lease: string, domains: readonly string[]): Promise<void>
  /** Asks DNS where the mail of a domain goes. */
  askDomain: AskDomain
  saveCatchAll(domain: string, known: { is: boolean; at: Date }): Promise<void>

  claimAddresses(addresses: readonly string[], by: CheckedBy & { lease: string }): Promise<string[]>
  /** Holds claims, and connections, for longer. */
  renewClaims(lease: string, connections: readonly string[]): Promise<void>
  releaseClaims(lease: string, addresses?: readonly string[]): Promise<void>
  failedChecks(addresses: readonly string[], by: CheckedBy & Rules): Promise<Map<string, FailedCheck>>
  /** Those that have a verdict by now that answers. */
  answeredMeanwhile(addresses: readonly string[], rules: VerifyRules): Promise<string[]>

  /** What mail servers will think of us; looked at once a day. */
  auditSender(signal: AbortSignal): Promise<SenderAudit>
  port25(): Promise<'open' | 'blocked' | 'unknown'>
  reserveConnection(options: { organisation: string; lease: string; recipients: number }): Promise<MxAnswer>
  releaseConnection(lease: string): Promise<void>
  noteReach(organisation: string, connected: boolean): Promise<void>
  slowDown(organisation: string): Promise<void>
  speedUp(organisation: string): Promise<void>
  openCircuit(organisation: string, why: string, holdMs: readonly number[]): Promise<void>
  /** Where a service is, and the key of this job or of the configuration; an empty one where it needs none. */
  serviceAccount(jobId: number, service: Service): Promise<{ base: string; key: string }>
  reserveCall(service: Service, key: string, intervalMs: number): Promise<PaceAnswer>
  pauseService(service: Service, key: string, until: Date, why: string): Promise<void>
  /** When there are paid calls again, where the service tells. */
  quotaReset(service: Service, base: string, key: string, signal: AbortSignal): Promise<string | null>
  /** Undefined: nobody is to be asked about it. */
  beginCall(jobId: number, service: Service, address: string): Promise<number | undefined>
  endCall(call: number, end: CallEnd): Promise<void>
  callTroubles(jobId: number, service: Service, addresses: readonly string[]): Promise<Map<string, CallTroubles>>
  /** The pace of batches; `waitMs` 0: now. */
  reserveBatch(service: Service, key: string, intervalMs: number): Promise<PaceAnswer>
  /** Writes a batch down before it is sent: those of the addresses that may be asked about. */
  beginBatch(
    service: Service,
    key: string,
    jobId: number,
    addresses: readonly string[],
  ): Promise<BegunBatch | undefined>
  batchRuns(batch: number, remoteId: string, pollAt: Date): Promise<void>
  /** All that it said, by address. */
  batchIsDone(batch: number, said: ReadonlyMap<string, SaidOfOne>): Promise<void>
  batchFailed(batch: number, message: string): Promise<void>
  batchIsUncertain(batch: number): Promise<void>
  forgetBatch(batch: number): Promise<void>
  /** Addresses that went with a batch of this account, and are not concluded yet. */
  batchedAddresses(
    service: Service,
    key: string,
    addresses: readonly string[],
    notBefore: Date | null,
  ): Promise<Map<string, Batched>>
  /** True for the one who is to ask for a batch now; nobody else does before `next`. */
  claimPoll(batch: number, next: Date): Promise<boolean>
  callService(request: ServiceRequest): Promise<ServiceReply>
  leaveBehind(work: Promise<unknown>): void
  /** A verdict that is not to be asked for again, outside of any step; none of an address that no job may store. */
  keepAtOnce(jobId: number, rules: VerifyRules, verdict: NewVerdict): Promise<void>
  pause(ms: number, signal: AbortSignal): Promise<void>
  interview(about: Pick<Interview, 'hosts' | 'recipients' | 'control'>, signal: AbortSignal): Promise<Interviewed>
}

/** Of a job in one process: while one is stored others are looked at, and more would only take room. */
const rangesAtOnce = 4

export function verifyIo({ db, blobs, secret, log, workerId, now, leaveBehind, settings }: IoDeps): VerifyIo {
  const policy = defaultPolicy
  const { manners } = policy
  const { dnsServers = [], ownHosts, smtp } = settings
  const dial = createDial(ownHosts)
  const services = createServiceDoor('Mailquarry/0.1')
  return {
    policy,
    now,
    list: (jobId) => findVerifyList(db, jobId),
    async openUpload(uploadId) {
      const upload = await openUpload(db, blobs, uploadId)
      return (start) => upload.read({ start })
    },
    async foundAddresses(jobId, which, page) {
      const job = await findJob(db, jobId)
      if (!job) return []
      const found = await foundAddresses(db, job.owner, which, page)
      const gone = found.length === 0 && which.fromJob !== undefined && !(await findJob(db, which.fromJob))
      return gone ? undefined : found
    },
    openItems: (jobId, range, rules) => openItems(db, jobId, range, rules),
    seen: (addresses) => seenAddresses(db, addresses),
    suppressed: (addresses) => suppressedNow(db, addresses),

    enterRange: createKeyedGate(rangesAtOnce),
    learntByJob: createLearntByJob(),
    knownDomains: (domains, rules) => knownDomains(db, domains, rules),
    claimDomains: (domains, lease, rules) => claimDomains(db, domains, { ...rules, lease, workerId: workerId() }),
    renewDomains: (lease) => renewDomainClaims(db, workerId(), lease),
    saveDomains: (lease, facts) => saveDomainFacts(db, lease, facts),
    releaseDomains: (lease, domains) => releaseDomains(db, lease, domains),
    askDomain: createDomainAsker({ dns: openDns(dnsServers), policy, ownHosts, smtpPort: smtp?.port ?? 25 }),
    saveCatchAll: (domain, known) => saveCatchAll(db, domain, known),

    claimAddresses: (addresses, by) => claimAddresses(db, addresses, { ...by, workerId: workerId() }),
    async renewClaims(lease, connections) {
      await renewClaims(db, workerId(), lease)
      if (connections.length > 0) await renewConnections(db, connections)
    },
    async releaseClaims(lease, addresses) {
      if (addresses?.length !== 0) await releaseClaims(db, workerId(), lease, addresses)
    },
    failedChecks: (addresses, by) => failedChecks(db, addresses, by),
    answeredMeanwhile: (addresses, rules) => answeredAddresses(db, addresses, rules),

    auditSender: (signal) => freshSenderAudit({ db, settings, log, now }, signal),
    port25: () => port25(db, manners.blockedAfter),
    reserveConnection: (options) =>
      reserveConnection(db, { ...options, workerId: workerId(), now: now(), limits: manners }),
    releaseConnection: (lease) => releaseConnection(db, lease),
    noteReach: (organisation, connected) => noteReach(db, organisation, connected),
    slowDown: (organisation) => slowDown(db, organisation),
    speedUp: (organisation) => speedUp(db, organisation, manners),
    openCircuit: (organisation, why, holdMs) => openCircuit(db, organisation, { now: now(), why, holdMs }),
    async serviceAccount(jobId, service) {
      const { url, key } = settings.services?.[service] ?? {}
      const base = (url ?? adapters[service].url)?.replace(/\/+$/, '')
      if (base === undefined)
        throw new JobFailure('SERVICE_UNKNOWN', `it is not configured (any more) where ${serviceNames[service]} is`)
      return { base, key: (await secret(jobId, 'apiKey')) ?? key ?? '' }
    },
    reserveCall: (service, key, intervalMs) =>
      reserveCall(db, { account: accountOf(service, key), intervalMs, now: now() }),
    pauseService: (service, key, until, why) => pauseAccount(db, accountOf(service, key), until, why),
    async quotaReset(service, base, key, signal) {
      if (service !== 'hunter') return null
      const headers = { 'x-api-key': key }
      const reply = await services
        .call({ method: 'GET', url: `${base}/account`, headers, signal })
        .catch(() => undefined)
      return reply?.status === 200 ? hunterResetDate(reply.body) : null
    },
    beginCall: (jobId, service, address) => beginCall(db, { jobId, service, address, workerId: workerId() }),
    endCall: (call, end) => endCall(db, call, end, now()),
    callTroubles: (jobId, service, addresses) => callTroubles(db, jobId, service, addresses),
    async reserveBatch(service, key, intervalMs) {
      const account = accountOf(service, key)
      const pause = await reserveCall(db, { account, intervalMs: 0, now: now() })
      if ('pausedUntil' in pause) return pause
      return { waitMs: await reserveWithin(db, { account: `${account} batches`, intervalMs }) }
    },
    beginBatch: (service, key, jobId, addresses) =>
      beginBatch(db, { service, account: accountOf(service, key), jobId, workerId: workerId(), addresses, at: now() }),
    batchRuns: (batch, remoteId, pollAt) => batchRuns(db, batch, remoteId, pollAt),
    batchIsDone: (batch, said) =>
      batchIsDone(
        db,
        batch,
        [...said].map(([address, answer]) => ({ address, answer })),
      ),
    batchFailed: (batch, message) => batchFailed(db, batch, message),
    batchIsUncertain: (batch) => batchIsUncertain(db, batch),
    forgetBatch: (batch) => forgetBatch(db, batch),
    batchedAddresses: (service, key, addresses, notBefore) =>
      batchedAddresses(db, accountOf(service, key), addresses, { notBefore, now: now() }),
    claimPoll: (batch, next) => claimPoll(db, batch, { now: now(), next }),
    callService: (request) => services.call(request),
    leaveBehind,
    keepAtOnce: (jobId, rules, kept) =>
      db.transaction().execute(async (trx) => {
        const suppressed = await suppressedAmong(trx, [kept.address])
        if (suppressed.size === 0) await saveVerdict(trx, { jobId, ...rules }, kept)
        await dropBatched(trx, kept.verdict.engine, kept.address)
      }),
    pause: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => {}),
    interview(about, signal) {
      const { replyMs = manners.replyMs, ...us } = configured(smtp)
      return interview(dial, { ...about, ...us, now, limits: { ...manners, replyMs } }, signal)
    },
  }
}

/** The key itself is in no table. */
function accountOf(service: Service, key: string): string {
  return `${service} ${createHash('sha256').update(key).digest('hex').slice(0, 16)}`
}

/** Jobs that would need it are refused before they start; the operator may have taken it away since. */
function configured(smtp: Settings['smtp']): NonNullable<Settings['smtp']> {
  if (!smtp) throw new Error('SMTP_HELO and SMTP_MAIL_FROM are not set (any more)')
  return smtp
}

function openDns(servers: readonly string[]): DnsDoor {
  const resolver = openResolver(servers)
  return {
    mx: (domain) => resolver.resolveMx(domain),
    a: (host) => resolver.resolve4(host),
    aaaa: (host) => resolver.resolve6(host),
  }
}
