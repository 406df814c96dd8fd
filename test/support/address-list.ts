import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import type { DnsName } from './dns-zone.ts'
import { seeded } from './seeded.ts'

export interface ListPlan {
  rows: number
  /** `d0.test` to `d<n-1>.test`, all of them met before one comes again. */
  domains: number
  /** Instead of `test`, as `list.com`. */
  ending?: string
  seed?: number
  /** Share of rows whose address has been in the list before, some of them in another letter case. */
  duplicates?: number
  /** Share of rows that hold no address. */
  bad?: number
}

export interface ListTally {
  rows: number
  /** Different addresses. */
  addresses: number
  duplicates: number
  bad: number
}

/** The header of the lists: the address is in the third column. */
export const listHeader = 'id,name,e-mail,company'

/**
 * A CSV of any size in pieces of about 64 kB, the same for the same plan. Some of its fields are quoted, with commas, quotes and line
 * breaks in them. Nothing is remembered but where it is.
 */
export function* addressList(plan: ListPlan): Generator<string, void> {
  let piece = `${listHeader}\r\n`
  let id = 0
  for (const cell of cells(plan)) {
    id += 1
    piece += `${id},${names[id % names.length]},${cell},${companies[id % companies.length]}\r\n`
    if (piece.length < 65_536) continue
    yield piece
    piece = ''
  }
  yield piece
}

export async function writeAddressList(path: string, plan: ListPlan): Promise<void> {
  await pipeline(Readable.from(addressList(plan)), createWriteStream(path))
}

/** What a list holds, without making it. */
export function tallyOf(plan: ListPlan): ListTally {
  const tally = { rows: 0, addresses: 0, duplicates: 0, bad: 0 }
  for (const { kind } of draws(plan)) {
    tally.rows += 1
    if (kind === 'new') tally.addresses += 1
    else if (kind === 'again') tally.duplicates += 1
    else tally.bad += 1
  }
  return tally
}

/** The different addresses of a list, in the order of their first rows. */
export function* addressesOf(plan: ListPlan): Generator<string, void> {
  for (const { kind, nth } of draws(plan)) if (kind === 'new') yield addressAt(nth, plan)
}

/**
 * For `otherwise` of a DNS server: each domain of a list, whatever its ending, has an MX at one of `hosts`, addresses in turn. It is of the domain's own
 * name, unless there are fewer `mailHosts` than domains. Cheap for any number of domains, since nothing of it is kept.
 */
export function listZone(
  domains: number,
  hosts: string[] = ['127.0.0.2'],
  mailHosts: number = domains,
): (name: string) => DnsName | undefined {
  return (name) => {
    const [, isHost, number, ending] = /^(mx\.)?d(\d+)\.([a-z0-9.-]+)$/.exec(name) ?? []
    if (number === undefined || Number(number) >= domains) return undefined
    if (isHost) return { a: [hosts[Number(number) % hosts.length]!] }
    return { mx: [[10, `mx.d${Number(number) % mailHosts}.${ending}`]] }
  }
}

function* cells(plan: ListPlan): Generator<string, void> {
  for (const { kind, nth } of draws(plan)) {
    const address = kind === 'bad' ? badCells[nth % badCells.length]! : addressAt(nth, plan)
    yield kind === 'again' && nth % 3 === 0 ? address.toUpperCase() : address
  }
}

/** `nth` counts new addresses from 0, names the address that comes again, or picks what is bad. */
function* draws({
  rows,
  seed = 1,
  duplicates = 0,
  bad = 0,
}: ListPlan): Generator<{ kind: 'new' | 'again' | 'bad'; nth: number }> {
  const random = seeded(seed)
  let made = 0
  for (let row = 0; row < rows; row += 1) {
    const drawn = random()
    if (drawn < bad) yield { kind: 'bad', nth: row }
    else if (drawn < bad + duplicates && made > 0) yield { kind: 'again', nth: Math.floor(random() * made) }
    else yield { kind: 'new', nth: made++ }
  }
}

function addressAt(nth: number, { domains, ending = 'test' }: ListPlan): string {
  return `${firstNames[nth % firstNames.length]}.${Math.floor(nth / domains)}@d${nth % domains}.${ending}`
}

const firstNames = ['anna', 'bert', 'carla', 'dario', 'elif', 'frans', 'greta', 'hugo', 'ines', 'jonas', 'karin']
const names = ['Anna Abel', '"Brandt, Bert"', '"Carla ""Cee"" Conti"', '"Dario\r\nDupont"', 'Élif Eriksen']
const companies = ['Shop Ltd', '"Mill, Sons & Co."', '', 'Werk GmbH']
/** None of them is an address to anybody. */
const badCells = [
  '',
  'n/a',
  'anna',
  'anna@',
  '@d1.test',
  'anna@@d1.test',
  'anna abel@d1.test',
  'anna@d1',
  '"anna@d1.test\u0000"',
  `${'a'.repeat(65)}@d1.test`,
  `anna@${'d'.repeat(64)}.test`,
  'anna..abel@d1.test',
]
