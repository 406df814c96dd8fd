import { readFileSync } from 'node:fs'
import type { Server } from 'node:net'

import { afterEach } from 'vitest'

import { OutgoingError } from '../../jobs/outgoing-error.ts'
import { createOutgoing, type Outgoing, type OutgoingOptions, type OutgoingRequest } from '../../jobs/outgoing.ts'
import { startRawServer } from './raw-server.ts'
import { type SitePage, startSite } from './site.ts'

/** For a test file about requests: clients that may dial this machine, and servers on it. All is closed after each test. */
export function outgoingBench() {
  const closing: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    await Promise.all(closing.splice(0).map((close) => close()))
  })

  return {
    onClose(close: () => Promise<unknown>): void {
      closing.push(close)
    },
    outgoing(options: Partial<OutgoingOptions> = {}): Outgoing {
      const made = createOutgoing({
        allowHosts: ['127.0.0.1', 'localhost', '[::1]'],
        userAgent: 'Mailquarry-test',
        ...options,
      })
      closing.push(() => made.close())
      return made
    },
    async site(pages: Record<string, SitePage>) {
      const started = await startSite({ pages })
      closing.push(() => started.close())
      return started
    },
    /** Returns the port. */
    async listen(server: {
      listen: Server['listen']
      address: Server['address']
      close: Server['close']
    }): Promise<number> {
      await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
      closing.push(async () => void server.close())
      const address = server.address()
      if (address === null || typeof address === 'string') throw new Error('the server has no port')
      return address.port
    },
    /** Returns the port. */
    async tcp(serve: Parameters<typeof startRawServer>[0]): Promise<number> {
      const server = await startRawServer(serve)
      closing.push(() => server.close())
      return server.port
    },
  }
}

export const get = (client: Outgoing, url: string, options: Partial<OutgoingRequest> = {}) =>
  client.request(url, { signal: new AbortController().signal, ...options })

/** The error of a request, or that there was none. */
export const failure = (client: Outgoing, url: string, options: Partial<OutgoingRequest> = {}) =>
  get(client, url, options).then(
    ({ status }) => ({ category: `answered ${status}` }),
    (error: unknown) => {
      if (!(error instanceof OutgoingError)) throw error
      return { category: error.category, message: error.message, details: error.details }
    },
  )

export const toLoopback = async () => ['127.0.0.1']
export const text = (body: Uint8Array) => Buffer.from(body).toString()

/** Of 127.0.0.1 and secure.test, signed by itself. */
export const certificate = {
  key: readFileSync(new URL('../fixtures/tls/key.pem', import.meta.url), 'utf8'),
  cert: readFileSync(new URL('../fixtures/tls/cert.pem', import.meta.url), 'utf8'),
}
