import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { isPostmaster, stopPostmaster } from './embedded-postmaster.ts'
import type { SupervisorReport, SupervisorTask } from './embedded-supervisor.ts'
import { asUser, cleanEnv, type RunAs } from './embedded-user.ts'

export interface RunningServer {
  /** Of the postmaster. */
  pid: number
  /** The reason of its end. Never rejects. */
  exited: Promise<string>
  stop: () => Promise<void>
}

/** Starts the server under a supervisor and waits until it takes connections, however long its recovery is. */
export async function superviseServer(args: {
  runAs: RunAs
  command: string
  args: string[]
  cluster: string
  logFile: string
}): Promise<RunningServer | { failed: string }> {
  const { cluster, logFile } = args
  const task: SupervisorTask = { ...asUser(args.runAs, args.command, args.args), cluster, logFile }
  const supervisor = spawn(
    process.execPath,
    [join(import.meta.dirname, 'embedded-supervisor.ts'), JSON.stringify(task)],
    {
      detached: true,
      stdio: ['pipe', 'pipe', 'inherit'],
      env: cleanEnv,
      cwd: task.options.cwd,
    },
  )
  supervisor.stdin.on('error', () => {}) // it was killed; 'exit' tells

  let pid: number | undefined
  const started = Promise.withResolvers<{ failed: string } | undefined>()
  const exited = Promise.withResolvers<string>()
  const onEnd = (reason: string, log: string) => {
    started.resolve({ failed: log || reason })
    exited.resolve(reason)
  }
  createInterface(supervisor.stdout).on('line', (line) => {
    const message = JSON.parse(line) as SupervisorReport
    if (message.event === 'started') pid = message.pid
    else if (message.event === 'ready') started.resolve(undefined)
    else onEnd(message.reason, message.log)
  })
  const gone = new Promise<void>((resolve) => {
    supervisor.once('error', (error) => resolve(onEnd(error.message, '')))
    // after 'close' all its reports are read; one that was killed has left its server to us
    supervisor.once('close', () => {
      const forgotten = pid
      void (async () => {
        if (forgotten !== undefined && (await isPostmaster(forgotten, cluster)))
          await stopPostmaster(forgotten, cluster)
      })()
        .catch(() => {})
        .finally(() => resolve(onEnd('its supervisor was killed', '')))
    })
  })

  const failure = await started.promise
  if (failure) {
    await gone
    return failure
  }
  return {
    pid: pid!,
    exited: exited.promise,
    stop: async () => {
      supervisor.stdin.end()
      await gone
    },
  }
}
