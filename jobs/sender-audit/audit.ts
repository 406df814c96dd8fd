import type { Kysely } from 'kysely'
import type { Logger } from 'pino'

import { port25 } from '../../db/mx-organisations.ts'
import { findSenderAudit, saveSenderAudit } from '../../db/sender-audits.ts'
import type { DB } from '../../db/types.ts'
import { defaultPolicy } from '../engines/verify/policy.ts'
import { type AuditCheck, auditSender } from '../engines/verify/sender-audit.ts'
import type { Settings, SmtpSettings } from '../job-kind.ts'
import { createDial } from '../outgoing-dial.ts'
import { NotConfigured } from '../refusals.ts'
import { askSender } from './ask-sender.ts'
import { openSenderDns } from './io.ts'

/** What mail servers will think of us, and since when that is known. */
export interface SenderAudit {
  helo: string
  mailFrom: string
  auditedAt: Date
  checks: AuditCheck[]
}

export interface AuditDeps {
  db: Kysely<DB>
  settings: Pick<Settings, 'dnsServers' | 'ownHosts' | 'smtp'>
  log: Logger
  /** The clock of policies. */
  now(): Date
}

/** So long what was found answers for jobs. */
export const auditHoldsMs = 86_400_000

/** What was found last; undefined where nobody has looked, or nobody is to be asked. */
export async function lastSenderAudit({ db, settings: { smtp } }: AuditDeps): Promise<SenderAudit | undefined> {
  return smtp && readAudit(db, smtp)
}

/** Looks now, stores what is found for all to see, and warns of what is wrong. Throws NotConfigured; rejects with the signal's reason. */
export async function auditSenderNow({ db, settings, log, now }: AuditDeps, signal: AbortSignal): Promise<SenderAudit> {
  const { smtp, dnsServers, ownHosts } = settings
  if (!smtp) throw new NotConfigured('Who we are to mail servers is not set.', ['SMTP_HELO', 'SMTP_MAIL_FROM'])
  const dns = openSenderDns(dnsServers)
  const reach = await port25(db, defaultPolicy.manners.blockedAfter)
  const facts = await askSender({ dns, dial: createDial(ownHosts), smtp, port25: reach, signal })
  const { helo, mailFrom, port } = smtp
  const audit = { helo, mailFrom, auditedAt: now(), checks: auditSender(facts) }
  await saveSenderAudit(db, { ...audit, port })
  const wrong = wrongOf(audit)
  if (wrong.length > 0) log.warn({ helo, mailFrom, wrong }, 'mail servers may refuse to answer us')
  else log.info({ helo, mailFrom }, 'nothing about us should keep mail servers from answering')
  return audit
}

/** What was found in the last day, or now. */
export async function freshSenderAudit(deps: AuditDeps, signal: AbortSignal): Promise<SenderAudit> {
  const last = await lastSenderAudit(deps)
  const isFresh = last && deps.now().getTime() - last.auditedAt.getTime() < auditHoldsMs
  return isFresh ? last : auditSenderNow(deps, signal)
}

/** For people: what is wrong. */
export function wrongOf({ checks }: Pick<SenderAudit, 'checks'>): string[] {
  return checks.filter(({ state }) => state === 'BAD').map(({ message }) => message)
}

async function readAudit(db: Kysely<DB>, smtp: SmtpSettings): Promise<SenderAudit | undefined> {
  const row = await findSenderAudit(db, smtp)
  return row && { ...row, checks: row.checks as AuditCheck[] }
}
