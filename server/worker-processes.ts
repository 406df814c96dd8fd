import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

import type { Logger } from 'pino'

export interface WorkerProcesses {
  /** Asks all to hand back what they hold, and waits; those that hang are killed after `withinMs`. */
  stop(withinMs: number): Promise<void>
}

/**
 * For Node, of a worker process. With the limit that it takes from the machine (4 GB) V8 lets what is alive grow fourfold before it looks again; with this one, not
 * twofold. Large pages have threads with limits of their own. What is young has its room from the start: to let it grow bit by bit takes a twentieth more time.
 */
export const workerFlags = ['--max-old-space-size=1024', '--min-semi-space-size=32', '--max-semi-space-size=32']

/** A child that dies sooner is started again only after a pause, longer each time. */
const quickDeathMs = 5_000
const longestPauseMs = 30_000

/** Keeps `count` worker processes running: one that dies is replaced. `died` is called at once with its pid, so that its shards are released. */
export function keepWorkers(options: {
  count: number
  main: string
  env: NodeJS.ProcessEnv
  log: Logger
  died(pid: number): void
}): WorkerProcesses {
  const { count, main, env, log, died } = options
  const children = new Set<ChildProcess>()
  let stopping = false

  const start = (deaths: number) => {
    const startedAt = Date.now()
    const child = fork(main, ['worker'], {
      execArgv: [...process.execArgv, ...workerFlags],
      env,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    children.add(child)
    child.on('error', (error) => log.error({ err: error }, 'a worker process could not be started'))
    child.once('exit', (code, signal) => {
      children.delete(child)
      if (stopping) return
      log.warn({ workerPid: child.pid, code, signal }, 'a worker process ended; another is started')
      if (child.pid !== undefined) died(child.pid)
      const again = Date.now() - startedAt < quickDeathMs ? deaths + 1 : 0
      setTimeout(() => stopping || start(again), again === 0 ? 0 : Math.min(longestPauseMs, 250 * 2 ** again))
    })
  }
  for (let i = 0; i < count; i++) start(0)

  return {
    async stop(withinMs) {
      stopping = true
      await Promise.all(
        [...children].map(async (child) => {
          if (child.exitCode !== null || child.signalCode !== null) return
          const gone = once(child, 'exit')
          child.kill('SIGTERM')
          const timer = setTimeout(() => child.kill('SIGKILL'), withinMs)
          await gone
          clearTimeout(timer)
        }),
      )
    },
  }
}
