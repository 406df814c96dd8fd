import { shardOf } from '../engines/crawl/scope.ts'
import { type HeldHost, type HostAnswer, holdHost } from './held-host.ts'
import { asksOf, type HostRun } from './host-run.ts'

/** The host that a run holds, from step to step, as long as nobody else wants it: one at a time, mostly its own. */
export interface Seat {
  /** Takes the host of a URL, giving back another one first. */
  take(url: string): Promise<HostAnswer>
  giveWay(): Promise<void>
  leave(): Promise<void>
}

export function createSeat(run: HostRun): Seat {
  const { io, signal, wait } = run.args
  let host: { shard: string; held: HeldHost } | undefined
  const leave = async () => {
    const left = host
    host = undefined
    await left?.held.release()
  }
  return {
    leave,
    async take(url) {
      const shard = shardOf(url)
      if (host && (host.shard !== shard || host.held.signal.aborted)) await leave()
      if (host) return { held: host.held }
      const asks = () => asksOf(run)
      const answer = await holdHost(io.host(url), { shard, asks, signal, wait, random: () => io.random() })
      if ('held' in answer) host = { shard, held: answer.held }
      return answer
    },
    async giveWay() {
      if (host && (await host.held.giveWay())) host = undefined
    },
  }
}
