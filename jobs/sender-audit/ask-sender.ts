import type { Socket } from 'node:net'

import { mailHosts } from '../engines/verify/mail-route.ts'
import type { PortFacts, SeenAddress, SenderFacts } from '../engines/verify/sender-audit.ts'
import type { SmtpSettings } from '../job-kind.ts'
import type { Dial } from '../outgoing-dial.ts'
import { OutgoingError } from '../outgoing-error.ts'
import { addressesOf, askSpf } from './ask-spf.ts'
import type { SenderDns } from './io.ts'

export interface AskSender {
  dns: SenderDns
  dial: Dial
  smtp: SmtpSettings
  /** As connections to mail hosts have told so far. */
  port25: 'open' | 'blocked' | 'unknown'
  signal: AbortSignal
}

const connectMs = 10_000
const greetingMs = 10_000
/** A name that leads to more is looked at in part. */
const mostAddresses = 4

/** Finds out what others can find out about us. Rejects with the signal's reason. */
export async function askSender({ dns, dial, smtp, port25, signal }: AskSender): Promise<SenderFacts> {
  const { helo, mailFrom } = smtp
  const domain = mailFrom.slice(mailFrom.lastIndexOf('@') + 1)
  const addresses = await addressesOf(dns, helo)
  signal.throwIfAborted()
  const own = addresses.kind === 'records' ? addresses.records.slice(0, mostAddresses) : []
  const [seen, reach] = await Promise.all([
    Promise.all(own.map((address) => see(dns, address, domain))),
    port25 === 'unknown' ? tryOwnHost(dns, dial, domain, smtp, signal) : known(port25),
  ])
  return { helo, mailFrom, addresses, seen, port25: reach }
}

async function see(dns: SenderDns, address: string, domain: string): Promise<SeenAddress> {
  const [names, spf] = await Promise.all([dns.ptr(address), askSpf(dns, domain, address)])
  const found = names.kind === 'records' ? names.records : []
  const back = await Promise.all(found.map((name) => addressesOf(dns, name)))
  const leadsBack = back.some((answer) => answer.kind === 'records' && answer.records.includes(address))
  return { address, names, leadsBack, spf }
}

function known(port25: 'open' | 'blocked'): PortFacts {
  return port25 === 'open' ? { state: 'open' } : { state: 'shut', why: 'several mail hosts could not be reached' }
}

/** Nobody else is bothered: the host that takes the mail of our own domain is asked for its greeting. */
async function tryOwnHost(
  dns: SenderDns,
  dial: Dial,
  domain: string,
  { port }: SmtpSettings,
  signal: AbortSignal,
): Promise<PortFacts> {
  const [best] = mailHosts(domain, await dns.mx(domain))
  const answer = best && (await dns.a(best.host))
  const address = answer?.kind === 'records' ? answer.records[0] : undefined
  if (!best || address === undefined) return { state: 'unknown', why: `${domain} has no mail host to try it on` }
  try {
    const greeting = await greetingOf(await dial({ address, port, timeoutMs: connectMs, signal }), signal)
    signal.throwIfAborted()
    if (/^[245]\d\d[ -]/.test(greeting)) return { state: 'open' }
    return { state: 'unknown', why: `${best.host}, of ${domain}, said nothing that mail servers say` }
  } catch (error) {
    if (!(error instanceof OutgoingError)) throw error
    if (error.category === 'timeout') return { state: 'shut', why: `${best.host}, of ${domain}, does not answer` }
    return { state: 'unknown', why: `${best.host}, of ${domain}, could not be reached (${error.message})` }
  }
}

/** The first line that comes, as far as it comes; then goodbye. */
function greetingOf(socket: Socket, signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const over = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', over)
      socket.end('QUIT\r\n')
      setTimeout(() => socket.destroy(), 1_000).unref()
      resolve(text)
    }
    const timer = setTimeout(over, greetingMs)
    signal.addEventListener('abort', over, { once: true })
    socket.on('error', () => {})
    socket.once('close', over)
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      if (text.includes('\n') || text.length > 1_000) over()
    })
  })
}
