import { accessSync, constants, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'

import { EmbeddedFailed } from './embedded-failed.ts'

/** Another program works in the data directory. */
export class DataDirInUse extends Error {
  override name = 'DataDirInUse'
  readonly code = 'DATA_DIR_IN_USE'
  readonly directory: string
  /** The program that holds it; undefined in the instant before it has written its number. */
  readonly pid: number | undefined
  constructor(directory: string, holder: Holder | undefined) {
    const who = holder ? `process ${holder.pid} on ${holder.host}, since ${holder.since}` : 'another process'
    super(`${directory} is in use by ${who}. Stop that program, or give this one a directory of its own (DATA_DIR).`)
    this.directory = directory
    this.pid = holder?.pid
  }
}

interface Holder {
  pid: number
  host: string
  since: string
}

/**
 * Makes this process the only one that works in directory, until the returned function is called or the process ends, however it
 * ends. Throws DataDirInUse.
 *
 * The lock has to be the kernel's, so that it goes with its process and is never stale. Node has no call for one, but SQLite, which
 * comes with Node, takes it on every platform; the file is used for nothing else and stays empty.
 */
export async function lockDataDir(directory: string): Promise<() => void> {
  const started = Date.now()
  for (;;) {
    const release = tryLock(join(directory, 'in-use.lock'))
    if (release) {
      writeHolder(directory, { pid: process.pid, host: hostname(), since: new Date().toISOString() })
      return release
    }
    const holder = readHolder(directory)
    // a process that was killed keeps its locks until the kernel has taken it apart
    if (Date.now() - started > (holder && isAlive(holder) ? 300 : 5000)) throw new DataDirInUse(directory, holder)
    await delay(25)
  }
}

function tryLock(file: string): (() => void) | undefined {
  let sqlite: DatabaseSync | undefined
  try {
    // one that may only be read would be opened all the same, and locked for reading
    if (existsSync(file)) accessSync(file, constants.W_OK)
    sqlite = new DatabaseSync(file, { timeout: 0 })
    sqlite.exec('begin exclusive')
    const held = sqlite
    return () => held.close()
  } catch (error) {
    sqlite?.close()
    const SQLITE_BUSY = 5
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return undefined
    throw new EmbeddedFailed(
      `${file} cannot be locked: ${String(error)}. It may be another user's; start the program as that user, or give another DATA_DIR.`,
    )
  }
}

function writeHolder(directory: string, holder: Holder): void {
  const file = holderFile(directory)
  writeFileSync(`${file}.new`, `${JSON.stringify(holder)}\n`)
  renameSync(`${file}.new`, file)
}

function readHolder(directory: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(holderFile(directory), 'utf8')) as Holder
  } catch {
    return undefined
  }
}

function holderFile(directory: string): string {
  return join(directory, 'in-use.json')
}

function isAlive({ pid, host }: Holder): boolean {
  if (host !== hostname()) return true
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
