import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'

import { type Listener, openListener } from '../db/listener.ts'
import { takeShardsFrom } from '../db/shards.ts'
import { enterWorker, removeWorker } from '../db/workers.ts'
import type { Engine } from './engine.ts'
import { channels } from './notices.ts'
import { sendTaken } from './queue.ts'

/** A worker is there while the connection that holds its lock lives; the same connection hears the notices. */
export interface Presence {
  /** Changes when the connection was lost and the worker entered anew. */
  id(): string
  /** False between the loss of the connection and the next entry: nothing may be claimed then. */
  here(): boolean
  /** Milliseconds since it entered. */
  ageMs(): number
  /** How long the last notice to itself was on its way. */
  noticeLagMs(): number
  /** Others have taken it for dead, and it has not noticed: gives up what is in hand and enters anew. */
  takenForDead(): void
  leave(): Promise<void>
}

const reconnectMs = 500

/** How the ids of workers in a process of this machine begin. */
export function workerIdPrefix(pid: number): string {
  return `${hostname()}-${pid}-`
}

/** Enters a worker. `lost`: what it holds belongs to others from now on. `stop`: handlers of these jobs are to stop. */
export async function enter(options: {
  engine: Engine
  url: string
  slots: number
  wake(): void
  stop(jobIds: number[]): void
  lost(): void
}): Promise<Presence> {
  const { engine, url, slots, wake, stop, lost } = options
  let workerId = ''
  let listener: Listener | undefined
  let enteredAt = 0
  let leaving = false

  const open = async () => {
    const id = `${workerIdPrefix(process.pid)}${randomUUID().slice(0, 8)}`
    let entered = false
    let lostOnTheWay: Error | undefined
    const opened = await openListener({
      url,
      applicationName: `mailquarry worker ${process.pid}`,
      channels: [channels.wake, channels.control],
      onNotice: (channel, payload) => {
        if (channel === channels.wake) wake()
        else stop((JSON.parse(payload) as { stop: number[] }).stop)
      },
      onLost: (error) => {
        // On the way in there is nothing to give up yet: entering fails.
        if (!entered) return void (lostOnTheWay = error)
        engine.log.warn({ err: error, worker: id }, 'connection lost; what is in hand is given up')
        entered = false
        listener = undefined
        lost()
        void reopen(id)
      },
    })
    try {
      await enterWorker(opened.client, { id, host: hostname(), pid: process.pid, slots })
      if (lostOnTheWay) throw lostOnTheWay
    } catch (error) {
      await opened.close().catch(() => {})
      throw error
    }
    workerId = id
    listener = opened
    entered = true
    enteredAt = Date.now()
    wake()
  }

  const retried = async (attempt: () => Promise<void>) => {
    while (!leaving) {
      try {
        return await attempt()
      } catch (error) {
        engine.log.warn({ err: error }, 'the database cannot be reached; trying again')
        await new Promise((resolve) => setTimeout(resolve, reconnectMs))
      }
    }
    return undefined
  }

  /** Enters anew, once, and then takes over from itself. */
  const reopen = async (oldId: string) => {
    await retried(open)
    // No crash: the items in hand are not to blame for the connection.
    await retried(() =>
      engine.db.transaction().execute(async (trx) => {
        await removeWorker(trx, oldId)
        await sendTaken(engine.boss, trx, await takeShardsFrom(trx, oldId, { crashed: false }))
      }),
    )
    wake()
  }

  await open()
  return {
    id: () => workerId,
    here: () => listener !== undefined,
    ageMs: () => Date.now() - enteredAt,
    noticeLagMs: () => listener?.lagMs() ?? 0,
    takenForDead() {
      if (!listener) return
      engine.log.warn({ worker: workerId }, 'taken for dead; what is in hand is given up')
      listener.close().catch(() => {})
      listener = undefined
      lost()
      void reopen(workerId)
    },
    async leave() {
      leaving = true
      await removeWorker(engine.db, workerId)
      await listener?.close()
    },
  }
}
