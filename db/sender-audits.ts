import { type Kysely, sql } from 'kysely'

import { jsonText } from './json.ts'
import type { DB } from './types.ts'

/** As whom mail servers are asked. */
export interface Sender {
  helo: string
  mailFrom: string
  port: number
}

/** What was found out about us, judged. */
export interface SenderAuditRow extends Sender {
  auditedAt: Date
  checks: unknown
}

export async function findSenderAudit(
  db: Kysely<DB>,
  { helo, mailFrom, port }: Sender,
): Promise<SenderAuditRow | undefined> {
  const { rows } = await sql<SenderAuditRow>`
    select helo, mail_from as "mailFrom", port, audited_at as "auditedAt", checks from sender_audits
    where helo = ${helo} and mail_from = ${mailFrom} and port = ${port}`.execute(db)
  return rows[0]
}

/** The latest one is kept. */
export async function saveSenderAudit(db: Kysely<DB>, audit: SenderAuditRow): Promise<void> {
  const { helo, mailFrom, port, auditedAt, checks } = audit
  await sql`
    insert into sender_audits as s (helo, mail_from, port, audited_at, checks)
    values (${helo}, ${mailFrom}, ${port}, ${auditedAt}, ${jsonText(checks)}::jsonb)
    on conflict (helo, mail_from, port) do update set audited_at = excluded.audited_at, checks = excluded.checks
    where s.audited_at < excluded.audited_at`.execute(db)
}
