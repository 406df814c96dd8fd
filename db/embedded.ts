import { once } from 'node:events'
import { access, constants, mkdir, realpath } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import pg from 'pg'
import type { Logger } from 'pino'

import { locateBinaries } from './embedded-binaries.ts'
import { type Cluster, embeddedRole, openCluster } from './embedded-cluster.ts'
import { EmbeddedFailed } from './embedded-failed.ts'
import { lockDataDir } from './embedded-lock.ts'
import { endOrphan } from './embedded-postmaster.ts'
import { type RunningServer, superviseServer } from './embedded-server.ts'
import { serverSettings } from './embedded-settings.ts'
import { giveTo } from './embedded-user.ts'

export interface EmbeddedOptions {
  /** Made if it is missing. The cluster goes into its folder `postgres`. */
  dataDir: string
  log?: Pick<Logger, 'info' | 'warn'>
  /** False only in tests: nothing is synced to disk, so a crash of the machine may destroy the cluster. */
  durable?: boolean
  /** The one of a server that died, so that its clients find the new one; without it any free one. */
  port?: number
}

export interface Embedded {
  /** With the password; for this machine only. */
  url: string
  /** Disconnects all clients and ends the server; resolves when it is gone and the directory is free. May be called twice. */
  stop: () => Promise<void>
  port: number
  /** Resolves when the server has ended, for whatever reason; never rejects. */
  exited: Promise<EmbeddedExit>
}

export interface EmbeddedExit {
  /** By stop(). Otherwise the database is gone under the program, which should end too. */
  expected: boolean
  reason: string
}

/**
 * Starts a real PostgreSQL that belongs to this program: it ends with it, even when the program is killed. Ends what a killed program
 * left behind, and waits for it. Throws DataDirInUse when another program has the directory, EmbeddedFailed when it cannot start.
 */
export async function startEmbedded({
  dataDir,
  log,
  durable = true,
  port: wantedPort,
}: EmbeddedOptions): Promise<Embedded> {
  const directory = await ownDirectory(dataDir)
  const unlock = await lockDataDir(directory)
  try {
    const binaries = await locateBinaries()
    const cluster = await openCluster(directory, binaries, durable)
    await endOrphan(cluster.path, (pid) =>
      log?.warn({ pid }, 'a server of a program that died is still running: waiting for its end'),
    )
    await giveTo(cluster.runAs, cluster.home)
    const { server, port } = await startServer(cluster, binaries.postgres, durable, wantedPort)
    log?.info({ dataDir: directory, port, postgresPid: server.pid }, 'embedded postgres started')
    let stopping = false
    const exited = server.exited.then((reason) => ({ expected: stopping, reason }))
    const stop = async () => {
      stopping = true
      await server.stop()
      unlock()
    }
    let stopped: Promise<void> | undefined
    try {
      return { url: await ensureDatabase(cluster, port), port, stop: () => (stopped ??= stop()), exited }
    } catch (error) {
      await server.stop()
      throw error
    }
  } catch (error) {
    unlock()
    throw error
  }
}

/** The directory's real path: the same one however it was named. */
async function ownDirectory(dataDir: string): Promise<string> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 })
    const path = await realpath(dataDir)
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK)
    return path
  } catch (error) {
    throw new EmbeddedFailed(
      `The data directory ${dataDir} cannot be used by this user: ${(error as Error).message}. Give another in DATA_DIR.`,
    )
  }
}

// Trouble that passes: the port was taken in between; processes of a server that was killed have not all noticed yet.
const passing =
  /could not (bind|create any TCP)|pre-existing shared memory block|lock file "postmaster.pid" already exists/

async function startServer(cluster: Cluster, postgres: string, durable: boolean, wantedPort: number | undefined) {
  const until = Date.now() + 20_000
  for (;;) {
    const port = wantedPort ?? (await freePort())
    const server: RunningServer | { failed: string } = await superviseServer({
      runAs: cluster.runAs,
      command: postgres,
      args: ['-D', cluster.path, ...serverSettings({ port, durable })],
      cluster: cluster.path,
      logFile: join(cluster.home, 'postgres.log'),
    })
    if (!('failed' in server)) return { server, port }
    if (!passing.test(server.failed) || Date.now() > until) {
      throw new EmbeddedFailed(`PostgreSQL did not start in ${cluster.path}: ${server.failed}`)
    }
    await delay(100)
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  return typeof address === 'object' && address ? address.port : 0
}

async function ensureDatabase({ password }: Cluster, port: number): Promise<string> {
  const url = (database: string) => `postgres://${embeddedRole}:${password}@127.0.0.1:${port}/${database}`
  const client = new pg.Client({ connectionString: url('postgres') })
  client.on('error', () => {}) // the statement under way rejects with the same
  await client.connect()
  try {
    const { rowCount } = await client.query(`select from pg_database where datname = $1`, [embeddedRole])
    if (rowCount === 0) await client.query(`create database ${embeddedRole}`)
  } finally {
    await client.end()
  }
  return url(embeddedRole)
}
