import type { QueuedPage } from '../../db/pages.ts'
import type { QueuedSitemap } from '../../db/sitemaps.ts'
import type { HeldHost } from './held-host.ts'
import type { HostRun } from './host-run.ts'
import { robotsToAsk } from './known-robots.ts'
import { settleSitemapFault } from './read-sitemap.ts'
import { fetchRobots } from './robots-of-host.ts'
import { settleFault, settleThrottled } from './settle-fault.ts'
import { untilStopped } from './until-stopped.ts'

/** Makes one request for it. Where it cannot be had, that is the fate of what stands behind it. */
export async function askForRobots(
  run: HostRun,
  held: HeldHost,
  behind: { page: QueuedPage } | { sitemap: QueuedSitemap },
): Promise<void> {
  const { io, wait } = run.args
  const item = 'page' in behind ? behind.page : behind.sitemap
  const at = robotsToAsk(run, item.url)
  const waitMs = held.waitMs()
  if (waitMs > 0) await wait(Math.ceil(waitMs))
  if (held.signal.aborted || held.waitMs() > 0) return
  const last = run.state.retry?.key === item.key && run.state.retry.failures >= 2
  const got = await untilStopped(held, fetchRobots(io, { at, signal: held.signal, last }))
  if (!got) return
  run.step.touched = true
  run.state.robots = got.got === 'redirect' ? got.to : undefined
  if (got.got === 'redirect') return
  if (got.got === 'rules' || got.got === 'forbidden') {
    const { findings, ...answer } = got
    run.state.retry = undefined
    run.robots.set(at.origin, answer)
    run.step.findings.push(...findings)
    return
  }
  const throttled =
    got.got === 'throttled'
      ? {
          ...got,
          fetchMs: 0,
          category: 'http_5xx' as const,
          message: `robots.txt: the host answered ${got.httpStatus}`,
        }
      : undefined
  if ('sitemap' in behind) {
    settleSitemapFault(run, held, behind.sitemap, throttled ?? got)
    return
  }
  run.frontier.take()
  if (throttled) settleThrottled(run, held, behind.page, throttled)
  else if (got.got === 'fault') await settleFault(run, held, behind.page, got)
}
