import { expect, test } from 'vitest'

import { listBench } from '../support/list-bench.ts'
import { addAddresses, addJob } from '../support/rows.ts'

const { db, api, verify } = await listBench()

const emails = ['zoe@firm.com', 'Zoe@Firm.com', 'info@firm.com', '', 'no address', 'ann@silent.com', 'bob@gone.com']
const id = String(await verify({ emails, depth: 'DNS', service: 'BUILTIN' }))

test('a job shows each address of its list once, in the order of the list, with its verdict', async () => {
  const { job } = await api.data<{
    job: { progress: object; summary: object; verifications: { totalCount: number; nodes: object[] } }
  }>(
    `query ($id: ID!) { job(id: $id) { summary progress { total succeeded failed skipped results }
      verifications(first: 10) { totalCount nodes { position address domain status reason score flags sendable depth engine failed fromStore holdsUntil } } } }`,
    { id },
  )
  expect(job.progress).toEqual({ total: 7, succeeded: 5, failed: 0, skipped: 2, results: 5 })
  expect(job.summary).toEqual({ addresses: 5, fromStore: 0, byStatus: { INVALID: 3, UNKNOWN: 2 } })
  const shared = { depth: 'DNS', engine: 'BUILTIN', failed: false, fromStore: false }
  const accepts = {
    status: 'UNKNOWN',
    reason: 'DOMAIN_ACCEPTS_MAIL',
    sendable: true,
    holdsUntil: expect.any(String) as string,
  }
  const invalid = { status: 'INVALID', score: 0, flags: [], sendable: false }
  expect(job.verifications).toEqual({
    totalCount: 5,
    nodes: [
      { position: 1, address: 'zoe@firm.com', domain: 'firm.com', ...accepts, score: 60, flags: [], ...shared },
      { position: 3, address: 'info@firm.com', domain: 'firm.com', ...accepts, score: 55, flags: ['role'], ...shared },
      {
        position: 5,
        address: 'no address',
        domain: '',
        ...invalid,
        reason: 'SYNTAX_INVALID',
        holdsUntil: null,
        ...shared,
      },
      {
        position: 6,
        address: 'ann@silent.com',
        domain: 'silent.com',
        ...invalid,
        reason: 'NULL_MX',
        holdsUntil: expect.any(String) as string,
        ...shared,
      },
      {
        position: 7,
        address: 'bob@gone.com',
        domain: 'gone.com',
        ...invalid,
        reason: 'DOMAIN_NOT_FOUND',
        holdsUntil: expect.any(String) as string,
        ...shared,
      },
    ],
  })
})

test('verifications are filtered and ordered, and paged by cursor', async () => {
  const page = async (args: string) =>
    (
      await api.data<{
        job: { verifications: { nodes: { address: string }[]; pageInfo: { endCursor: string; hasNextPage: boolean } } }
      }>(
        `query ($id: ID!) { job(id: $id) { verifications(${args}) { nodes { address } pageInfo { endCursor hasNextPage } } } }`,
        { id },
      )
    ).job.verifications
  const addresses = async (args: string) => (await page(args)).nodes.map(({ address }) => address)
  expect(await addresses('first: 9, filter: { status: [INVALID] }')).toEqual([
    'no address',
    'ann@silent.com',
    'bob@gone.com',
  ])
  expect(await addresses('first: 9, filter: { status: [INVALID, UNKNOWN], domain: "Firm.com" }')).toEqual([
    'zoe@firm.com',
    'info@firm.com',
  ])
  expect(await addresses('first: 9, filter: { reason: [NULL_MX] }')).toEqual(['ann@silent.com'])
  expect(await addresses('first: 9, filter: { text: "NO " }')).toEqual(['no address'])
  const first = await page('first: 3, orderBy: DOMAIN')
  expect(first.nodes.map(({ address }) => address)).toEqual(['no address', 'info@firm.com', 'zoe@firm.com'])
  expect(await addresses(`first: 3, orderBy: DOMAIN, after: "${first.pageInfo.endCursor}"`)).toEqual([
    'bob@gone.com',
    'ann@silent.com',
  ])
})

test('an address shows its verdicts with their evidence, however it is written', async () => {
  const { address, nobody, nothing } = await api.data<
    Record<string, { verifications: { evidence: Record<string, unknown> }[] } | null>
  >(
    `{ address(email: " INFO@firm.COM") { address domain verification { reason } verifications { reason depth evidence } sightings { sourceUrl } }
       nobody: address(email: "nobody@firm.com") { address verification { reason } verifications { reason } sightings { sourceUrl } }
       nothing: address(email: "no address") { address } }`,
  )
  expect(address).toMatchObject({
    address: 'info@firm.com',
    domain: 'firm.com',
    verification: { reason: 'DOMAIN_ACCEPTS_MAIL' },
    verifications: [{ reason: 'DOMAIN_ACCEPTS_MAIL', depth: 'DNS' }],
    sightings: [],
  })
  expect(address!.verifications[0]!.evidence).toMatchObject({
    text: { ok: true, role: true },
    domain: {
      domain: 'firm.com',
      route: { kind: 'mx', hosts: [{ host: 'mx.hosting.com', addresses: ['198.20.1.1'] }] },
    },
  })
  expect(nobody).toEqual({ address: 'nobody@firm.com', verification: null, verifications: [], sightings: [] })
  expect(nothing).toBeNull()
})

test('statistics count by reason, domain, mail host and day, over all and by job', async () => {
  const today = new Date().toISOString().slice(0, 10)
  const { all, ofJob, ofDomain, missing } = await api.data<Record<string, unknown>>(
    `query ($id: ID!) {
      all: verificationStats { total byMxOrganisation { name count unknown } byDay { name count invalid unknown } }
      ofJob: verificationStats(jobId: $id) { total byReason { status reason count } byDomain(first: 1) { name count valid risky invalid unknown } }
      ofDomain: verificationStats(domain: "Silent.com") { total byReason { reason } }
      missing: verificationStats(jobId: "999999") { total } }`,
    { id },
  )
  // What is no address is no verified address either: it is counted in its job alone.
  expect(all).toEqual({
    total: 4,
    byMxOrganisation: [{ name: 'hosting.com', count: 2, unknown: 2 }],
    byDay: [{ name: today, count: 4, invalid: 2, unknown: 2 }],
  })
  expect(ofJob).toEqual({
    total: 5,
    byReason: [
      { status: 'UNKNOWN', reason: 'DOMAIN_ACCEPTS_MAIL', count: 2 },
      { status: 'INVALID', reason: 'DOMAIN_NOT_FOUND', count: 1 },
      { status: 'INVALID', reason: 'NULL_MX', count: 1 },
      { status: 'INVALID', reason: 'SYNTAX_INVALID', count: 1 },
    ],
    byDomain: [{ name: 'firm.com', count: 2, valid: 0, risky: 0, invalid: 0, unknown: 2 }],
  })
  expect(ofDomain).toEqual({ total: 1, byReason: [{ reason: 'NULL_MX' }] })
  expect(missing).toBeNull()
})

test('a verdict from the text alone is known to all, and answers who asks no more', async () => {
  const emails = ['zoe@text.com', 'sales@text.com', 'ann@text.notatld', 'no address']
  const jobId = String(await verify({ emails, depth: 'SYNTAX' }))
  const verdictsOf = async (id: string) =>
    (
      await api.data<{ job: { verifications: { nodes: object[] } } }>(
        `query ($id: ID!) { job(id: $id) { verifications(first: 9) { nodes { address reason depth engine fromStore } } } }`,
        { id },
      )
    ).job.verifications.nodes
  const byText = { depth: 'SYNTAX', engine: 'BUILTIN', fromStore: false }
  expect(await verdictsOf(jobId)).toEqual([
    { address: 'zoe@text.com', reason: 'SYNTAX_OK', ...byText },
    { address: 'sales@text.com', reason: 'SYNTAX_OK', ...byText },
    { address: 'ann@text.notatld', reason: 'TLD_UNKNOWN', ...byText },
    { address: 'no address', reason: 'SYNTAX_INVALID', ...byText },
  ])
  const { all, ofJob, address } = await api.data<Record<string, unknown>>(
    `query ($id: ID!) { all: verificationStats(domain: "text.com") { total byReason { status reason count } }
      ofJob: verificationStats(jobId: $id) { total }
      address(email: "sales@text.com") { verification { reason } verifications { depth engine holdsUntil evidence } } }`,
    { id: jobId },
  )
  expect(all).toEqual({ total: 2, byReason: [{ status: 'UNKNOWN', reason: 'SYNTAX_OK', count: 2 }] })
  expect(ofJob).toEqual({ total: 4 })
  expect(address).toMatchObject({
    verification: { reason: 'SYNTAX_OK' },
    verifications: [
      { depth: 'SYNTAX', engine: 'BUILTIN', holdsUntil: null, evidence: { text: { ok: true, role: true } } },
    ],
  })
  const again = String(await verify({ emails: emails.slice(0, 1), depth: 'SYNTAX' }))
  expect(await verdictsOf(again)).toEqual([
    { address: 'zoe@text.com', reason: 'SYNTAX_OK', ...byText, fromStore: true },
  ])
})

test('an address that a job found shows the verdict that another one gave it', async () => {
  const jobId = await addJob(db)
  await addAddresses(db, jobId, { seq: 1, groupId: 1 }, [{ address: 'info@firm.com' }, { address: 'other@firm.com' }])
  const { job } = await api.data<{ job: { emails: { nodes: object[] } } }>(
    `query ($id: ID!) { job(id: $id) { emails(first: 5, orderBy: ADDRESS) { nodes { address verification { status reason } } } } }`,
    { id: String(jobId) },
  )
  expect(job.emails.nodes).toEqual([
    { address: 'info@firm.com', verification: { status: 'UNKNOWN', reason: 'DOMAIN_ACCEPTS_MAIL' } },
    { address: 'other@firm.com', verification: null },
  ])
})
