import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

import type { SmtpHost } from './smtp-sessions.ts'

export interface MailHosts {
  /** The one port of all. */
  port: number
  /** By address. */
  at: Record<string, SmtpHost>
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Mail hosts at loopback addresses of their own, all at one port, as MX hosts are at port 25:
 * `startMailHosts({ '127.0.0.2': (place) => startSmtp(place), '127.0.0.3': (place) => startScriptedSmtp({ ...place, script }) })`.
 * An address that is not named refuses connections. Linux has the whole of 127.0.0.0/8; elsewhere they must be added first.
 */
export async function startMailHosts<Address extends string>(
  starts: Record<Address, (place: { host: string; port: number }) => Promise<SmtpHost>>,
  tries = 20,
): Promise<Omit<MailHosts, 'at'> & { at: Record<Address, SmtpHost> }> {
  const addresses = Object.keys(starts) as Address[]
  const started: [Address, SmtpHost][] = []
  const port = await freePort()
  const close = async () => void (await Promise.all(started.map(([, host]) => host.close())))
  try {
    for (const host of addresses) started.push([host, await starts[host]({ host, port })])
    return { port, at: Object.fromEntries(started) as Record<Address, SmtpHost>, close, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    // The port may be in use at one of the addresses: then all at another one.
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || tries <= 1) throw error
    return await startMailHosts(starts, tries - 1)
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
