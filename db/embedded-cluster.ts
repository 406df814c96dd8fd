import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

import type { Binaries } from './embedded-binaries.ts'
import { EmbeddedFailed } from './embedded-failed.ts'
import { asUser, chooseRunAs, giveTo, type RunAs } from './embedded-user.ts'

/** The role and the database that the program works with. */
export const embeddedRole = 'mailquarry'

export interface Cluster {
  /** The folder with all that belongs to it. */
  home: string
  /** PostgreSQL's data directory, in it. */
  path: string
  password: string
  runAs: RunAs
}

/**
 * The cluster below dataDir, made if there is none. Only for who holds the data directory's lock. A making that was broken off
 * leaves nothing behind that counts: it is built under another name and renamed when it is whole.
 */
export async function openCluster(dataDir: string, binaries: Binaries, durable: boolean): Promise<Cluster> {
  const home = join(dataDir, 'postgres')
  for (const entry of await readdir(dataDir)) {
    // a broken-off initdb may still be writing for a moment
    if (entry.startsWith('postgres.new-'))
      await rm(join(dataDir, entry), { recursive: true, force: true, maxRetries: 20 })
  }
  const exists = await isDirectory(home)
  const runAs = await chooseRunAs({ dataDir, owned: exists ? home : dataDir, command: binaries.postgres })
  if (!exists) await createCluster(home, binaries, runAs, durable)
  await refuseStranger(home, binaries)
  const password = (await readFile(join(home, 'password'), 'utf8')).trim()
  return { home, path: join(home, 'data'), password, runAs }
}

async function createCluster(home: string, binaries: Binaries, runAs: RunAs, durable: boolean): Promise<void> {
  const draft = `${home}.new-${randomBytes(4).toString('hex')}`
  await mkdir(draft, { mode: 0o700 })
  await writeFile(join(draft, 'password'), `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600, flush: true })
  await mkdir(join(draft, 'data'), { mode: 0o700 })
  const { file, args, options } = asUser(runAs, binaries.initdb, [
    `--pgdata=${join(draft, 'data')}`,
    `--username=${embeddedRole}`,
    '--auth=scram-sha-256',
    `--pwfile=${join(draft, 'password')}`,
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-locale',
    '--encoding=UTF8',
    '--no-instructions',
    ...(durable ? [] : ['--no-sync']),
  ])
  await giveTo(runAs, draft)
  try {
    await promisify(execFile)(file, args, options)
  } catch (error) {
    await rm(draft, { recursive: true, force: true, maxRetries: 5 })
    const { stderr, message } = error as Error & { stderr?: string }
    throw new EmbeddedFailed(`A new PostgreSQL cluster could not be made in ${home}: ${stderr?.trim() || message}`)
  }
  await rename(draft, home)
  if (durable) await syncDirectory(dirname(home))
}

async function refuseStranger(home: string, { majorVersion }: Binaries): Promise<void> {
  const made = await readFile(join(home, 'data', 'PG_VERSION'), 'utf8').then(
    (text) => text.trim(),
    (error: NodeJS.ErrnoException) => `unreadable (${error.code})`,
  )
  if (made === String(majorVersion)) return
  throw new EmbeddedFailed(
    made.startsWith('unreadable')
      ? `The PostgreSQL cluster in ${home} is ${made}. Start the program as the user who made it, or give another DATA_DIR.`
      : `The cluster in ${home} is of PostgreSQL ${made} and this program has ${majorVersion}. ` +
          `Bring the data over by a backup made with the version of the program that wrote it.`,
  )
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

/** Makes a rename durable. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(path)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
