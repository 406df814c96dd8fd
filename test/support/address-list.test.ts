import { execFile } from 'node:child_process'
import { Resolver } from 'node:dns/promises'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { expect, test } from 'vitest'

import { addressesOf, addressList, listHeader, listZone, tallyOf, writeAddressList } from './address-list.ts'
import { startDnsApart } from './dns-apart.ts'

const plan = { rows: 20_000, domains: 300, seed: 7, duplicates: 0.1, bad: 0.02 }

test('is what its tally says, and the same for the same plan', () => {
  const text = [...addressList(plan)].join('')
  expect([...addressList(plan)].join('')).toBe(text)
  expect([...addressList({ ...plan, seed: 8 })].join('')).not.toBe(text)
  const rows = rowsOf(text)
  expect(rows.shift()?.join()).toBe(listHeader)
  expect(new Set(rows.map((row) => row.length))).toEqual(new Set([4]))
  const seen = new Set<string>()
  const tally = { rows: rows.length, addresses: 0, duplicates: 0, bad: 0 }
  for (const [, , cell] of rows) {
    const address = cell!.toLowerCase()
    if (!/^[a-z]+\.\d+@d\d+\.test$/.test(address)) tally.bad += 1
    else if (seen.has(address)) tally.duplicates += 1
    else tally.addresses += seen.add(address) ? 1 : 0
  }
  expect(tally).toEqual(tallyOf(plan))
  expect(tally.duplicates / tally.rows).toBeCloseTo(0.1, 1)
  expect(tally.bad / tally.rows).toBeCloseTo(0.02, 2)
  expect([...addressesOf(plan)]).toEqual([...seen])
  expect(new Set([...seen].map((address) => address.split('@')[1])).size).toBe(300)
})

test('is written as it is made', async () => {
  const top = mkdtempSync(join(tmpdir(), 'list-'))
  try {
    await writeAddressList(join(top, 'list.csv'), plan)
    expect(readFileSync(join(top, 'list.csv'), 'utf8')).toBe([...addressList(plan)].join(''))
  } finally {
    rmSync(top, { recursive: true })
  }
})

test('takes no more room for more rows', async () => {
  const script = `
    import { addressList } from ${JSON.stringify(new URL('address-list.ts', import.meta.url).href)}
    let bytes = 0
    for (const piece of addressList({ rows: 2_000_000, domains: 20_000, duplicates: 0.1, bad: 0.01 })) bytes += piece.length
    console.log(bytes)`
  const args = ['--max-old-space-size=32', '--input-type=module', '--eval', script]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  expect(Number(stdout)).toBeGreaterThan(80_000_000)
})

test('has domains that a DNS server answers for, apart from what is measured', async () => {
  expect(listZone(2)('d2.test')).toBeUndefined()
  await using dns = await startDnsApart({ domains: 20_000, hosts: ['127.0.0.2', '127.0.0.3'] })
  const resolver = new Resolver()
  resolver.setServers([dns.server])
  expect(await resolver.resolveMx('d19999.test')).toMatchObject([{ exchange: 'mx.d19999.test' }])
  expect(await resolver.resolve4('mx.d19999.test')).toEqual(['127.0.0.3'])
  expect(await resolver.resolve4('mx.d19999.test')).toEqual(['127.0.0.3'])
  await expect(resolver.resolveMx('d20000.test')).rejects.toThrow('ENOTFOUND')
  expect(await dns.report()).toMatchObject({ queries: 4, names: 3, askedAgain: [['A mx.d19999.test', 2]] })
  expect(await dns.report()).toMatchObject({ queries: 0, names: 0 })
})

/** RFC 4180, by its grammar. */
function rowsOf(text: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    row.push(quoted?.replaceAll('""', '"') ?? plain ?? '')
    if (end === ',') continue
    rows.push(row)
    row = []
  }
  return rows
}
