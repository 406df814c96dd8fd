import { randomUUID } from 'node:crypto'

import { sql } from 'kysely'
import { expect, test } from 'vitest'

import { testDatabase } from '../test/support/postgres.ts'
import { claimDomains, type NewFacts, renewDomainClaims, saveDomainFacts } from './domain-facts.ts'

const { db } = await testDatabase()
const now = new Date('2026-11-27T10:00:00Z')
const wanted = { now, notBefore: null }
const later = (seconds: number) => new Date(now.getTime() + seconds * 1_000)

function facts(domain: string, kind: string, askedAt: Date): NewFacts {
  const holdsUntil = new Date(askedAt.getTime() + 86_400_000)
  return { domain, route: { kind }, mxOrganisation: null, askedAt, holdsUntil, faults: 0 }
}

async function claim(domain: string, workerId: string): Promise<string | undefined> {
  const lease = randomUUID()
  const claimed = await claimDomains(db, [domain], { ...wanted, workerId, lease })
  return claimed.length > 0 ? lease : undefined
}

const expire = (domain: string) =>
  sql`update domain_facts set leased_until = now() where domain = ${domain}`.execute(db)

async function known(domain: string) {
  const { rows: facts } = await sql`
    select route->>'kind' as kind, asked_at as at, checks from domain_facts where domain = ${domain}`.execute(db)
  const { rows: history } = await sql`
    select route->>'kind' as kind, asked_at as at from domain_fact_history where domain = ${domain} order by asked_at`.execute(
    db,
  )
  return { facts, history }
}

test.each([
  ['before the other has its answer', false],
  ['after the other has its answer', true],
])('what DNS said to a worker that took longer than its claim is kept as history, %s', async (_when, otherFirst) => {
  const domain = `slow-${otherFirst}.com`
  const slow = await claim(domain, 'slow')
  await expire(domain)
  const other = await claim(domain, 'other')
  const answers = [
    () => saveDomainFacts(db, slow!, [facts(domain, 'null_mx', later(1))]),
    () => saveDomainFacts(db, other!, [facts(domain, 'mx', later(2))]),
  ]
  for (const answer of otherFirst ? answers.toReversed() : answers) await answer()
  expect(await known(domain)).toEqual({
    facts: [{ kind: 'mx', at: later(2), checks: 1 }],
    history: [{ kind: 'null_mx', at: later(1) }],
  })
})

test('what is stored under a claim goes into the history only once it is replaced', async () => {
  const first = await claim('often.com', 'w')
  await saveDomainFacts(db, first!, [facts('often.com', 'mx', now)])
  expect((await known('often.com')).history).toEqual([])
})

test('a claim is held for longer by whoever has it, and by nobody else', async () => {
  const lease = await claim('held.com', 'w')
  await expire('held.com')
  const isOver = async () => {
    const { rows } = await sql`select from domain_facts where domain = 'held.com' and leased_until <= now()`.execute(db)
    return rows.length > 0
  }
  await renewDomainClaims(db, 'other', lease!)
  await renewDomainClaims(db, 'w', randomUUID())
  expect(await isOver()).toBe(true)
  await renewDomainClaims(db, 'w', lease!)
  expect(await isOver()).toBe(false)
  expect(await claim('held.com', 'other')).toBeUndefined()
})
