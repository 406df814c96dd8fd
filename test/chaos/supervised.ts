import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

/** A process that is started again whenever it ends, as a service manager would. */
export interface Supervised {
  /** Undefined between its end and the moment when the next one is ready. */
  pid(): number | undefined
  ready(): Promise<void>
  /** `kill -9`; resolves when it is gone. The next one starts at once. */
  kill(): Promise<void>
  /** SIGSTOP, SIGCONT. */
  signal(signal: NodeJS.Signals): void
  /** How it ended where nobody had killed it, with its last words. */
  ownEnds: string[]
  close(): Promise<void>
}

const keptOutput = 3_000

/** `fork`: starts it with a pipe for its errors; it sends a message when it is ready. One that ends before, as without a database, is tried again. */
export function supervise(name: string, fork: () => ChildProcess): Supervised {
  const ownEnds: string[] = []
  let child: ChildProcess
  let isReady = false
  let killed = false
  let over = false
  let becameReady = Promise.withResolvers<void>()

  const life = async () => {
    while (!over) {
      child = fork()
      killed = false
      let errors = ''
      child.stderr?.on('data', (bytes: Buffer) => (errors = (errors + bytes.toString()).slice(-keptOutput)))
      child.once('message', () => {
        isReady = true
        becameReady.resolve()
      })
      const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]
      if (isReady && !killed) ownEnds.push(`${name} ended by itself (${signal ?? code}): ${errors}`)
      else if (!isReady && !killed) await sleep(100)
      if (isReady) becameReady = Promise.withResolvers<void>()
      isReady = false
    }
  }
  const living = life()
  const kill = async () => {
    killed = true
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
  return {
    pid: () => (isReady ? child.pid : undefined),
    ready: () => becameReady.promise,
    kill,
    signal: (signal) => void child.kill(signal),
    ownEnds,
    async close() {
      over = true
      await kill()
      await living
    },
  }
}
