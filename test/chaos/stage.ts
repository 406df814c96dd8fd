import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type Database, openDatabase } from '../../db/database.ts'
import { type Embedded, startEmbedded } from '../../db/embedded.ts'
import { migrate } from '../../db/migrate.ts'
import { type Engine } from '../../jobs/engine.ts'
import { forkWorker, kill, openTestEngine } from '../support/engine.ts'
import { createRelayTables } from '../support/relay-kind.ts'

export type Target = 'worker' | 'api' | 'postgres'

/** A whole Mailquarry of separate processes, each of which can be killed and is then started again, as a supervisor would. */
export interface Stage {
  database: Database
  engine: Engine
  apiUrl: string
  /** Kills with -9 and starts anew; resolves when the new one is up. Says how many shards the victim was running. */
  kill(target: Target, random: number): Promise<number>
  close(): Promise<void>
}

export async function openStage(options: { workers: number; slots: number; allowHosts: string[] }): Promise<Stage> {
  const { slots, allowHosts } = options
  const dataDir = await mkdtemp(join(tmpdir(), 'mailquarry-chaos-'))
  const [postgresPort, apiPort] = [await freePort(), await freePort()]
  let embedded: Embedded = await startEmbedded({ dataDir, port: postgresPort })
  const url = embedded.url
  await migrate(url)
  const database = openDatabase(url, { max: 4 })
  await createRelayTables(database.db)
  const engine = await openTestEngine(url, database.db, { ownHosts: allowHosts })
  const newWorker = () => forkWorker({ url, slots, allowHosts })
  const newApi = () => forkApi(url, apiPort)
  const workers: ChildProcess[] = await Promise.all(Array.from({ length: options.workers }, newWorker))
  let api = await newApi()

  const killPostgres = async () => {
    const pid = Number((await readFile(join(dataDir, 'postgres', 'data', 'postmaster.pid'), 'utf8')).split('\n')[0])
    process.kill(pid, 'SIGKILL')
    await embedded.exited
    await embedded.stop()
    embedded = await startEmbedded({ dataDir, port: postgresPort })
  }
  const heldBy = async (pid: number) => {
    const { rows } = await database.pool.query<{ n: number }>(
      `select count(*)::int as n from job_shards s join workers w on w.id = s.worker_id where w.pid = $1 and s.state = 'RUNNING'`,
      [pid],
    )
    return rows[0]!.n
  }
  return {
    database,
    engine,
    apiUrl: `ws://127.0.0.1:${apiPort}/graphql`,
    async kill(target, random) {
      if (target === 'postgres') {
        await killPostgres()
        return 0
      }
      if (target === 'api') {
        await kill(api)
        api = await newApi()
        return 0
      }
      const index = Math.floor(random * workers.length)
      const victim = workers[index]!
      const held = await heldBy(victim.pid!)
      await kill(victim)
      workers[index] = await newWorker()
      return held
    },
    async close() {
      await Promise.all([...workers, api].map((child) => kill(child)))
      await engine.close()
      await database.close()
      await embedded.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

async function forkApi(url: string, port: number): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, 'api-process.ts'), [JSON.stringify({ url, port })], { stdio: 'inherit' })
  await once(child, 'message')
  return child
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  return typeof address === 'object' && address ? address.port : 0
}
