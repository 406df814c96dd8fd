import { isIPv6 } from 'node:net'

import type { Answer as DnsRecord } from 'dns-packet'
import ipaddr from 'ipaddr.js'

export type DnsType = 'A' | 'AAAA' | 'CNAME' | 'MX' | 'PTR' | 'TXT'

/** What one name of a zone has. A type that is not named has no data, and `{}` is a name that exists and has nothing at all. */
export interface DnsName {
  /** Preference and host, in the order in which they are answered. `[0, '.']` is the null MX of RFC 7505. */
  mx?: [preference: number, exchange: string][]
  a?: string[]
  aaaa?: string[]
  /** Answered with what its target has, as a recursive resolver does; a circle is SERVFAIL. */
  cname?: string
  /** One string a record, cut into pieces of 255 bytes. */
  txt?: string[]
  ptr?: string[]
  ttlSeconds?: number
  /** Pause before the answer. */
  delayMs?: number
  trouble?: DnsTrouble
}

export interface DnsTrouble {
  /** `truncated` holds over UDP alone: the whole answer comes over TCP. `garbage` is no DNS message, `silent` no answer. */
  what: 'servfail' | 'refused' | 'silent' | 'garbage' | 'truncated'
  /** Without them whatever is asked of the name. */
  types?: DnsType[]
  /** How many queries meet it before all is well again; without it all. */
  times?: number
}

export interface DnsResult {
  rcode: 'NOERROR' | 'NXDOMAIN' | 'SERVFAIL'
  answers: DnsRecord[]
}

const longestChain = 8
const defaultTtlSeconds = 300

/** Follows CNAMEs from `name` as asked, in its letter case. `find` gets names in lower case. */
export function lookUp(name: string, type: string, find: (name: string) => DnsName | undefined): DnsResult {
  const answers: DnsRecord[] = []
  let at = name
  for (let links = 0; links < longestChain; links += 1) {
    const found = find(at.toLowerCase())
    if (!found) return { rcode: 'NXDOMAIN', answers }
    if (found.cname === undefined || type === 'CNAME') {
      return { rcode: 'NOERROR', answers: [...answers, ...recordsOf(at, type, found)] }
    }
    answers.push({ name: at, type: 'CNAME', ttl: found.ttlSeconds ?? defaultTtlSeconds, data: found.cname })
    at = found.cname
  }
  return { rcode: 'SERVFAIL', answers: [] }
}

function recordsOf(name: string, type: string, has: DnsName): DnsRecord[] {
  const ttl = has.ttlSeconds ?? defaultTtlSeconds
  switch (type) {
    case 'MX':
      return (has.mx ?? []).map(([preference, exchange]) => ({ name, type, ttl, data: { preference, exchange } }))
    case 'A':
      return (has.a ?? []).map((data) => ({ name, type, ttl, data }))
    case 'AAAA':
      return (has.aaaa ?? []).map((data) => ({ name, type, ttl, data }))
    case 'PTR':
      return (has.ptr ?? []).map((data) => ({ name, type, ttl, data }))
    case 'TXT':
      return (has.txt ?? []).map((text) => ({ name, type, ttl, data: pieces(text) }))
    case 'CNAME':
      return has.cname === undefined ? [] : [{ name, type, ttl, data: has.cname }]
    default:
      return []
  }
}

/** A TXT record is a row of strings of at most 255 bytes (RFC 1035 §3.3). */
function pieces(text: string): Buffer[] {
  const whole = Buffer.from(text)
  const cut: Buffer[] = []
  for (let at = 0; at === 0 || at < whole.length; at += 255) cut.push(whole.subarray(at, at + 255))
  return cut
}

/** The name whose PTR says what an address is called: `1.0.0.127.in-addr.arpa`. */
export function reverseName(address: string): string {
  const bytes = ipaddr.parse(address).toByteArray()
  if (!isIPv6(address)) return `${bytes.reverse().join('.')}.in-addr.arpa`
  const digits = Buffer.from(bytes).toString('hex').split('')
  return `${digits.reverse().join('.')}.ip6.arpa`
}
