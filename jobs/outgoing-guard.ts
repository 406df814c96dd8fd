import { lookup as lookUpName } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'

import { literalAddress, specialRange } from './engines/crawl/address-range.ts'
import { type HostList, portOf } from './engines/crawl/host-list.ts'
import { OutgoingError } from './outgoing-error.ts'

export type Resolve = (hostname: string) => Promise<string[]>

/** Decides where may be dialled, and at which address. */
export interface OutgoingGuard {
  /** Why a host and port must not be dialled, as far as they say it themselves. */
  refusal(url: HostAndPort): OutgoingError | undefined
  isListed(url: HostAndPort): boolean
  /** What `net` asks for addresses. It gives only those that may be dialled, so that no second answer of the DNS can come in between. */
  lookup: { listed: LookupFunction; others: LookupFunction }
  /** Where a host would be dialled first. Rejects as the dial itself would. */
  address(url: HostAndPort): Promise<string>
}

export interface HostAndPort {
  hostname: string
  protocol: string
  port: string
}

/** So long an answer of the DNS is good for further connections: they go where the first one went, as long as that is where the name leads. */
const answerHoldsMs = 30_000
const mostAnswers = 10_000

/** Nothing but the public Internet, except for the hosts that the operator listed. */
export function createGuard(listed: HostList, resolve: Resolve): OutgoingGuard {
  const addressesOf = remembering(resolve)
  const isListed = (url: HostAndPort) => listed.has(url.hostname, portOf(url))
  const dialable = async (hostname: string, rangeOf: (address: string) => string | undefined) => {
    const addresses = await addressesOf(hostname)
    if (addresses.length === 0) throw new OutgoingError('dns', `${hostname}: the host name has no address`)
    const allowed = addresses.filter((address) => rangeOf(address) === undefined)
    if (allowed.length === 0) throw blocked(hostname, addresses[0]!, rangeOf(addresses[0]!)!)
    return allowed
  }
  const lookupBy = (rangeOf: (address: string) => string | undefined): LookupFunction => {
    /* oxlint-disable promise/no-callback-in-promise -- net knows callbacks only */
    return (hostname, options, callback) => {
      dialable(hostname, rangeOf).then(
        (addresses) =>
          options.all
            ? callback(
                null,
                addresses.map((address) => ({ address, family: isIP(address) })),
              )
            : callback(null, addresses[0]!, isIP(addresses[0]!)),
        (error: Error) => callback(error, ''),
      )
    }
    /* oxlint-enable promise/no-callback-in-promise */
  }
  const refusal = (url: HostAndPort) => (isListed(url) ? undefined : refusalOf(url.hostname, portOf(url)))
  return {
    refusal,
    isListed,
    lookup: { listed: lookupBy(() => undefined), others: lookupBy(specialRange) },
    async address(url) {
      const refused = refusal(url)
      if (refused) throw refused
      const literal = literalAddress(url.hostname)
      if (literal !== undefined) return literal
      return (await dialable(url.hostname, isListed(url) ? () => undefined : specialRange))[0]!
    },
  }
}

function refusalOf(hostname: string, port: number): OutgoingError | undefined {
  const address = literalAddress(hostname)
  const range = address === undefined ? undefined : specialRange(address)
  if (range !== undefined) return blocked(hostname, address!, range)
  return badPorts.has(port) ? new OutgoingError('blocked', `port ${port} is not for the web`, { port }) : undefined
}

function blocked(hostname: string, address: string, range: string): OutgoingError {
  return new OutgoingError('blocked', `${hostname} is not on the public Internet (${range})`, { address, range })
}

/** Asks once for those who want to know at the same time or soon after. What went wrong is not kept. */
function remembering(resolve: Resolve): Resolve {
  const answers = new Map<string, { addresses: Promise<string[]>; until: number }>()
  return (hostname) => {
    const known = answers.get(hostname)
    if (known && known.until > performance.now()) return known.addresses
    if (answers.size >= mostAnswers) answers.clear()
    const addresses = resolve(hostname)
    const answer = { addresses, until: performance.now() + answerHoldsMs }
    answers.set(hostname, answer)
    addresses.catch(() => {
      if (answers.get(hostname) === answer) answers.delete(hostname)
    })
    return addresses
  }
}

export function resolveBySystem(hostname: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    lookUpName(hostname, { all: true }, (error, addresses) =>
      error ? reject(error) : resolve(addresses.map(({ address }) => address)),
    )
  })
}

// https://fetch.spec.whatwg.org/#port-blocking: services that would take an HTTP request for commands of their own
const badPorts = new Set([
  0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110,
  111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532,
  540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061,
  6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
])
