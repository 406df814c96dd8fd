import { afterAll, expect } from 'vitest'

import type { Settings } from '../../jobs/job-kind.ts'
import { createOutgoing } from '../../jobs/outgoing.ts'
import { startWorker } from '../../jobs/worker.ts'
import { startApi } from './api.ts'
import type { DnsName } from './dns-zone.ts'
import { startDns } from './dns.ts'
import { jobEnds, openTestEngine } from './engine.ts'
import { testDatabase } from './postgres.ts'

interface Started {
  job?: { id: string }
  issues?: { path: string[]; code: string; message: string }[]
}

const zone: Record<string, DnsName> = {
  'firm.com': { mx: [[10, 'mx.hosting.com']] },
  'mx.hosting.com': { a: ['198.20.1.1'] },
  'silent.com': { mx: [[0, '.']] },
}

/**
 * For a test file about lists that are verified over the API: a database of its own, the API, a worker of four slots, and DNS in which `firm.com` has a mail
 * host, and with `allDomains` every other one too, while `silent.com` says that it takes no mail. All is closed after the last test.
 */
export async function listBench({
  allDomains = false,
  services = {},
}: { allDomains?: boolean; services?: NonNullable<Settings['services']> } = {}) {
  const database = await testDatabase()
  const { db, url } = database
  const dns = await startDns({ zone, otherwise: () => (allDomains ? zone['firm.com'] : undefined) })
  const settings = { dnsServers: [dns.server], services }
  const engine = await openTestEngine(url, db, settings)
  const outgoing = createOutgoing({ allowHosts: [], userAgent: 'Mailquarry-test' })
  const worker = await startWorker({ engine, url, outgoing, slots: 4 })
  const api = await startApi(database, { settings })
  afterAll(async () => {
    await api.close()
    await worker.stop()
    await outgoing.close()
    await engine.close()
    await dns.close()
  })

  async function start(input: object): Promise<Started> {
    const { result } = await api.data<{ result: Started }>(
      `mutation ($input: VerifyEmailsInput!) { result: startVerifyEmails(input: $input) {
      ... on StartJobSuccess { job { id } } ... on ValidationError { issues { path code message } } } }`,
      { input },
    )
    return result
  }
  return {
    db,
    api,
    start,
    /** Returns the id of the job, when it has ended. */
    async verify(input: object): Promise<number> {
      const { job, issues } = await start(input)
      expect(issues).toBeUndefined()
      await jobEnds(db, Number(job!.id), 240_000)
      return Number(job!.id)
    },
    async exported(jobId: number, file: string): Promise<string> {
      const response = await fetch(`${api.url}/export/jobs/${jobId}/${file}`)
      expect(response.status).toBe(200)
      // With the byte order mark, where there is one.
      return Buffer.from(await response.arrayBuffer()).toString()
    },
  }
}

/** The rows of an export as NDJSON. */
export function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}
