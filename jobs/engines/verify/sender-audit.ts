import ipaddr from 'ipaddr.js'

import type { DnsAnswer } from './mail-route.ts'
import type { SpfResult } from './spf-record.ts'

/** What others can find out about us before they talk to us. */
export interface SenderFacts {
  /** Our name in EHLO. */
  helo: string
  /** Envelope sender. */
  mailFrom: string
  /** Where that name leads. */
  addresses: DnsAnswer<string>
  /** Of each of these addresses. */
  seen: SeenAddress[]
  /** Whether connections to mail hosts get out. */
  port25: PortFacts
}

export interface SeenAddress {
  address: string
  /** Its names by PTR. */
  names: DnsAnswer<string>
  /** One of these leads back to it. */
  leadsBack: boolean
  /** What SPF of the envelope sender's domain says of it. */
  spf: SpfResult
}

export type PortFacts =
  | { state: 'open' }
  /** Several mail hosts that have nothing to do with each other could not be reached, or one's own did not answer in time. */
  | { state: 'shut'; why: string }
  | { state: 'unknown'; why: string }

export type AuditName = 'helo' | 'ptr' | 'spf' | 'port25'

export interface AuditCheck {
  name: AuditName
  state: 'GOOD' | 'BAD' | 'UNKNOWN'
  /** For people: what was found, and what to do about it. */
  message: string
}

/** What mail servers will think of us: one judgement of each thing that they look at. */
export function auditSender(facts: SenderFacts): AuditCheck[] {
  return [
    { name: 'helo', ...judgeHelo(facts) },
    { name: 'ptr', ...judgeNames(facts) },
    { name: 'spf', ...judgeSpf(facts) },
    { name: 'port25', ...judgePort(facts) },
  ]
}

type Judgement = Omit<AuditCheck, 'name'>

const good = (message: string): Judgement => ({ state: 'GOOD', message })
const bad = (message: string): Judgement => ({ state: 'BAD', message })
const unknown = (message: string): Judgement => ({ state: 'UNKNOWN', message })

function judgeHelo({ helo, addresses }: SenderFacts): Judgement {
  if (ipaddr.isValid(helo)) return bad(`SMTP_HELO is the address ${helo}: it must be the name of this machine in DNS.`)
  if (!helo.includes('.') || /(?:^|\.)(?:localhost|local|localdomain|internal|lan)$/i.test(helo))
    return bad(`SMTP_HELO is ${helo}, which nobody else can look up: it must be a whole name in DNS.`)
  switch (addresses.kind) {
    case 'records':
      return good(`${helo} leads to ${addresses.records.join(', ')}.`)
    case 'error':
      return unknown(`DNS gave no answer about ${helo} (${addresses.code}).`)
    case 'no_domain':
    case 'no_records':
      return bad(
        `${helo}, of SMTP_HELO, has no address in DNS: give it an A record with the address that we send from.`,
      )
  }
}

function judgeNames({ helo, seen }: SenderFacts): Judgement {
  if (seen.length === 0) return unknown(`It is not known from which address we send, since ${helo} has none.`)
  const failed = seen.find(({ names }) => names.kind === 'error')
  const nameless = seen.find(({ names }) => names.kind === 'no_domain' || names.kind === 'no_records')
  const astray = seen.find(({ names, leadsBack }) => names.kind === 'records' && !leadsBack)
  if (nameless)
    return bad(`${nameless.address} has no name in DNS (PTR): whoever gave you the address can set it to ${helo}.`)
  if (astray)
    return bad(
      `The name of ${astray.address} in DNS (PTR), ${namesOf(astray)}, does not lead back to it: set it to ${helo}.`,
    )
  if (failed) return unknown(`DNS gave no answer about the name of ${failed.address}.`)
  const other = seen.find((one) => !namesOf(one).split(', ').includes(helo.toLowerCase()))
  return good(
    other
      ? `${other.address} is called ${namesOf(other)} and leads back; strict hosts want it to be ${helo}.`
      : `${seen.map(({ address }) => address).join(', ')} is called ${helo}, and that leads back.`,
  )
}

function namesOf({ names }: SeenAddress): string {
  return names.kind === 'records' ? names.records.join(', ').toLowerCase() : ''
}

function judgeSpf({ mailFrom, seen }: SenderFacts): Judgement {
  const domain = mailFrom.slice(mailFrom.lastIndexOf('@') + 1)
  if (seen.length === 0) return unknown('It is not known from which address we send.')
  const isThere = (result: SpfResult) => seen.some(({ spf }) => spf === result)
  if (isThere('none')) return bad(`${domain} has no SPF record: give it a TXT record like ${suggested(seen)}.`)
  if (isThere('permerror')) return bad(`The SPF record of ${domain} cannot be read, or there are several: mend it.`)
  const refused = seen.find(({ spf }) => spf === 'fail' || spf === 'softfail' || spf === 'neutral')
  if (refused)
    return bad(`SPF of ${domain} does not name ${refused.address} (${refused.spf}): add it, as in ${suggested(seen)}.`)
  if (isThere('temperror')) return unknown(`DNS gave no answer about SPF of ${domain}.`)
  if (isThere('unknown')) return unknown(`SPF of ${domain} depends on more than can be told from here.`)
  return good(`SPF of ${domain} names ${seen.map(({ address }) => address).join(', ')}.`)
}

function suggested(seen: readonly SeenAddress[]): string {
  const terms = seen.map(({ address }) => `${address.includes(':') ? 'ip6' : 'ip4'}:${address}`)
  return `"v=spf1 ${terms.join(' ')} -all"`
}

function judgePort({ port25 }: SenderFacts): Judgement {
  switch (port25.state) {
    case 'open':
      return good('Mail hosts can be reached.')
    case 'shut':
      return bad(
        `Nothing seems to get out by the port of mail servers: ${port25.why}. Many networks block it; ask yours.`,
      )
    case 'unknown':
      return unknown(`It is not known whether mail hosts can be reached: ${port25.why}.`)
  }
}
