import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

import { EmbeddedFailed } from './embedded-failed.ts'

/**
 * What postmaster.pid of a cluster says, or undefined when there is none. The file outlives a server that was killed.
 * Lines: pid, data directory, start time, port, socket directory, address, shared memory, status (src/include/utils/pidfile.h).
 */
export async function readPidFile(cluster: string): Promise<{ pid: number; ready: boolean } | undefined> {
  let text: string
  try {
    text = await readFile(pidFile(cluster), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const lines = text.split('\n')
  const pid = Number.parseInt(lines[0] ?? '', 10)
  return pid > 0 ? { pid, ready: lines[7]?.trim() === 'ready' } : undefined
}

/** Whether the process is a server that works on the cluster, rather than one that got the number of a dead server. */
export async function isPostmaster(pid: number, cluster: string): Promise<boolean> {
  const command = await commandLine(pid)
  return command !== undefined && command.includes('postgres') && command.includes(` -D ${cluster} `)
}

/**
 * Leaves the cluster without a server and without a stale postmaster.pid. Only for who holds the data directory's lock: a server
 * found then belongs to a program that died, and is ending or forgotten.
 */
export async function endOrphan(cluster: string, onWait: (pid: number) => void = () => {}): Promise<void> {
  const found = await readPidFile(cluster)
  if (found && (await isPostmaster(found.pid, cluster))) {
    onWait(found.pid)
    await stopPostmaster(found.pid, cluster)
  }
  // Postgres takes a live process with that number, whoever it is, for a server and refuses to start
  await rm(pidFile(cluster), { force: true })
}

// signals of src/backend/postmaster/postmaster.c: fast (disconnects and writes a checkpoint), immediate (recovers at the next start)
const stages = [
  ['SIGINT', 30_000],
  ['SIGQUIT', 10_000],
  ['SIGKILL', 5000],
] as const

/** Ends a server, if need be by force, and waits until it is gone. */
export async function stopPostmaster(pid: number, cluster: string): Promise<void> {
  for (const [signal, patienceMs] of stages) {
    try {
      process.kill(pid, signal)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return
      throw new EmbeddedFailed(
        `Process ${pid} works on ${cluster} and cannot be stopped by this user: ${String(error)}`,
      )
    }
    const until = Date.now() + patienceMs
    while (Date.now() < until) {
      if (!(await isPostmaster(pid, cluster))) return
      await delay(20)
    }
  }
  throw new EmbeddedFailed(`Process ${pid} works on ${cluster} and does not end.`)
}

/** Arguments with a space behind each. Undefined for a process that is gone, empty for a zombie. */
async function commandLine(pid: number): Promise<string | undefined> {
  try {
    if (process.platform === 'linux') return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ')
    if (process.platform === 'win32') return await commandLineOnWindows(pid)
    return (await promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', String(pid)])).stdout.replace('\n', ' ')
  } catch {
    return undefined
  }
}

async function commandLineOnWindows(pid: number): Promise<string> {
  const query = `(Get-CimInstance Win32_Process -Filter "ProcessId=${pid}").CommandLine`
  return (await promisify(execFile)('powershell', ['-NoProfile', '-Command', query])).stdout
    .replaceAll('"', '')
    .replace('\r\n', ' ')
}

function pidFile(cluster: string): string {
  return join(cluster, 'postmaster.pid')
}
