import type { ServerReport } from './messages.ts'

/** How much of the machine this process has used. `collect`: after a garbage collection (node --expose-gc). */
export function usage(collect: boolean, followers: number): ServerReport {
  const { user, system } = process.cpuUsage()
  if (collect) for (let i = 0; i < 2; i++) (globalThis as { gc?: () => void }).gc?.()
  const { rss, heapUsed, external } = process.memoryUsage()
  return { cpuUs: user + system, rssBytes: rss, heapBytes: heapUsed + external, followers }
}
