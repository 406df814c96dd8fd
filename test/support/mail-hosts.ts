import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

/** How a host is started at a place that is given to it. */
type Start = (place: { host: string; port: number }) => Promise<{ close(): Promise<void> }>

export interface MailHosts<Starts extends Record<string, Start>> {
  /** The one port of all. */
  port: number
  /** By address. */
  at: { [Address in keyof Starts]: Awaited<ReturnType<Starts[Address]>> }
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Mail hosts at loopback addresses of their own, all at one port, as MX hosts are at port 25:
 * `startMailHosts({ '127.0.0.2': (place) => startSmtp(place), '127.0.0.3': (place) => startScriptedSmtp({ ...place, script }) })`.
 * An address that is not named refuses connections. Linux has the whole of 127.0.0.0/8; elsewhere they must be added first.
 */
export async function startMailHosts<Starts extends Record<string, Start>>(
  starts: Starts,
  tries = 20,
): Promise<MailHosts<Starts>> {
  const started: [address: string, host: { close(): Promise<void> }][] = []
  const port = await freePort()
  const close = async () => void (await Promise.all(started.map(([, host]) => host.close())))
  try {
    for (const [host, start] of Object.entries(starts)) started.push([host, await start({ host, port })])
    const at = Object.fromEntries(started) as MailHosts<Starts>['at']
    return { port, at, close, [Symbol.asyncDispose]: close }
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
