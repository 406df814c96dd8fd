import { fork } from 'node:child_process'
import { once } from 'node:events'

export interface BareRun {
  seconds: number
  cpuMs: number
}

export interface Peer {
  run(addresses: string[]): Promise<BareRun>
  close(): Promise<void>
}

/** The bare loop in a process of its own, which stays for all turns, so that its code is as warm as ours. */
export async function startPeer(options: { server: string; inFlight: number }): Promise<Peer> {
  const child = fork(new URL('peer-process.ts', import.meta.url), [JSON.stringify(options)], {
    serialization: 'advanced',
  })
  await once(child, 'message')
  return {
    async run(addresses) {
      const answer = once(child, 'message')
      child.send(addresses)
      return ((await answer) as [BareRun])[0]
    },
    async close() {
      const gone = once(child, 'exit')
      child.kill()
      await gone
    },
  }
}
