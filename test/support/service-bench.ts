import { afterAll } from 'vitest'

import type { Service } from '../../jobs/engines/verify/terms.ts'
import { createOutgoing } from '../../jobs/outgoing.ts'
import type { VerifyInput } from '../../jobs/verify-emails/input.ts'
import { verifyEmails } from '../../jobs/verify-emails/job.ts'
import { startDns } from './dns.ts'
import { driveKind, type DriveOptions } from './drive-kind.ts'
import { testDatabase } from './postgres.ts'
import { startHunter } from './services/hunter.ts'
import { startMailsso } from './services/mailsso.ts'
import { startNeverBounce } from './services/neverbounce.ts'
import { startReacher } from './services/reacher.ts'
import { startZeroBounce } from './services/zerobounce.ts'
import { saidOf } from './verdicts.ts'

/**
 * For a test file about verification services: each of them on loopback, written from the services' own descriptions, which counts what it is asked and paid
 * for; and jobs that ask them, without the engine. Every domain has a mail host, but those that begin with `gone`. All is closed after the last test, which fails where a
 * request came that its service does not describe.
 */
export async function serviceBench() {
  const { db } = await testDatabase()
  const outgoing = createOutgoing({ allowHosts: [], userAgent: 'Mailquarry-test' })
  const dns = await startDns({
    otherwise: (name) =>
      name.startsWith('mx.')
        ? { a: ['198.20.1.1'] }
        : name.startsWith('gone')
          ? undefined
          : { mx: [[10, 'mx.hosting.com']] },
  })
  const mailsso = await startMailsso()
  const hunter = await startHunter()
  const zerobounce = await startZeroBounce()
  const neverbounce = await startNeverBounce()
  const reacher = await startReacher()
  const fakes = { mailsso, hunter, zerobounce, neverbounce, reacher }
  afterAll(async () => {
    await outgoing.close()
    await dns.close()
    for (const fake of Object.values(fakes)) await fake.close()
  })
  const services = Object.fromEntries(Object.entries(fakes).map(([name, { url, key }]) => [name, { url, key }]))
  const settings = { dnsServers: [dns.server], services }
  return {
    ...fakes,
    fakes,
    db,
    /** Has a service verify a list, and reads what it said of each address. */
    async verify(service: Service, emails: string[], options: Partial<DriveOptions<VerifyInput>> = {}) {
      const drive = await driveKind(verifyEmails, {
        db,
        outgoing,
        settings,
        input: { emails, service, fromKnown: false, force: false },
        // Whether a batch is done yet is asked after seconds.
        longestSleepMs: 1_000,
        ...options,
      })
      return { ...drive, said: await saidOf(db, drive.jobId) }
    },
  }
}
