import type { HostRun } from './host-run.ts'
import { type RobotsAnswer, type RobotsPlace, robotsPlace, storedRobots } from './robots-of-host.ts'

/** As far as they have been asked for, by this run or another. */
export async function knownRobots(run: HostRun, url: string): Promise<RobotsAnswer | undefined> {
  const { origin } = new URL(url)
  const known = run.robots.get(origin) ?? (await storedRobots(run.args.io, origin))
  if (known) run.robots.set(origin, known)
  return known
}

/** Where the robots.txt of a URL's origin is asked for next. */
export function robotsToAsk({ state: { robots } }: HostRun, url: string): RobotsPlace {
  const { origin } = new URL(url)
  return robots?.origin === origin ? robots : robotsPlace(origin)
}
