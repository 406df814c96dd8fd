import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type Database, openDatabase } from '../../../db/database.ts'
import { startEmbedded } from '../../../db/embedded.ts'
import { migrate } from '../../../db/migrate.ts'
import { forkWorker, kill } from '../../support/engine.ts'
import { createRelayTables } from '../../support/relay-kind.ts'

export interface LiveStage {
  url: string
  database: Database
  close(): Promise<void>
}

/** A Postgres that notes the time of each commit, and two worker processes. */
export async function openLiveStage(): Promise<LiveStage> {
  const dataDir = await mkdtemp(join(tmpdir(), 'mailquarry-bench-live-'))
  const first = await startEmbedded({ dataDir })
  const setUp = openDatabase(first.url)
  await setUp.pool.query('alter system set track_commit_timestamp = on')
  await setUp.close()
  await first.stop()
  const embedded = await startEmbedded({ dataDir })
  const { url } = embedded
  await migrate(url)
  const database = openDatabase(url, { max: 4 })
  await createRelayTables(database.db)
  const workers = await Promise.all([1, 2].map(() => forkWorker({ url, slots: 4 })))
  return {
    url,
    database,
    async close() {
      await Promise.all(workers.map((worker) => kill(worker)))
      await database.close()
      await embedded.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** Stock graphql-ws as its own package.json names it. Where the registry is out of reach it is the project's own copy, of the same version. */
export async function installPeer(): Promise<void> {
  const cwd = join(import.meta.dirname, '../live-peer')
  if (existsSync(join(cwd, 'node_modules'))) return
  const npm = spawn('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd, stdio: 'ignore' })
  const code = await once(npm, 'exit').then(
    ([exitCode]) => exitCode as number,
    () => 1,
  )
  if (code !== 0)
    console.log('the peer could not be installed: the copy of graphql-ws that the project has stands in for it')
}

/** A server's process, up and listening. */
export async function forkServer(file: string, args: string[]): Promise<{ child: ChildProcess; port: number }> {
  const execArgv = [
    '--expose-gc',
    ...(process.env['BENCH_PROF']
      ? ['--cpu-prof', '--cpu-prof-interval=500', `--cpu-prof-dir=${process.env['BENCH_PROF']}`]
      : []),
  ]
  const child = fork(join(import.meta.dirname, file), args, { stdio: 'inherit', execArgv })
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  return { child, port }
}

/** The bench's processes end when nobody is left who asks them. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.disconnect()
  await gone
}

export function forkClients(count: number): ChildProcess[] {
  return Array.from({ length: count }, () =>
    fork(join(import.meta.dirname, 'clients-process.ts'), { stdio: 'inherit' }),
  )
}
