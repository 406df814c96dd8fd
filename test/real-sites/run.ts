import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

import { z } from 'zod'

import { launchBrowser } from '../support/browser.ts'
import { compare } from './compare.ts'
import type { Comparison, Found, Score } from './compare.ts'
import { extractSite } from './extract.ts'
import type { Extracted } from './extract.ts'
import { findByJob } from './job.ts'
import { docPackages, unpacked } from './packages.ts'
import type { DocPackage } from './packages.ts'
import { decisionsOf, hashOf, loadReview, pageCounts, truthOf } from './review.ts'
import { scanSite } from './scan.ts'
import type { Scan } from './scan.ts'
import { serveDocs } from './serve.ts'

/** Least recall and precision, by address and by place. */
const enough = 0.995

const usage = `Real sites: documentation of Debian packages, served on loopback, scanned by a browser, compared with what the extractor finds on the same
pages, which must be the same by its light way and by a full parse. Ends with 1 where it is not, or recall or precision are below ${percent(enough)}.

  node test/real-sites/run.ts [options] [package …]      (${docPackages.map((docs) => docs.name).join(', ')})

  --dir FOLDER     unpacked packages, each in a folder of its name; downloaded with apt-get into a temporary folder where not given
  --server URL     crawl each site by a job of this running server, and compare with that; the server's ALLOW_HOSTS must name the sites' hosts and ports
  --found FILE     compare with what a job found, as NDJSON of { address, sourceUrl }; of one package
  --port PORT      port of the first site, the next ones behind it; free ones where not given
  --serve          only serve the sites, and print their start pages, until stopped
  --show           print addresses in clear, not masked
  --review         print every piece of text that may be an address, with what was decided about it (in clear)
`

const foundLine = z.object({ address: z.string(), sourceUrl: z.url() })

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dir: { type: 'string' },
    server: { type: 'string' },
    found: { type: 'string' },
    port: { type: 'string', default: '0' },
    serve: { type: 'boolean', default: false },
    show: { type: 'boolean', default: false },
    review: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

process.exitCode = options.help ? (console.log(usage), 0) : await main()

async function main(): Promise<number> {
  const wanted = positionals.length === 0 ? docPackages : docPackages.filter((docs) => positionals.includes(docs.name))
  const unknown = positionals.filter((name) => !docPackages.some((docs) => docs.name === name))
  if (unknown.length > 0 || (options.found !== undefined && wanted.length !== 1)) {
    console.error(
      unknown.length > 0 ? `No such package: ${unknown.join(', ')}\n` : '--found is about one package: name it\n',
    )
    console.error(usage)
    return 2
  }
  const temporary = options.dir === undefined ? mkdtempSync(join(tmpdir(), 'real-sites-')) : undefined
  try {
    const folders = new Map<DocPackage, string>()
    for (const docs of wanted) folders.set(docs, await unpacked(docs, temporary ?? resolve(options.dir!)))
    if (options.serve) return await serveUntilStopped(folders)
    const found = options.found === undefined ? undefined : readFound(options.found)
    let worst = 0
    for (const [docs, folder] of folders)
      worst = Math.max(worst, await report(docs, folder, portOf(docs, wanted), found))
    return worst
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    return 1
  } finally {
    if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true })
  }
}

/** 0 where all is well; 1 too where the scan does not agree with the review: then the figures are about something else than what was reviewed. */
async function report(docs: DocPackage, folder: string, port: number, given: Found[] | undefined): Promise<number> {
  const { name } = docs
  const { site, startUrls } = await serveDocs(docs, folder, port)
  const browser = await launchBrowser()
  let scan: Scan
  let found = given
  let extracted: Extracted | undefined
  try {
    scan = await scanSite(browser, startUrls)
    if (options.server !== undefined) {
      const startedAt = performance.now()
      const job = await findByJob(options.server, startUrls, scan.pages.length * 2)
      console.log(`${name}: job ${job.jobId} took ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
      found = job.found
    }
    if (found === undefined) {
      const paths = scan.pages.map(({ path }) => path)
      extracted = await extractSite(new URL(startUrls[0]!).origin, paths)
      found = extracted.found
    }
  } finally {
    await browser.close()
    await site.close()
  }
  const review = loadReview(name)
  if (options.review) {
    const decisions = decisionsOf(review)
    for (const [token, pages] of pageCounts(scan)) {
      const { verdict, why = '' } = decisions.get(hashOf(token)) ?? { verdict: 'NOT REVIEWED' }
      console.log([verdict, pages, token, why].join('\t'))
    }
  }
  const truth = truthOf(scan, review)
  const expected = new Set(truth.places.map((place) => place.address)).size
  console.log(
    `${name} ${review.version}: ${scan.pages.length} pages, ${scan.missing.length} broken links, ${expected} addresses on ${truth.places.length} places, ` +
      `${review.either.length} that may be left or taken, ${review.rejected.length} rejected`,
  )
  for (const line of truth.drift) console.log(`  DRIFT ${line}`)
  const comparison = compare(truth, found)
  printComparison(comparison)
  const different = extracted?.different ?? []
  for (const { path, parts } of different)
    console.log(`  DIFFERENT by the light way and the full parse: ${parts.join(', ')} on ${path}`)
  if (extracted && different.length === 0) console.log('  the light way and the full parse say the same of every page')
  const good = ({ recall, precision }: Score): boolean => Math.min(recall, precision) >= enough
  return truth.drift.length > 0 || different.length > 0 || !good(comparison.addresses) || !good(comparison.places)
    ? 1
    : 0
}

function printComparison({ addresses, places, either }: Comparison): void {
  for (const [what, part] of [
    ['addresses', addresses],
    ['places', places],
  ] as const) {
    console.log(
      `  ${what}: ${part.right} of ${part.expected} found, recall ${percent(part.recall)}, precision ${percent(part.precision)}`,
    )
  }
  for (const address of addresses.missing) console.log(`  MISSING ${shown(address)}`)
  for (const { address, why } of addresses.wrong) console.log(`  WRONG ${shown(address)}: ${why}`)
  for (const { address, path } of places.missing.filter((place) => !addresses.missing.includes(place.address)))
    console.log(`  MISSING ${shown(address)} on ${path}`)
  for (const { address, path, why } of places.wrong) console.log(`  WRONG ${shown(address)} on ${path}: ${why}`)
  for (const { address, why } of either) console.log(`  EITHER ${shown(address)}: ${why}`)
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`
}

/** `i***@e***.org`, and enough of the hash to find it again. */
function shown(address: string): string {
  if (options.show) return address
  const [local = '', domain = ''] = address.split('@')
  return `${local.slice(0, 1)}***@${domain.slice(0, 1)}***.${domain.split('.').at(-1)} (${hashOf(address)})`
}

function readFound(file: string): Found[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.filter((line) => line.trim() !== '').map((line) => foundLine.parse(JSON.parse(line)))
}

async function serveUntilStopped(folders: Map<DocPackage, string>): Promise<number> {
  const served = []
  for (const [docs, folder] of folders) {
    const { site, startUrls } = await serveDocs(docs, folder, portOf(docs, [...folders.keys()]))
    served.push(site)
    console.log(JSON.stringify({ package: docs.name, origin: site.url, startUrls }))
  }
  await new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve))
  await Promise.all(served.map((site) => site.close()))
  return 0
}

function portOf(docs: DocPackage, among: DocPackage[]): number {
  const first = Number(options.port)
  return first === 0 ? 0 : first + among.indexOf(docs)
}
