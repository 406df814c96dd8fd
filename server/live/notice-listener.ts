import type { Logger } from 'pino'

import { type Listener, openListener } from '../../db/listener.ts'

const retryMs = { first: 100, most: 5_000 }

export interface NoticeListener {
  listening: () => boolean
  /** How long the last notice to itself was on its way. */
  lagMs: () => number
  close(): Promise<void>
}

/**
 * Listens for ever: a connection that breaks is opened anew, at growing intervals. `onGap` is called whenever it listens again, and
 * notices may have been missed. Resolves once it listens for the first time; rejects when that fails.
 */
export async function listenForEver(options: {
  url: string
  channels: string[]
  log: Logger
  onNotice: (channel: string, payload: string) => void
  onGap: () => void
}): Promise<NoticeListener> {
  const { url, channels, log, onNotice, onGap } = options
  let listener: Listener | undefined
  let closed = false
  let timer: NodeJS.Timeout | undefined

  const open = async () => {
    const opened = await openListener({ url, applicationName: 'mailquarry live', channels, onNotice, onLost })
    if (closed) await opened.close()
    else listener = opened
  }
  const onLost = (error: Error) => {
    listener = undefined
    log.warn({ err: error }, 'the connection that listens was lost')
    again(retryMs.first)
  }
  const again = (delayMs: number) => {
    if (closed) return
    timer = setTimeout(() => {
      void reopen(delayMs)
    }, delayMs)
  }
  const reopen = async (delayMs: number) => {
    try {
      await open()
    } catch (error) {
      log.warn({ err: error }, 'cannot listen')
      again(Math.min(delayMs * 2, retryMs.most))
      return
    }
    if (closed) return
    log.info('listening again')
    onGap()
  }

  await open()
  return {
    listening: () => listener !== undefined,
    lagMs: () => listener?.lagMs() ?? 0,
    async close() {
      closed = true
      clearTimeout(timer)
      await listener?.close()
      listener = undefined
    },
  }
}
