import { spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'

import { boundedLog } from './embedded-log.ts'
import { readPidFile, stopPostmaster } from './embedded-postmaster.ts'

/**
 * A program of its own, run in a session of its own: owns the server and ends it when the program that started both is gone, which
 * it learns from its standard input, held open by that program for this alone. So a program that was killed leaves no server
 * behind. Reports on standard output, a line of JSON each.
 */
export interface SupervisorTask {
  file: string
  args: string[]
  options: { uid?: number; gid?: number; env?: Record<string, string>; cwd?: string }
  cluster: string
  logFile: string
}

export type SupervisorReport =
  | { event: 'started'; pid: number }
  | { event: 'ready' }
  /** log: the last lines that the server wrote. */
  | { event: 'exited'; reason: string; log: string }

const keptLogBytes = 2 * 1024 * 1024

if (import.meta.main) supervise(JSON.parse(process.argv[2]!) as SupervisorTask)

function supervise(task: SupervisorTask): void {
  // It ends with its program and not before. A terminal or a service manager that signals everything at once would otherwise take
  // the database from a program that is still writing its last step.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  process.stdout.on('error', () => {}) // nobody reads any more

  const log = boundedLog(task.logFile, keptLogBytes)
  const server = spawn(task.file, task.args, { ...task.options, stdio: ['ignore', 'ignore', 'pipe'] })
  let over = false
  const end = (reason: string) => {
    if (over) return
    over = true
    report({ event: 'exited', reason, log: log.tail() }, () => process.exit())
  }
  server.on('error', (error) => end(error.message))
  server.stderr.on('data', (bytes: Buffer) => log.write(bytes))
  server.on('exit', (code, signal) => {
    // what it wrote last may still be in the pipe; children of a killed server can hold that open for longer
    const reason = signal ? `killed by ${signal}` : `exit code ${code}`
    server.stderr.on('end', () => end(reason))
    setTimeout(() => end(reason), 200)
  })
  if (server.pid === undefined) return
  const { pid } = server
  report({ event: 'started', pid })
  void reportReady(pid, task.cluster, () => over)

  process.stdin.once('close', () => void stopPostmaster(pid, task.cluster).catch((error: Error) => end(error.message)))
  process.stdin.on('error', () => {}) // 'close' follows
  process.stdin.resume()
}

async function reportReady(pid: number, cluster: string, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const found = await readPidFile(cluster)
    if (found?.pid === pid && found.ready) return report({ event: 'ready' })
    await delay(10)
  }
}

function report(message: SupervisorReport, written?: () => void): void {
  process.stdout.write(`${JSON.stringify(message)}\n`, written)
}
