import { CloseCode, createClient } from 'graphql-ws/client'
import type { Client, FormattedExecutionResult, Sink, SubscribePayload } from 'graphql-ws/client'
import { inject, onScopeDispose, readonly, ref } from 'vue'
import type { InjectionKey, Ref } from 'vue'

import { dropDeadSockets } from './dead-sockets.ts'

/** Where the messages of a subscription go. */
export type MessageSink = Sink<FormattedExecutionResult<Record<string, unknown>, unknown>>

/** `paused`: the reader asked for stillness; nothing is missed, it comes when they go on. */
export type ConnectionState = 'connecting' | 'live' | 'reconnecting' | 'paused'

/** The tab's one WebSocket. It is never given up: subscriptions outlive any outage and begin again by themselves. */
export interface Connection {
  state: Readonly<Ref<ConnectionState>>
  /** Since when `state` holds, as epoch milliseconds. */
  since: Readonly<Ref<number>>
  /** How far what is on the screen reaches, as epoch milliseconds: to the end of the last time `live`; undefined while that is now, or never was. */
  liveUntil: Readonly<Ref<number | undefined>>
  /** As the browser's own, but not over a socket that may be dead: what is under way on one fails, to be asked again. */
  fetch: typeof fetch
  subscribe: (payload: SubscribePayload, sink: MessageSink) => () => void
  /** Runs after each connection but the first: what was missed has to be asked for. Returns how to stop it. */
  onReconnect: (run: () => void) => () => void
  /** Runs at each failed try, with how many have failed in a row. */
  onFailedTry: (run: (tries: number) => void) => () => void
  /** Drops the socket, which may be dead without knowing, and connects anew at once. */
  reconnect: () => void
  /** Lets go of the socket until `resume`: what is on the screen stays as it is. */
  pause: () => void
  resume: () => void
  close: () => void
}

export const connectionKey: InjectionKey<Connection> = Symbol('connection')

/** The longest pause between two tries: after an outage the page is to be right again within 3 s. */
const maxPauseMs = 1_000
/** So many WebSockets are tried in a row before a plain request asks each time whether there is anybody. */
const triesBlind = 4
const pingEveryMs = 10_000
const pongWithinMs = 5_000

export function createConnection(url: string): Connection {
  const health = new URL('/healthz', url)
  health.protocol = health.protocol === 'wss:' ? 'https:' : 'http:'
  const state = ref<ConnectionState>('connecting')
  const since = ref(Date.now())
  const liveUntil = ref<number>()
  const onReconnect = new Set<() => void>()
  const onFailedTry = new Set<(tries: number) => void>()
  let wasLive = false
  let failedTries = 0
  let closed = false
  let held: PromiseWithResolvers<void> | undefined
  const pauses = new Set<() => void>()
  let underWay = new AbortController()
  let deadSocketsDropped = Promise.resolve()
  let client = open()

  function setState(next: ConnectionState) {
    if (state.value === next) return
    if (next === 'live') liveUntil.value = undefined
    else if (state.value === 'live') liveUntil.value = Date.now()
    state.value = next
    since.value = Date.now()
  }

  function open(): Client {
    let pongTimer: ReturnType<typeof setTimeout> | undefined
    let socket: WebSocket | undefined
    return createClient({
      url,
      lazy: false,
      keepAlive: pingEveryMs,
      connectionAckWaitTimeout: pongWithinMs,
      retryAttempts: Number.POSITIVE_INFINITY,
      // Browsers report a refused connection as a bare error event, which would be fatal by default.
      shouldRetry: () => true,
      retryWait: async (retries) => {
        for (let tries = retries; ; tries++) {
          await pause(Math.min(maxPauseMs, 100 * 2 ** tries))
          if (held || closed || tries < triesBlind || (await answers())) break
          tellFailedTry()
        }
        await held?.promise
      },
      // Close codes that graphql-ws never retries, such as an internal error of a server that is going down.
      onNonLazyError: () => void openAgain(),
      on: {
        opened(opened) {
          if (opened instanceof WebSocket) socket = opened
        },
        connected() {
          failedTries = 0
          setState('live')
          if (wasLive) for (const run of onReconnect) run()
          wasLive = true
        },
        // A laptop that slept holds a socket that looks open: no pong means that it is not.
        ping(received) {
          if (received) return
          clearTimeout(pongTimer)
          pongTimer = setTimeout(() => {
            socket?.close(CloseCode.ConnectionAcknowledgementTimeout, 'No pong')
            suspectSockets()
          }, pongWithinMs)
        },
        pong(received) {
          if (received) clearTimeout(pongTimer)
        },
        closed() {
          clearTimeout(pongTimer)
          if (closed) return undefined
          if (held) return setState('paused')
          setState(wasLive ? 'reconnecting' : 'connecting')
          tellFailedTry()
          return undefined
        },
      },
    })
  }

  function suspectSockets() {
    underWay.abort(new Error('The connection was lost.'))
    underWay = new AbortController()
    deadSocketsDropped = dropDeadSockets(health)
  }

  function tellFailedTry() {
    failedTries++
    for (const run of onFailedTry) run(failedTries)
  }

  /**
   * Whether the server can be reached, by a plain request: after some sixteen WebSockets that failed, Chromium holds up the next by 1 to 5 s, and the page
   * would be wrong for longer. True where there is no answer in time: that may be a connection of old.
   */
  async function answers(): Promise<boolean> {
    try {
      const { ok } = await fetch(health, { cache: 'no-store', signal: AbortSignal.timeout(maxPauseMs) })
      return ok
    } catch (error) {
      return error instanceof DOMException && error.name === 'TimeoutError'
    }
  }

  async function openAgain() {
    await pause(maxPauseMs)
    await held?.promise
    if (!closed) client = open()
  }

  /** Waits, but for no longer than until somebody asks for a connection at once. */
  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms * (0.75 + Math.random() * 0.5))
      function done() {
        clearTimeout(timer)
        pauses.delete(done)
        resolve()
      }
      pauses.add(done)
    })
  }

  function subscribe(payload: SubscribePayload, sink: MessageSink) {
    let stopped = false
    let stop = begin()
    function begin(): () => void {
      return client.subscribe(payload, {
        next: (result) => sink.next(result),
        complete: () => sink.complete(),
        error(reason) {
          // An array is the server's answer to this subscription; anything else is the loss of the connection.
          if (Array.isArray(reason)) return sink.error(reason)
          void beginAgain()
        },
      })
    }
    async function beginAgain() {
      await pause(maxPauseMs)
      if (!stopped && !closed) stop = begin()
    }
    return () => {
      stopped = true
      stop()
    }
  }

  return {
    state: readonly(state),
    since: readonly(since),
    liveUntil: readonly(liveUntil),
    async fetch(input, { signal, ...init } = {}) {
      await deadSocketsDropped
      return fetch(input, { ...init, signal: AbortSignal.any([underWay.signal, ...(signal ? [signal] : [])]) })
    },
    subscribe,
    onReconnect: (run) => added(onReconnect, run),
    onFailedTry: (run) => added(onFailedTry, run),
    reconnect() {
      suspectSockets()
      if (held) return
      if (pauses.size === 0) client.terminate()
      for (const skip of pauses) skip()
    },
    pause() {
      if (held) return
      held = Promise.withResolvers()
      setState('paused')
      client.terminate()
    },
    resume() {
      if (!held) return
      setState('reconnecting')
      held.resolve()
      held = undefined
      for (const skip of pauses) skip()
    },
    close() {
      closed = true
      held?.resolve()
      for (const skip of pauses) skip()
      // Rejects where a try is under way: then there is nothing to close.
      Promise.resolve(client.dispose()).catch(() => {})
    },
  }
}

/**
 * Connects anew as soon as the network or the machine is back, instead of after the next missing pong: a machine that has slept is
 * known by timers that are late, and by what the browser says of a page that it had frozen.
 */
export function reconnectOnWake(connection: Connection): void {
  const everyMs = 1_000
  const lateMs = 5_000
  let lastTick = Date.now()
  let suspected = false
  const wake = () => {
    // The timers of a hidden tab are late by themselves; it is asked when somebody looks at it.
    if (document.hidden) return void (suspected = true)
    suspected = false
    connection.reconnect()
  }
  addEventListener('online', wake)
  // Chromium thaws a page before it calls it visible.
  document.addEventListener('resume', () => connection.reconnect())
  document.addEventListener('visibilitychange', () => suspected && wake())
  setInterval(() => {
    const late = Date.now() - lastTick > everyMs + lateMs
    lastTick = Date.now()
    if (late) wake()
  }, everyMs)
}

export function useConnection(): Connection {
  const connection = inject(connectionKey)
  if (!connection) throw new Error('No connection was provided')
  return connection
}

/** Runs after each reconnect while the calling component lives. */
export function useOnReconnect(run: () => void): void {
  onScopeDispose(useConnection().onReconnect(run))
}

function added<T>(set: Set<T>, item: T): () => void {
  set.add(item)
  return () => set.delete(item)
}
