// npm run bench -- verify [--rounds 3] [--rows 100000] [--domains 20000] [--answersAfter 130] [--large 1000000] [--profile FOLDER]: whole jobs of depth DNS,
// started over the API as a user starts them, against a bare loop of cached look-ups with 100 in flight, in turns: where DNS answers after so many
// milliseconds, with one worker, which has as many in flight, and with all; and where it answers at once, with all; then a large list of new addresses, and
// the same list again from the store; and the memory of the API and the workers at both sizes. Fails where a domain's MX is asked for more than once.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

import { addressesOf, addressList, type ListPlan } from '../../support/address-list.ts'
import { type DnsApart, type DnsProcessReport, startDnsApart } from '../../support/dns-apart.ts'
import { type Program, startProgram } from '../../support/program.ts'
import { uploadPieces } from '../../support/upload.ts'
import { startPeer } from './peer.ts'
import { type ProgramUsage, usageOf } from './program-usage.ts'
import { verifyUpload } from './verify-upload.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    rows: { type: 'string', default: '100000' },
    domains: { type: 'string', default: '20000' },
    /**
     * 130 ms is what Google's crawler has to wait on average for a name that its resolver does not know, where it gets an answer
     * (https://developers.google.com/speed/public-dns/docs/performance); most domains of a list are such names.
     */
    answersAfter: { type: 'string', default: '130' },
    /** Rows of the large list; 0: none. */
    large: { type: 'string', default: '1000000' },
    profile: { type: 'string', default: '' },
  },
})
const rounds = Number(values.rounds)
const domains = Number(values.domains)
const goals = { ratio: 0.8, storeSeconds: 60, rssGrowth: 1.15 }

const answersAfter = Number(values.answersAfter)
const waiting = await onDns(answersAfter, inTurns, { WORKERS: '1' })
const allWorkers = await onDns(answersAfter, inTurns)
const atOnce = await onDns(0, inTurns)
const rows = Number(values.large)
const large = rows > 0 ? await onDns(0, (stage) => largeList(stage, rows)) : null
const rssMb = Math.max(allWorkers.rssMb, atOnce.rssMb)
const rssGrowth = large && large.rssMb / atOnce.rssMb
console.log(
  JSON.stringify({
    bench: 'verify',
    ...ratioOf(waiting),
    unit: 'addresses/s',
    answersAfterMs: answersAfter,
    allWorkers: ratioOf(allWorkers),
    atOnce: ratioOf(atOnce),
    peakRssMb: Math.round(Math.max(rssMb, large?.rssMb ?? 0)),
    ...(large && {
      largeSeconds: fixed(large.newSeconds),
      storeSeconds: fixed(large.storeSeconds),
      rssGrowth: fixed(rssGrowth!),
      rssMb: [Math.round(atOnce.rssMb), Math.round(large.rssMb)],
    }),
  }),
)
const { ratio } = ratioOf(waiting)
const missed = [
  ...(ratio < goals.ratio ? [`ratio ${ratio}, goal ${goals.ratio}`] : []),
  ...(large && large.storeSeconds > goals.storeSeconds ? [`from the store in ${fixed(large.storeSeconds)} s`] : []),
  ...(rssGrowth && rssGrowth > goals.rssGrowth ? [`memory grows by ${fixed(rssGrowth)}`] : []),
]
for (const goal of missed) console.log(`MISSED: ${goal}`)
if (missed.length > 0) process.exitCode = 1

interface Stage {
  dns: DnsApart
  program: Program
}

interface Turns {
  /** Addresses a second, of each round. */
  ours: number[]
  theirs: number[]
  rssMb: number
}

function ratioOf({ ours, theirs }: Turns) {
  return {
    ours: Math.round(median(ours)),
    peer: Math.round(median(theirs)),
    ratio: fixed(median(ours) / median(theirs)),
  }
}

async function inTurns({ dns, program }: Stage): Promise<Turns> {
  const peer = await startPeer({ server: dns.server, inFlight: 100 })
  const [ours, theirs]: [number[], number[]] = [[], []]
  let rssMb = 0
  for (let round = 1; round <= rounds; round++) {
    const plan: ListPlan = { rows: Number(values.rows), domains, ending: `round${round}.com` }
    const upload = await uploadList(program, plan)
    const before = usageOf(program.pid)
    const seconds = await verifyUpload(program.url, upload, { addresses: plan.rows, fromStore: 0 })
    const usage = usageOf(program.pid)
    ours.push(plan.rows / seconds)
    const asked = await onceADomain(dns)
    if (round === 1) rssMb = usage.peakRssMb
    const { seconds: bare, cpuMs } = await peer.run([...addressesOf(plan)])
    theirs.push(plan.rows / bare)
    const askedByPeer = await onceADomain(dns)
    console.log(
      `round ${round}  ours: ${Math.round(ours.at(-1)!)} addresses/s, ${asked.queries} queries, ${cpuOf(before, usage, plan.rows)}; bare loop: ${Math.round(theirs.at(-1)!)} addresses/s, ${askedByPeer.queries} queries, ${Math.round((cpuMs * 1_000) / plan.rows)} µs CPU an address`,
    )
  }
  await peer.close()
  return { ours, theirs, rssMb }
}

async function largeList({ dns, program }: Stage, rows: number) {
  const plan: ListPlan = { rows, domains, ending: 'large.com' }
  const upload = await uploadList(program, plan)
  const begun = usageOf(program.pid)
  const newSeconds = await verifyUpload(program.url, upload, { addresses: rows, fromStore: 0 })
  await onceADomain(dns)
  const again = await uploadList(program, plan)
  const between = usageOf(program.pid)
  const storeSeconds = await verifyUpload(program.url, again, { addresses: rows, fromStore: rows })
  const { queries } = await dns.report()
  if (queries > 0) throw new Error(`${queries} queries for what is known`)
  const usage = usageOf(program.pid)
  console.log(
    `${rows} rows: new in ${newSeconds.toFixed(1)} s (${Math.round(rows / newSeconds)}/s; ${cpuOf(begun, between, rows)}), from the store in ${storeSeconds.toFixed(1)} s (${cpuOf(between, usage, rows)}); peak ${Math.round(between.peakRssMb)} and ${Math.round(usage.peakRssMb)} MB`,
  )
  return { newSeconds, storeSeconds, rssMb: usage.peakRssMb }
}

async function uploadList(program: Program, plan: ListPlan): Promise<string> {
  return uploadPieces(program.url, () => addressList(plan))
}

/** Throws where a domain's MX was not asked for exactly once. */
async function onceADomain(server: DnsApart): Promise<DnsProcessReport> {
  const report = await server.report()
  const again = report.askedAgain.filter(([what]) => what.startsWith('MX '))
  if (again.length > 0) throw new Error(`asked for more than once: ${JSON.stringify(again.slice(0, 5))}`)
  if (report.byType['MX'] !== domains)
    throw new Error(`the MX of ${report.byType['MX']} of ${domains} domains was asked for`)
  return report
}

function cpuOf(before: ProgramUsage, after: ProgramUsage, rows: number): string {
  const us = (name: 'ownSeconds' | 'postgresSeconds') => Math.round(((after[name] - before[name]) * 1e6) / rows)
  return `${us('ownSeconds')} µs CPU an address in the program, ${us('postgresSeconds')} in Postgres`
}

/** The program as `npm start` runs it, over a new folder, with a DNS server that answers after so many milliseconds. */
async function onDns<T>(
  answersAfterMs: number,
  use: (stage: Stage) => Promise<T>,
  settings: Record<string, string> = {},
): Promise<T> {
  // Ten domains a mail host: their addresses are asked for too, by both.
  const mailHosts = Math.ceil(domains / 10)
  await using dns = await startDnsApart({ domains, mailHosts, hosts: ['198.20.1.1'], answersAfterMs })
  const dir = await mkdtemp(join(tmpdir(), 'mailquarry-bench-verify-'))
  const profiled = values.profile && { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${resolve(values.profile)}` }
  const program = await startProgram({
    DATA_DIR: join(dir, 'data'),
    DNS_SERVERS: dns.server,
    LOG_LEVEL: 'info',
    ...settings,
    ...profiled,
  })
  try {
    return await use({ dns, program })
  } finally {
    await program.stop()
    await rm(dir, { recursive: true, force: true })
  }
}

function median(all: number[]): number {
  return all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)]!
}

function fixed(value: number): number {
  return Math.round(value * 100) / 100
}
