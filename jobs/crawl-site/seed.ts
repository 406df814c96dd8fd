import type { PageChange } from '../../db/pages.ts'
import { hostList } from '../engines/crawl/host-list.ts'
import { priorities } from '../engines/crawl/priority.ts'
import type { Start } from '../engines/crawl/scope.ts'
import { guessWords, readRows } from '../engines/table/table-rows.ts'
import type { Finding, Note, RunEnd, Step } from '../job-kind.ts'
import type { CrawlBatch, CrawlCheckpoint } from './crawl-batch.ts'
import type { CrawlArgs } from './host-run.ts'
import { type CrawlInput, readStarts } from './input.ts'
import { linkTarget } from './known-pages.ts'
import { readSite, refusalOfRow, shapeOfStarts, startTable } from './start-table.ts'

const startsAtOnce = 1_000
/** Rows of a table that are told of one by one: all are, with the reason, in the results by domain. */
const mostTold = 100

/** The first shard of a crawl: puts its starts into the frontier and spawns a shard for each host. Those of a table come after the others. */
export async function* seedCrawl(args: CrawlArgs): AsyncGenerator<Step<CrawlBatch, CrawlCheckpoint>, RunEnd> {
  const { input, checkpoint, io, care } = args
  const { domains = [], startUrls = [] } = input
  const all = domains.length + startUrls.length
  const before = checkpoint?.of === 'seeds' ? checkpoint : undefined
  const atOnce = care === 'normal' ? startsAtOnce : 1
  let seeded = before?.seeded ?? 0
  while (seeded < all) {
    const from = seeded
    seeded = Math.min(all, from + atOnce)
    const starts = readStarts(input, io.settings, from, seeded).map(({ start }) => start)
    const isLast = seeded === all && input.table === undefined && input.upload === undefined
    yield {
      ...seedStep(starts, input),
      checkpoint: { of: 'seeds', seeded },
      ...(isLast && { end: { end: 'done' } as const }),
    }
  }
  const table = await startTable(input, io.openUpload)
  if (table === undefined) return { end: 'done' }
  const listed = hostList(io.settings.ownHosts)
  const shape = before?.table?.shape ?? (await shapeOfStarts(table, input, io.settings))
  let { guessTold = false, refused = 0 } = before?.table ?? {}
  let place = before?.table?.next ?? shape.start
  for await (const { rows, next, guessedLine } of readRows(table.open, shape, {
    from: place,
    rowsAtOnce: atOnce,
  })) {
    const findings: Finding[] = []
    const starts: Start[] = []
    for (const { line, value } of rows) {
      if (value === '') continue
      const start = readSite(value, listed)
      if (start.ok) starts.push(start)
      else if (++refused <= mostTold) findings.push(findingOf(start, refusalOfRow(line, shape, toldOf(value, start))))
    }
    const notes: Note[] = guessedLine === undefined || guessTold ? [] : [{ message: guessWords(guessedLine) }]
    guessTold ||= notes.length > 0
    place = next
    yield {
      ...seedStep(starts, input),
      findings,
      notes,
      checkpoint: { of: 'seeds', seeded, table: { shape, next, guessTold, refused } },
    }
  }
  if (refused === 0) return { end: 'done' }
  const which = refused === 1 ? '1 row of the table is' : `${refused} rows of the table are`
  yield {
    ...seedStep([], input),
    notes: [{ message: `${which} not crawled: the results by domain say why`, counts: { refused } }],
    checkpoint: { of: 'seeds', seeded, table: { shape, next: place, guessTold, refused } },
    end: { end: 'done' },
  }
  return { end: 'done' }
}

function seedStep(starts: Start[], { scope }: CrawlInput): Omit<Step<CrawlBatch, CrawlCheckpoint>, 'checkpoint'> {
  const pages = new Map<string, PageChange>()
  const findings: Finding[] = []
  for (const start of starts) {
    // The job was checked when it was started; the operator may have taken a host off the list since.
    if (!start.ok) findings.push(findingOf(start, start.message))
    else {
      const target = linkTarget(start.url, scope)
      pages.set(target.key, { ...target, parentUrl: null, depth: 0, hops: 0, priority: priorities.start })
    }
  }
  const spawn = [...new Set([...pages.values()].map(({ shard }) => shard))]
  return {
    batch: { pages: [...pages.values()], links: [], sitemaps: [], reads: [], sightings: [], grants: [] },
    findings,
    spawn,
    phase: 'seeding',
  }
}

/** The log never names an address of a table: its owner may be suppressed, or forgotten. */
function toldOf(value: string, { message }: { message: string }): { message: string } {
  return { message: value.includes('@') ? 'an e-mail address is no site' : message }
}

function findingOf({ code }: Extract<Start, { ok: false }>, message: string): Finding {
  return { category: code === 'not_a_domain' || code === 'not_a_url' ? 'parse' : 'blocked', message }
}
