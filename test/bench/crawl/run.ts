// npm run bench -- crawl [--rounds 3] [--pages 3000] [--small 2000] [--large 20000] [--only ours] [--processes 2] [--profile FOLDER]: a whole crawl of eight
// hosts against Scrapy and Crawlee, in turns, and memory on a small and a large site, all by processes that have crawled another site before; and extraction alone against htmlparser2. With `--rounds 0` memory alone.
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

import { startEmbedded } from '../../../db/embedded.ts'
import { extractByOurs, extractByPeer, type ExtractRun, pagesInMemory } from './extract-only.ts'
import { crawlByOurs, type OurRun } from './ours.ts'
import { openPeers, type Peer } from './peers.ts'
import { serveSite } from './site-server.ts'
import { addressesOfSite, type SitePlan, writeSite } from './site.ts'

const { values } = parseArgs({
  options: {
    /** 0: not. */
    rounds: { type: 'string', default: '3' },
    /** Of the site that all crawl. */
    pages: { type: 'string', default: '3000' },
    /** Of the site that is crawled before, so that what compiles as it runs is warm; 0: none. */
    warmUp: { type: 'string', default: '2000' },
    /** Of the sites that memory is measured on; 0: not. */
    small: { type: 'string', default: '2000' },
    large: { type: 'string', default: '20000' },
    only: { type: 'string', default: '' },
    processes: { type: 'string', default: '2' },
    profile: { type: 'string', default: '' },
  },
})
const rounds = Number(values.rounds)
const processes = Number(values.processes)
const hosts = 8
const planOf = (pages: string): SitePlan => ({ seed: 1, hosts, pages: Number(pages) })

const extraction = values.only === 'ours' || rounds === 0 ? undefined : extractInTurns()
const peers = values.only === '' && rounds > 0 ? await openPeers() : []
const dir = await mkdtemp(join(tmpdir(), 'mailquarry-bench-crawl-'))
const embedded = await startEmbedded({ dataDir: join(dir, 'data') })
try {
  if (values.only !== 'extract') await crawlInTurns()
} finally {
  await embedded.stop()
  await rm(dir, { recursive: true, force: true })
}

async function crawlInTurns(): Promise<void> {
  const ours: OurRun[] = []
  const theirs = new Map<Peer, number[]>(peers.map((peer) => [peer, []]))
  const inTurns = async (origins: string[], plan: SitePlan, warmUp: string[]) => {
    for (let round = 1; round <= rounds; round++) {
      ours.push(await crawl(`round ${round}`, plan, origins, warmUp))
      for (const [peer, rates] of theirs) {
        const run = await peer.crawl(origins, warmUp)
        rates.push(run.pages / run.seconds)
        console.log(
          `round ${round}  ${peer.name}: ${rate(run)} pages/s, ${run.pages} pages, ${run.addresses} addresses, ${(run.cpuMs / run.pages).toFixed(1)} ms CPU a page, ${Math.round(run.peakRssMb)} MB`,
        )
        if (run.pages !== plan.pages) throw new Error(`${peer.name} fetched ${run.pages} of ${plan.pages} pages`)
      }
    }
  }
  let server =
    rounds > 0
      ? await onSite(planOf(values.pages), (origins, plan) => afterWarmUp((others) => inTurns(origins, plan, others)))
      : undefined
  const sized: OurRun[] = []
  for (const pages of [values.small, values.large].filter((pages) => pages !== '0'))
    server = await onSite(planOf(pages), (origins, plan) =>
      afterWarmUp(async (others) => {
        sized.push(await crawl(`${pages} pages`, plan, origins, others))
      }),
    )
  const rssMb = sized.map(({ peakRssMb }) => peakRssMb)
  if (rounds === 0) ours.push(...sized)

  const perSecond = median(ours.map(({ pages, seconds }) => pages / seconds))
  console.log(`median  ours: ${perSecond.toFixed(0)} pages/s`)
  const medians = Object.fromEntries([...theirs].map(([{ name }, rates]) => [name, median(rates)]))
  for (const [name, value] of Object.entries(medians))
    console.log(`median  ${name}: ${value.toFixed(1)} pages/s, ratio ${(perSecond / value).toFixed(1)}`)
  const fastest = peers.length > 0 ? Math.max(...Object.values(medians)) : undefined
  console.log(
    JSON.stringify({
      bench: 'crawl',
      ours: Math.round(perSecond),
      peer: fastest === undefined ? null : fixed(fastest),
      unit: 'pages/s',
      ratio: fastest === undefined ? null : fixed(perSecond / fastest),
      peers: Object.fromEntries(Object.entries(medians).map(([name, value]) => [name, fixed(value)])),
      server,
      processes,
      peakRssMb: Math.round(Math.max(...ours.map(({ peakRssMb }) => peakRssMb), ...rssMb)),
      sightingsPerSecond: Math.round(median(ours.map(({ sightings, seconds }) => sightings / seconds))),
      rssGrowth: rssMb.length === 2 ? fixed(rssMb[1]! / rssMb[0]!) : null,
      rssMb: rssMb.map(Math.round),
      sizedPagesPerSecond: sized.map(({ pages, seconds }) => Math.round(pages / seconds)),
      ...(extraction && { extractOnly: extraction }),
    }),
  )
}

/** Throws where the job has not fetched every page or not found every address. */
async function crawl(what: string, plan: SitePlan, origins: string[], warmUp: string[] = []): Promise<OurRun> {
  const execArgv = values.profile === '' ? [] : ['--cpu-prof', `--cpu-prof-dir=${resolve(values.profile)}`]
  const run = await crawlByOurs({ url: embedded.url, origins, warmUp, processes, execArgv })
  const { pages, addresses, sightings, seconds, cpuMs, machineCpuMs, peakRssMb } = run
  console.log(
    `${what}  ours: ${rate(run)} pages/s, ${pages} pages, ${addresses.size} addresses, ${Math.round(sightings / seconds)} sightings/s, ${(cpuMs / pages).toFixed(2)} ms CPU a page in the workers, ${(machineCpuMs / pages).toFixed(2)} in the machine (${Math.round(machineCpuMs / seconds / 10 / cpus().length)} % of it), ${Math.round(peakRssMb)} MB (the peaks of ${processes} worker processes, summed)`,
  )
  const expected = addressesOfSite(plan)
  const missing = [...expected].filter((address) => !addresses.has(address))
  if (pages !== plan.pages) throw new Error(`${pages} of ${plan.pages} pages were fetched`)
  if (missing.length > 0 || addresses.size !== expected.size)
    throw new Error(
      `${addresses.size} of ${expected.size} addresses were found; missing: ${missing.slice(0, 5).join(', ')}`,
    )
  return run
}

/** Returns what served the site. */
async function onSite(
  plan: SitePlan,
  use: (origins: string[], plan: SitePlan) => Promise<unknown>,
  network = 1,
): Promise<string> {
  if (plan.pages === 0) return (await use([], plan), '')
  const root = join(dir, `site-${network}-${plan.pages}`)
  await writeSite(root, plan)
  const server = await serveSite(root, plan.hosts, network)
  if (server.by === 'node') console.log('nginx is missing: a server in Node stands in for it')
  try {
    await use(server.origins, plan)
  } finally {
    await server.close()
    await rm(root, { recursive: true, force: true })
  }
  return server.by
}

/** Beside another site, to be crawled before by whoever is measured. */
function afterWarmUp(use: (others: string[]) => Promise<unknown>): Promise<string> {
  return onSite({ ...planOf(values.warmUp), seed: 3 }, use, 2)
}

function extractInTurns() {
  const pages = pagesInMemory({ ...planOf('800'), seed: 2 })
  const [mine, theirs]: [ExtractRun[], ExtractRun[]] = [[], []]
  for (let turn = 0; turn <= rounds + 1; turn++) {
    const [ours, peer] = [extractByOurs(pages), extractByPeer(pages)]
    if (turn === 0) continue // the compiler's
    mine.push(ours)
    theirs.push(peer)
    console.log(
      `extract only, turn ${turn}  ours: ${ours.pagesPerSecond.toFixed(0)} pages/s, ${ours.addresses} addresses, ${ours.links} links; htmlparser2: ${peer.pagesPerSecond.toFixed(0)} pages/s, ${peer.addresses} addresses, ${peer.links} links`,
    )
  }
  const [ours, peer] = [mine, theirs].map((runs) => median(runs.map(({ pagesPerSecond }) => pagesPerSecond))) as [
    number,
    number,
  ]
  console.log(
    `median  extract only: ours ${ours.toFixed(0)}, htmlparser2 ${peer.toFixed(0)} pages/s, ratio ${(ours / peer).toFixed(2)}`,
  )
  return { ours: Math.round(ours), peer: Math.round(peer), ratio: fixed(ours / peer) }
}

function rate({ pages, seconds }: { pages: number; seconds: number }): string {
  return (pages / seconds).toFixed(pages / seconds < 200 ? 1 : 0)
}

function median(all: number[]): number {
  return all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)]!
}

function fixed(value: number): number {
  return Math.round(value * 100) / 100
}
