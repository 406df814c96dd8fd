import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'

const loopbackNames = ['localhost', '127.0.0.1', '[::1]']

export interface GuardOptions {
  /** What we listen on. */
  host: string
  port: number
  /** Further names that we are reached by, `host:port`, or `host` for whatever port; `https://` in front is passed over. */
  allowedHosts: readonly string[]
}

/**
 * Why a request is not for us to answer; undefined where all is well. The Host must be a name of ours: a page that got our address
 * by DNS rebinding sends its own name. The Origin, where there is one, must be the very site that is asked, or allowed: no other web
 * page reaches in.
 */
export function refusalOf(headers: IncomingHttpHeaders, options: GuardOptions): string | undefined {
  const host = parseHost(headers.host)
  if (!host) return 'The Host header is missing or unreadable.'
  if (!isAllowed(host, options))
    return `The host ${headers.host} is not one of ours. If it should be, list it in ALLOW_ORIGINS.`
  const { origin } = headers
  if (origin === undefined) return undefined
  const from = /^https?:\/\//.test(origin)
    ? parseHost(origin.replace(/^https?:\/\//, ''), origin.startsWith('https:') ? 443 : 80)
    : undefined
  const sameSite = origin === `http://${headers.host}` || origin === `https://${headers.host}`
  if (from && (sameSite || isListed(from, options.allowedHosts))) return undefined
  return `Pages of ${origin} may not reach in here. If they should, list them in ALLOW_ORIGINS.`
}

interface HostAndPort {
  name: string
  port: number
}

function isAllowed(host: HostAndPort, { host: own, port, allowedHosts }: GuardOptions): boolean {
  if (isListed(host, allowedHosts)) return true
  if (host.port !== port) return false
  // On all addresses each is ours. No rebinding leads to a bare address: there is no name to bind.
  if (own === '0.0.0.0' || own === '::')
    return loopbackNames.includes(host.name) || isIP(host.name.replace(/^\[|\]$/g, '')) > 0
  const ownName = parseHost(own.includes(':') ? `[${own}]` : own)?.name
  return loopbackNames.includes(host.name) || host.name === ownName
}

function isListed({ name, port }: HostAndPort, allowed: readonly string[]): boolean {
  return allowed.some((entry) => {
    const listed = parseHost(entry.replace(/^https?:\/\//i, ''), 0)
    return listed !== undefined && listed.name === name && (listed.port === 0 || listed.port === port)
  })
}

/** Name in lower case without a dot at the end, IPv6 in brackets; `defaultPort` where none is given. */
function parseHost(text: string | undefined, defaultPort = 80): HostAndPort | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[^\s:@/?#\\[\]]+)(?::(\d{1,5}))?$/i.exec(text ?? '')
  if (!match) return undefined
  return {
    name: match[1]!.toLowerCase().replace(/\.$/, ''),
    port: match[2] === undefined ? defaultPort : Number(match[2]),
  }
}
