import { fork } from 'node:child_process'
import { once } from 'node:events'

/** Domains as `listZone` of address-list.ts has them, with their MX hosts at `hosts` in turn. */
export interface DnsProcessPlan {
  domains: number
  hosts?: string[]
  mailHosts?: number
  /** How long each question waits for its answer, as one does that a resolver has to ask others about. */
  answersAfterMs?: number
}

/** Of the time since the last report; `cpuMs` since the start. */
export interface DnsProcessReport {
  queries: number
  /** Different pairs of a name and a type. */
  names: number
  /** How many of them by type, as `MX`. */
  byType: Record<string, number>
  /** `MX d1.test` and how often, for those that were asked for more than once. */
  askedAgain: [what: string, times: number][]
  cpuMs: number
}

export interface DnsApart {
  /** As `Resolver.setServers` takes it. */
  server: string
  /** Says what was asked, and begins to count anew. */
  report(): Promise<DnsProcessReport>
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** The DNS server of a large list in a process of its own, for benchmarks. */
export async function startDnsApart(plan: DnsProcessPlan): Promise<DnsApart> {
  const child = fork(new URL('dns-process.ts', import.meta.url), [JSON.stringify(plan)])
  const [server] = (await once(child, 'message')) as [string]
  const close = async () => {
    const gone = once(child, 'exit')
    child.kill()
    await gone
  }
  return {
    server,
    async report() {
      const answer = once(child, 'message')
      child.send('report')
      return ((await answer) as [DnsProcessReport])[0]
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
