import { setTimeout as sleep } from 'node:timers/promises'

import { sql } from 'kysely'

import { shardQueue } from '../../db/queue.ts'
import { finishKey, type ShardMessage } from '../../jobs/queue.ts'
import { until } from '../support/engine.ts'
import type { Stage, StageWorker } from './stage.ts'

const kills = ['kill a worker', 'kill the API', 'kill Postgres'] as const
const others = [
  'freeze a worker',
  'deafen a worker',
  'cut a worker off',
  'lose a reply',
  'lose a commit',
  'lose messages',
  'double messages',
  'miss heartbeats',
] as const
export type Kill = (typeof kills)[number]
export type Fault = Kill | (typeof others)[number]

/** Of fifty kills, and beside fifty kills. */
const perFiftyKills: Record<Fault, number> = {
  'kill a worker': 38,
  'kill the API': 6,
  'kill Postgres': 6,
  'freeze a worker': 7,
  'deafen a worker': 5,
  'cut a worker off': 5,
  'lose a reply': 8,
  'lose a commit': 6,
  'lose messages': 8,
  'double messages': 6,
  'miss heartbeats': 4,
}

/** All faults of a run in their order: exactly so many kills, and the others, at least one each. */
export function dealFaults(killCount: number, random: () => number): Fault[] {
  const share = (fault: Fault) => Math.max(1, Math.round((perFiftyKills[fault] * killCount) / 50))
  const [api, postgres] = [share('kill the API'), share('kill Postgres')]
  const counts: [Fault, number][] = [
    ['kill a worker', killCount - api - postgres],
    ['kill the API', api],
    ['kill Postgres', postgres],
    ...others.map((fault): [Fault, number] => [fault, share(fault)]),
  ]
  return shuffle(
    counts.flatMap(([fault, count]) => Array<Fault>(count).fill(fault)),
    random,
  )
}

export interface Faults {
  /** Resolves when it has struck, or, for one that lasts, begun; says how many running shards it hit. */
  inflict(fault: Fault): Promise<number>
  /** Messages that were deleted before anybody had fetched them. */
  lostWaiting(): number
  /** Resolves when those that last are over. */
  over(): Promise<void>
}

/** Statements that transactions are known by. */
const stepsStored = 'insert into job_groups'
const shardsClaimed = 'update job_shards s set epoch = epoch + 1'

export function createFaults(stage: Stage, jobId: number, random: () => number): Faults {
  const { db } = stage.database
  const lasting: Promise<void>[] = []
  let lostWaiting = 0

  /** A worker that runs shards, as soon as there is one. None that runs a shard which has crashed twice at its checkpoint: it would never get on. */
  const aim = async (): Promise<{ victim: StageWorker; shards: number }> => {
    const pick = random()
    let found: { victim: StageWorker; shards: number } | undefined
    await until(
      'a worker runs shards',
      async () => {
        const held = await runningByPid(stage, jobId)
        const candidates = stage.workers.flatMap((victim) => {
          const its = victim.busy ? undefined : held.get(victim.process.pid() ?? -1)
          return its && its.crashes < 2 ? [{ victim, shards: its.shards }] : []
        })
        found = candidates[Math.floor(pick * candidates.length)]
        return found !== undefined
      },
      60_000,
    )
    return found!
  }

  const freeze = async (worker: StageWorker, held: { key: string; epoch: number }[]) => {
    worker.process.signal('SIGSTOP')
    // As when its machine stands still for so long that the network forgets it: its lock is gone, and it does not know.
    worker.way.deafen()
    // It wakes up when another is at what it has in hand: then the fence is all that keeps its steps out.
    const runsElsewhere = async () => {
      const { rows } = await sql`
        select 1 from job_shards s join unnest(${held.map(({ key }) => key)}::text[], ${held.map(({ epoch }) => epoch)}::int[])
          h(key, epoch) on h.key = s.key
        where s.job_id = ${jobId} and s.state = 'RUNNING' and s.epoch > h.epoch limit 1`.execute(db)
      return rows.length > 0
    }
    await until('its shards run elsewhere', () => runsElsewhere().catch(() => false), 20_000).catch(() => {})
    await sleep(random() * 300)
    worker.process.signal('SIGCONT')
    worker.busy = false
  }

  const inflict = async (fault: Fault): Promise<number> => {
    switch (fault) {
      case 'kill the API':
        await stage.api.kill()
        return 0
      case 'kill Postgres': {
        let held = await runningByPid(stage, jobId)
        const safe = async () => {
          held = await runningByPid(stage, jobId)
          return [...held.values()].every(({ crashes }) => crashes < 2)
        }
        await until('no running shard has crashed twice', safe, 20_000)
        await stage.killPostgres()
        return [...held.values()].reduce((sum, { shards }) => sum + shards, 0)
      }
      case 'kill a worker': {
        const { victim, shards } = await aim()
        await victim.process.kill()
        return shards
      }
      case 'freeze a worker': {
        const { victim, shards } = await aim()
        const { rows: held } = await sql<{ key: string; epoch: number }>`
          select s.key, s.epoch from job_shards s join workers w on w.id = s.worker_id
          where w.pid = ${victim.process.pid() ?? -1} and s.job_id = ${jobId} and s.state = 'RUNNING'`.execute(db)
        victim.busy = true
        lasting.push(freeze(victim, held))
        return shards
      }
      case 'deafen a worker': {
        const { victim, shards } = await aim()
        victim.way.deafen()
        return shards
      }
      case 'cut a worker off': {
        const { victim, shards } = await aim()
        victim.way.cut()
        return shards
      }
      case 'lose a reply': {
        const { victim } = await aim()
        void victim.way.loseReplyTo(random() < 0.5 ? stepsStored : shardsClaimed)
        return 0
      }
      case 'lose a commit': {
        const { victim } = await aim()
        void victim.way.loseCommitOf(stepsStored)
        return 0
      }
      case 'lose messages': {
        // One that somebody holds is not missed: it waits a while for some that nobody has fetched.
        const before = lostWaiting
        for (let tries = 0; tries < 100 && lostWaiting === before; tries++) {
          const { rows } = await sql`
            delete from pgboss.job where name = ${shardQueue} and state < 'active' and id = any(${await messagesOf(5)}::uuid[])
            returning id`.execute(db)
          lostWaiting += rows.length
          await sleep(30)
        }
        return 0
      }
      case 'double messages': {
        const { rows } = await sql<{ data: ShardMessage }>`
          select data from pgboss.job where name = ${shardQueue} and id = any(${await messagesOf(6)}::uuid[])`.execute(
          db,
        )
        // Every second one is older than its shard.
        const doubled = rows.map(({ data }, i) => ({ ...data, activation: data.activation - (i % 2) }))
        const group = { id: String(jobId), tier: String(jobId) }
        await stage.engine.boss.insert(
          shardQueue,
          doubled.map((data) => ({ data, group })),
        )
        return 0
      }
      case 'miss heartbeats':
        await sql`update pgboss.job set heartbeat_on = now() - interval '1 hour'
          where name = ${shardQueue} and state = 'active' and id = any(${await messagesOf(12)}::uuid[])`.execute(db)
        return 0
    }
  }

  /** Ids of so many live messages, less those of shards that have crashed: what comes twice counts as a crash. */
  const messagesOf = async (count: number): Promise<string[]> => {
    const { rows } = await sql<{ id: string }>`
      select m.id from pgboss.job m left join job_shards s on s.job_id = ${jobId} and s.key = m.data->>'shardKey'
      where m.name = ${shardQueue} and m.state < 'completed' and m.data->>'jobId' = ${String(jobId)} and coalesce(s.crashes, 0) = 0
      order by m.data->>'shardKey' = ${finishKey} desc, m.state < 'active' desc, md5(m.id::text || ${String(random())}) limit ${count}`.execute(
      db,
    )
    return rows.map(({ id }) => id)
  }

  return { inflict, lostWaiting: () => lostWaiting, over: async () => void (await Promise.all(lasting)) }
}

async function runningByPid({ database }: Stage, jobId: number) {
  const { rows } = await sql<{ pid: number; shards: number; crashes: number }>`
    select w.pid, count(*)::int as shards, max(s.crashes)::int as crashes from job_shards s join workers w on w.id = s.worker_id
    where s.job_id = ${jobId} and s.state = 'RUNNING' group by w.pid`.execute(database.db)
  return new Map(rows.map(({ pid, shards, crashes }) => [pid, { shards, crashes }]))
}

export function isKill(fault: Fault): fault is Kill {
  return (kills as readonly string[]).includes(fault)
}

function shuffle<Item>(items: Item[], random: () => number): Item[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[items[i], items[j]] = [items[j]!, items[i]!]
  }
  return items
}

/** mulberry32 */
export function seeded(seed: number): () => number {
  let a = seed >>> 0
  return () => {
    a = (a + 0x6d2b79f5) >>> 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
