import { Resolver } from 'node:dns/promises'
import { isIPv6 } from 'node:net'

import ipaddr from 'ipaddr.js'

import { reverseName } from './dns-zone.ts'
import type { DnsName } from './dns-zone.ts'
import type { Dns } from './dns.ts'
import type { SmtpSession } from './smtp-sessions.ts'

/** What DNS has of a sender that is well set up: take something away, and the hosts that check will say so. */
export function soundSender(sender: { address: string; name: string; domain: string }): Record<string, DnsName> {
  const { address, name, domain } = sender
  const ip = isIPv6(address) ? 'ip6' : 'ip4'
  return {
    [reverseName(address)]: { ptr: [name] },
    [name]: isIPv6(address) ? { aaaa: [address] } : { a: [address] },
    [domain]: { mx: [[10, name]], txt: [`v=spf1 ${ip}:${address} -all`] },
  }
}

/**
 * A rule for MAIL as strict hosts have it: the client's address must have a name that leads back to it, the name in EHLO must be whole
 * and be found, and SPF must not fail. It asks `dns`, where its queries are counted too. Wordings are Postfix's and, for SPF, those of
 * RFC 7372.
 */
export function checksSender(dns: Dns): (sender: string, session: SmtpSession) => Promise<string | undefined> {
  const resolver = new Resolver({ timeout: 1000, tries: 1 })
  resolver.setServers([dns.server])

  async function addressesOf(name: string, family: 4 | 6): Promise<string[]> {
    return await found(family === 6 ? resolver.resolve6(name) : resolver.resolve4(name))
  }

  async function spfOf(
    domain: string,
    from: string,
    depth = 0,
  ): Promise<'pass' | 'fail' | 'softfail' | 'neutral' | 'none'> {
    if (depth > 10) return 'none' // RFC 7208 §4.6.4: such a record is broken
    const texts = (await found(resolver.resolveTxt(domain))).map((pieces) => pieces.join(''))
    const record = texts.find((text) => /^v=spf1(?: |$)/.test(text))
    for (const term of record?.split(' ').slice(1) ?? []) {
      const [, sign = '', mechanism = '', value = domain] = /^([-+~?]?)(\w+)(?::(.+))?$/.exec(term) ?? []
      if (await fits(mechanism, value, from, depth)) return results[sign as keyof typeof results]
    }
    return record === undefined ? 'none' : 'neutral'
  }

  async function fits(mechanism: string, value: string, from: string, depth: number): Promise<boolean> {
    const family = isIPv6(from) ? 6 : 4
    switch (mechanism) {
      case 'all':
        return true
      case 'ip4':
      case 'ip6':
        return mechanism === `ip${family}` && isInRange(from, value)
      case 'a':
        return (await addressesOf(value, family)).includes(from)
      case 'mx':
        for (const { exchange } of await found(resolver.resolveMx(value))) {
          if ((await addressesOf(exchange, family)).includes(from)) return true
        }
        return false
      case 'include':
        return (await spfOf(value, from, depth + 1)) === 'pass'
      default:
        throw new Error(`SPF: "${mechanism}" is not known here`)
    }
  }

  return async (sender, { from, helo = '' }) => {
    const family = isIPv6(from) ? 6 : 4
    // Not by reverse(), which believes /etc/hosts first.
    const [name] = await found(resolver.resolvePtr(reverseName(from)))
    if (name === undefined) return `450 4.7.25 Client host rejected: cannot find your reverse hostname, [${from}]`
    if (!(await addressesOf(name, family)).includes(from)) {
      return `450 4.7.25 Client host rejected: cannot find your hostname, [${from}]`
    }
    if (!helo.includes('.')) return `504 5.5.2 <${helo}>: Helo command rejected: need fully-qualified hostname`
    if ((await addressesOf(helo, family)).length === 0) {
      return `450 4.7.1 <${helo}>: Helo command rejected: Host not found`
    }
    const result = await spfOf(sender.slice(sender.lastIndexOf('@') + 1) || helo, from)
    return result === 'fail' ? `550 5.7.23 <${sender}>: Sender Policy Framework validation failed` : undefined
  }
}

const results = { '': 'pass', '+': 'pass', '-': 'fail', '~': 'softfail', '?': 'neutral' } as const

function isInRange(address: string, range: string): boolean {
  const parsed = ipaddr.parse(address)
  const [base, bits] = range.includes('/')
    ? ipaddr.parseCIDR(range)
    : [ipaddr.parse(range), parsed.toByteArray().length * 8]
  return parsed.match(base, bits)
}

/** What there is; nothing where there is none. Trouble is thrown: the test has made it. */
async function found<Item>(answer: Promise<Item[]>): Promise<Item[]> {
  try {
    return await answer
  } catch (error) {
    if (['ENOTFOUND', 'ENODATA'].includes((error as NodeJS.ErrnoException).code ?? '')) return []
    throw error
  }
}
