import type { Validators } from '../../db/page-reads.ts'
import type { QueuedPage } from '../../db/pages.ts'
import { acceptedOf } from './accepted-addresses.ts'
import { parseLeads } from './follow-links.ts'
import type { HostRun } from './host-run.ts'
import { keepLeads, spendPage } from './page-fate.ts'
import type { Settled } from './settle-fault.ts'

/** What the server of a page said of the version that an earlier job has read. */
export async function validatorsOf(run: HostRun, { key }: QueuedPage): Promise<Validators | undefined> {
  const { io, jobId, shard } = run.args
  run.recrawl ??= await io.hasEarlierReads(jobId, shard)
  return run.recrawl && !run.unconditional.has(key) ? await io.validators(key) : undefined
}

/** The server says that a page is as it was: what stood on it and where it leads is taken from the job that has read it. */
export async function settleUnchanged(
  run: HostRun,
  page: QueuedPage,
  head: { httpStatus: number | undefined; fetchMs: number },
): Promise<Settled> {
  const { step, follower, frontier, args } = run
  const earlier = await args.io.earlierRead(page.key)
  if (!earlier) {
    // The job that knew has been deleted since we asked.
    run.unconditional.add(page.key)
    frontier.put(page)
    return 'again'
  }
  const found = acceptedOf(run, earlier.sightings)
  step.sightings.push(...found.map((sighting) => ({ ...sighting, sourceKey: page.key, sourceUrl: page.url })))
  run.state.fetched++
  run.state.unchanged = (run.state.unchanged ?? 0) + 1
  const { sightings: _, links, ...version } = earlier
  step.reads.push({ key: page.key, shard: args.shard, version })
  keepLeads(run, page, links, true)
  const leads = follower.wantedOf(page, parseLeads(page.url, links, follower.links))
  spendPage(
    run,
    page,
    {
      status: 'FETCHED',
      ...head,
      message: `unchanged since ${earlier.readAt.slice(0, 10)}`,
      emailCount: new Set(found.map(({ address }) => address)).size,
    },
    { depth: page.depth, hops: leads.some(({ clicks }) => clicks === 0) ? page.hops : 0 },
  )
  run.nearer = (await follower.follow(step, frontier, page, leads)) || run.nearer
  return 'settled'
}
