import { sql } from 'kysely'
import { afterAll, expect, test } from 'vitest'

import { addSuppressions } from '../../db/suppressions.ts'
import { startDns } from '../../test/support/dns.ts'
import { driveKind, type DriveOptions } from '../../test/support/drive-kind.ts'
import { startMailHosts } from '../../test/support/mail-hosts.ts'
import { testDatabase } from '../../test/support/postgres.ts'
import { startSmtp } from '../../test/support/smtp.ts'
import { tablesWith } from '../../test/support/whole-database.ts'
import type { Step } from '../job-kind.ts'
import { createOutgoing } from '../outgoing.ts'
import type { VerifyInput } from './input.ts'
import { verifyEmails } from './job.ts'
import type { VerifyBatch } from './verify-batch.ts'

// An address that comes onto the list of suppressions while a job that has it stands still.

const { db } = await testDatabase()
const outgoing = createOutgoing({ allowHosts: [], userAgent: 'Mailquarry-test' })
const hosts = await startMailHosts({ '127.0.1.1': (place) => startSmtp(place) })
const dns = await startDns({
  otherwise: (name) => (name.startsWith('mx.') ? { a: ['127.0.1.1'] } : { mx: [[10, 'mx.hosting.com']] }),
})
afterAll(async () => {
  await outgoing.close()
  await dns.close()
  await hosts.close()
})

const options = {
  db,
  outgoing,
  settings: {
    dnsServers: [dns.server],
    ownHosts: [`127.0.1.1:${hosts.port}`],
    smtp: { helo: 'probe.mailquarry.test', mailFrom: 'probe@mailquarry.test', port: hosts.port, replyMs: 500 },
  },
}
const inputOf = (emails: string[]): VerifyInput => ({
  emails,
  depth: 'SMTP',
  service: 'builtin',
  fromKnown: false,
  force: false,
})

/** Runs the job until a step of that sort is stored, suppresses an address, and goes on to the end. */
async function suppressAfter(
  isIt: (batch: VerifyBatch) => boolean,
  address: string,
  emails: string[],
  more: Partial<DriveOptions<VerifyInput>> = {},
) {
  const stop = new AbortController()
  const stopped = await driveKind(verifyEmails, {
    ...options,
    ...more,
    input: inputOf(emails),
    signal: stop.signal,
    onStep: ({ batch }: Step<unknown, unknown>) => {
      if (isIt(batch as VerifyBatch)) stop.abort('stopped')
    },
  })
  expect(stop.signal.aborted).toBe(true)
  await addSuppressions(db, [address], { reason: 'asked not to', source: 'PERSON' })
  const drive = await driveKind(verifyEmails, { ...options, ...more, input: inputOf(emails), resume: stopped })
  const { rows } = await sql<{ address: string }>`
    select address from job_verifications where job_id = ${drive.jobId} order by position`.execute(db)
  return { ...drive, verified: rows.map((row) => row.address) }
}

const asked = () => Object.values(hosts.at).flatMap(({ sessions }) => sessions.flatMap(({ recipients }) => recipients))

test.each<[when: string, isIt: (batch: VerifyBatch) => boolean]>([
  ['after the list was stored', (batch) => batch.rows.length > 0],
  ['after the store was asked', (batch) => batch.asked.length > 0],
])('nobody is asked about an address that was suppressed %s', async (when, isIt) => {
  const firm = when.replaceAll(/\W/g, '')
  const address = `gone@${firm}.com`
  const known = `known@partner-of-${firm}.com`
  const emails = [`ann@${firm}.com`, `Gone@${firm}.com`, known, `bob@${firm}.com`, `gone@${firm}.com`]
  // The store is asked in a step of its own where it knows one of them.
  await driveKind(verifyEmails, { ...options, input: inputOf([known]) })
  const { verified, counts, findings } = await suppressAfter(isIt, address, emails)
  expect(verified).toEqual([`ann@${firm}.com`, known, `bob@${firm}.com`])
  expect(counts).toMatchObject({ total: 5, succeeded: 3, failed: 0, skipped: 2 })
  expect(findings).toEqual([])
  expect(asked()).toContain(`ann@${firm}.com`)
  expect(asked()).not.toContain(address)
  // The input of the job stays until the job is deleted.
  expect(await tablesWith(db, address)).toEqual(['jobs', 'suppressions'])
})

test('nor does the store answer for it', async () => {
  const address = 'known@before.com'
  await driveKind(verifyEmails, { ...options, input: inputOf([address]) })
  const { verified, counts } = await suppressAfter((batch) => batch.rows.length > 0, address, [
    address,
    'other@before.com',
  ])
  expect(verified).toEqual(['other@before.com'])
  expect(counts).toMatchObject({ total: 2, succeeded: 1, skipped: 1 })
})
