import pg from 'pg'

export interface Listener {
  client: pg.Client
  close(): Promise<void>
}

/**
 * A direct connection that listens on channels. `onLost` is called once when the connection breaks, by itself or because a
 * heartbeat went unanswered for `heartbeatMs`; whoever owns the listener opens a new one. Rejects when it cannot connect.
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
    connectionTimeoutMillis: 10_000,
  })
  let over = false
  let beat: NodeJS.Timeout | undefined
  const lose = (error: Error) => {
    if (over) return
    over = true
    clearInterval(beat)
    client.end().catch(() => {})
    options.onLost(error)
  }
  client.on('error', lose)
  client.on('end', () => lose(new Error('the connection was closed')))
  client.on('notification', (notice) => options.onNotice(notice.channel, notice.payload ?? ''))
  try {
    await client.connect()
    for (const channel of options.channels) await client.query(`listen ${pg.escapeIdentifier(channel)}`)
  } catch (error) {
    over = true
    await client.end().catch(() => {})
    throw error
  }
  beat = setInterval(() => {
    const deadline = setTimeout(() => lose(new Error(`no answer for ${heartbeatMs} ms`)), heartbeatMs)
    client
      .query('select 1')
      .catch(lose)
      .finally(() => clearTimeout(deadline))
  }, heartbeatMs)
  return {
    client,
    async close() {
      over = true
      clearInterval(beat)
      await client.end()
    },
  }
}
