import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type Database, openDatabase } from '../../db/database.ts'
import { type Embedded, startEmbedded } from '../../db/embedded.ts'
import { migrate } from '../../db/migrate.ts'
import type { Engine } from '../../jobs/engine.ts'
import type { Settings } from '../../jobs/job-kind.ts'
import { openTestEngine } from '../support/engine.ts'
import { type PostgresProxy, startPostgresProxy } from '../support/postgres-proxy.ts'
import { createRelayTables } from '../support/relay-kind.ts'
import { supervise, type Supervised } from './supervised.ts'

export interface StageWorker {
  name: string
  process: Supervised
  /** Its way to Postgres. */
  way: PostgresProxy
  /** A fault that lasts is at it: it is left alone meanwhile. */
  busy: boolean
}

/** A whole Mailquarry of separate processes, each of which is started again when it ends. */
export interface Stage {
  /** Straight, not by way of a proxy. */
  database: Database
  engine: Engine
  /** Of HTTP; that of WebSockets is the same with another scheme. */
  apiUrl: string
  workers: StageWorker[]
  api: Supervised
  /** `kill -9` of the postmaster, and a new one in its place. */
  killPostgres(): Promise<void>
  close(): Promise<void>
}

export interface StageOptions {
  workers: number
  slots: number
  allowHosts: string[]
  /** What the workers are told besides. */
  settings?: Partial<Settings>
}

export async function openStage({ workers: count, slots, allowHosts, settings = {} }: StageOptions): Promise<Stage> {
  const dataDir = await mkdtemp(join(tmpdir(), 'mailquarry-chaos-'))
  const [postgresPort, apiPort] = [await freePort(), await freePort()]
  let embedded: Embedded = await startEmbedded({ dataDir, port: postgresPort })
  const { url } = embedded
  await migrate(url)
  const database = openDatabase(url, { max: 4 })
  await createRelayTables(database.db)
  await countTakeOvers(database)
  await giveNothingUp(database)
  const engine = await openTestEngine(url, database.db, { ownHosts: allowHosts })
  const start = (name: string, file: string, task: object) =>
    supervise(name, () =>
      fork(join(import.meta.dirname, file), [JSON.stringify(task)], { stdio: ['ignore', 'inherit', 'pipe', 'ipc'] }),
    )
  const workers: StageWorker[] = []
  for (let n = 1; n <= count; n++) {
    const way = await startPostgresProxy(url)
    const task = { url: way.url, slots, allowHosts, settings }
    workers.push({
      name: `worker ${n}`,
      process: start(`worker ${n}`, '../support/worker-process.ts', task),
      way,
      busy: false,
    })
  }
  const api = start('the API', 'api-process.ts', { url, port: apiPort })
  await Promise.all([...workers.map((worker) => worker.process.ready()), api.ready()])

  return {
    database,
    engine,
    apiUrl: `http://127.0.0.1:${apiPort}`,
    workers,
    api,
    async killPostgres() {
      const pid = Number((await readFile(join(dataDir, 'postgres', 'data', 'postmaster.pid'), 'utf8')).split('\n')[0])
      process.kill(pid, 'SIGKILL')
      await embedded.exited
      await embedded.stop()
      embedded = await startEmbedded({ dataDir, port: postgresPort })
    },
    async close() {
      await Promise.all([...workers.map((worker) => worker.process.close()), api.close()])
      await Promise.all(workers.map((worker) => worker.way.close()))
      await engine.close()
      await database.close()
      await embedded.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** Notes each epoch of a shard that ended while it ran, whoever took it over and why. */
async function countTakeOvers({ pool }: Database): Promise<void> {
  await pool.query(`
    create table epochs_taken_over (job_id bigint);
    create function note_take_over() returns trigger language plpgsql as $$ begin
      insert into epochs_taken_over values (new.job_id); return new; end $$;
    create trigger note_take_over after update on job_shards for each row
      when (old.state = 'RUNNING' and new.epoch > old.epoch) execute function note_take_over()`)
}

/**
 * An item whose shard has crashed three times in a row is given up, as it should be, and the rows would not be those of an undisturbed
 * run. Here innocent shards crash so often: it is never counted further than two.
 */
async function giveNothingUp({ pool }: Database): Promise<void> {
  await pool.query(`
    create function give_nothing_up() returns trigger language plpgsql as $$ begin
      new.crashes := least(new.crashes, 2); new.attempts := least(new.attempts, 2); return new; end $$;
    create trigger give_nothing_up before update on job_shards for each row
      when (new.crashes > 2 or new.attempts > 2) execute function give_nothing_up()`)
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  return typeof address === 'object' && address ? address.port : 0
}
