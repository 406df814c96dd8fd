import { randomUUID } from 'node:crypto'

import pg from 'pg'

import { endsWithPeer } from './database.ts'

export interface Listener {
  client: pg.Client
  /** How long the notice of the last heartbeat was on its way, in milliseconds; while one is missing, how long it is late. */
  lagMs(): number
  close(): Promise<void>
}

/**
 * A direct connection that listens on channels. Its heartbeat is a notice to itself, so that a connection which answers but brings no
 * notices is found out as well. `onLost` is called once when the connection breaks, by itself or because a heartbeat went unanswered
 * for `heartbeatMs`; whoever owns the listener opens a new one. Rejects when it cannot connect.
 */
export async function openListener(options: {
  url: string
  applicationName: string
  channels: string[]
  onNotice(channel: string, payload: string): void
  onLost(error: Error): void
  heartbeatMs?: number
}): Promise<Listener> {
  const heartbeatMs = options.heartbeatMs ?? 5_000
  const client = new pg.Client({
    connectionString: options.url,
    application_name: options.applicationName,
    keepAlive: true,
    // The lock of a worker that has vanished goes with its session. Where something in between answers for its machine, or its process stands still, what tells is
    // that no heartbeat comes.
    options: `${endsWithPeer} -c idle_session_timeout=${4 * heartbeatMs}`,
    connectionTimeoutMillis: 10_000,
  })
  const heartbeat = `mailquarry_beat_${randomUUID().slice(0, 8)}`
  let listens = false
  let over = false
  let beat: NodeJS.Timeout | undefined
  let deadline: NodeJS.Timeout | undefined
  let sentAt: number | undefined
  let lag = 0
  const lose = (error: Error) => {
    // One that breaks while it is opened has its rejection: were it told of as lost too, two would be opened in its place, and so on.
    if (over || !listens) return
    over = true
    clearInterval(beat)
    clearTimeout(deadline)
    client.end().catch(() => {})
    options.onLost(error)
  }
  client.on('error', lose)
  client.on('end', () => lose(new Error('the connection was closed')))
  client.on('notification', ({ channel, payload = '' }) => {
    if (channel !== heartbeat) return options.onNotice(channel, payload)
    clearTimeout(deadline)
    lag = performance.now() - (sentAt ?? performance.now())
    sentAt = undefined
  })
  try {
    await client.connect()
    for (const channel of [...options.channels, heartbeat]) await client.query(`listen ${pg.escapeIdentifier(channel)}`)
  } catch (error) {
    over = true
    await client.end().catch(() => {})
    throw error
  }
  listens = true
  const waitMs = heartbeatMs * 0.9
  const askItself = () => {
    sentAt = performance.now()
    deadline = setTimeout(() => lose(new Error(`no notice of its own for ${waitMs} ms`)), waitMs)
    client.query('select pg_notify($1, $2)', [heartbeat, '']).catch(lose)
  }
  askItself()
  beat = setInterval(askItself, heartbeatMs)
  return {
    client,
    lagMs: () => Math.max(lag, sentAt === undefined ? 0 : performance.now() - sentAt),
    async close() {
      over = true
      clearInterval(beat)
      clearTimeout(deadline)
      await client.end()
    },
  }
}
