import { getDomain, parse } from 'tldts'

import { literalAddress, specialRange } from './address-range.ts'
import { canonicalUrl } from './canonical-url.ts'
import { type HostList, portOf } from './host-list.ts'
import { whatElse } from './what-else.ts'

/** `host`: exactly the host of a start. `domain`: all hosts of its registrable domain. */
export type CrawlScope = 'host' | 'domain'

/**
 * The shard that fetches a URL, and the unit of politeness: host name, with the port where it is not the scheme's own, such as `example.com` or
 * `127.0.0.1:8080`. http and https of a host are one, since one server answers both.
 */
export function shardOf(text: string): string {
  const url = new URL(text)
  // `main` is the name of a job's first shard.
  return url.host === 'main' ? `main:${portOf(url)}` : url.host
}

/**
 * What a page belongs to: links are followed inside of it and caps count by it. The registrable domain, by the public suffix list with its private part (so
 * each user of a hosting domain is one); the host with its port where there is none, as for addresses and single labels, or where the scope says so.
 */
export function domainOf(url: string, scope: CrawlScope): string {
  const { host, hostname } = new URL(url)
  return scope === 'host' ? host : (getDomain(hostname, { allowPrivateDomains: true }) ?? host)
}

export type StartRefusalCode =
  | 'not_a_url'
  | 'not_a_domain'
  | 'ip_address'
  | 'private_address'
  | 'local_name'
  | 'unknown_tld'

export type Start =
  | {
      ok: true
      url: string
      /** The text named a host and no scheme, so https is only a first try. */
      guessed: boolean
    }
  | { ok: false; code: StartRefusalCode; message: string }

/** Reads what a user calls a domain: a host name, perhaps with a port, or a URL of the site. Hosts that are listed are taken as they are. */
export function readDomain(text: string, listed: HostList): Start {
  const entry = text.trim()
  if (/^https?:\/\//i.test(entry)) return readStartUrl(entry, listed)
  const result = canonicalUrl(`https://${entry}`)
  if (!result.ok || !/^[^/?#@\\]+$/.test(entry))
    return refuse('not_a_domain', `"${shortened(entry)}" is not a domain${whatElse(entry)}`)
  const url = new URL(result.url)
  if (listed.has(url.hostname, portOf(url))) {
    // A listed host is a development server more often than not: there the scheme is http unless the port is that of https.
    const secure = portOf(url) === 443 && !entry.endsWith(':80')
    return secure
      ? { ok: true, url: result.url, guessed: true }
      : { ok: true, url: `http://${entry.endsWith(':80') ? url.hostname : url.host}/`, guessed: false }
  }
  return refusalOf(url, entry) ?? { ok: true, url: result.url, guessed: true }
}

/** Reads an absolute http or https URL. */
export function readStartUrl(text: string, listed: HostList): Start {
  const entry = text.trim()
  const result = canonicalUrl(entry)
  if (!result.ok) {
    const why = lacksScheme(entry) ? adviceOnScheme(new URL(`https://${entry}`), listed) : result.reason
    return refuse('not_a_url', `"${shortened(entry)}" cannot be crawled: ${why}`)
  }
  const url = new URL(result.url)
  if (listed.has(url.hostname, portOf(url))) return { ok: true, url: result.url, guessed: false }
  return refusalOf(url, entry) ?? { ok: true, url: result.url, guessed: false }
}

/** `example.com`, `example.com:8080/contact`. */
function lacksScheme(entry: string): boolean {
  return /^[^\s:/?#@\\]+\.[^\s:/?#@\\]+(:\d+)?([/?#]|$)/.test(entry) && canonicalUrl(`https://${entry}`).ok
}

function adviceOnScheme(url: URL, listed: HostList): string {
  const isPlain = listed.has(url.hostname, portOf(url)) && portOf(url) !== 443
  return `put ${isPlain ? 'http' : 'https'}:// in front, or name it among the domains`
}

function refusalOf({ host, hostname }: URL, entry: string): Start | undefined {
  const name = shortened(entry)
  const listing = `a host of your own is crawled where the server is started with ALLOW_HOSTS=${host}`
  const address = literalAddress(hostname)
  if (address !== undefined) {
    const range = specialRange(address)
    return range === undefined
      ? refuse('ip_address', `"${name}" is an IP address: give the name of the host`)
      : refuse('private_address', `"${name}" is an address that is not on the public Internet (${range}); ${listing}`)
  }
  if (hostname === 'localhost' || hostname.endsWith('.localhost'))
    return refuse('local_name', `"${name}" is this machine itself; ${listing}`)
  const parsed = parse(hostname, { allowPrivateDomains: false })
  if (parsed.hostname === null) return refuse('not_a_domain', `"${name}" is not a domain`)
  if (!hostname.includes('.')) return refuse('local_name', `"${name}" is a single label: give the whole domain`)
  if (!parsed.isIcann || hostname.endsWith('.onion'))
    return refuse(
      'unknown_tld',
      `"${name}" ends in .${hostname.slice(hostname.lastIndexOf('.') + 1)}, which is no public top-level domain`,
    )
  if (parsed.domain === null)
    return refuse('not_a_domain', `"${name}" is a suffix under which domains are registered, and no domain itself`)
  return undefined
}

function refuse(code: StartRefusalCode, message: string): Start {
  return { ok: false, code, message }
}

function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79).toWellFormed()}…` : text
}
