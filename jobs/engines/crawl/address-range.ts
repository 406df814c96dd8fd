import ipaddr from 'ipaddr.js'

/**
 * Why an address must not be dialled: the name of its special range, as `private` or `loopback`. Undefined for an address of the public Internet. Only plain
 * global unicast is public: forms that carry an IPv4 address inside (mapped, NAT64, 6to4, Teredo, …) are not, whatever they carry.
 */
export function specialRange(address: string): string | undefined {
  if (!ipaddr.isValid(address)) return 'not an address'
  const parsed = ipaddr.parse(address)
  if (publicButLocal.has(parsed.toString())) return 'metadata'
  const range = parsed.range()
  if (range !== 'unicast') return range
  // RFC 4291 §2.4, IANA: of IPv6 only 2000::/3 is in use; this also leaves out `::a.b.c.d`.
  return parsed.kind() === 'ipv6' && !parsed.match(globalUnicast) ? 'reserved' : undefined
}

/** The address that a host name as `URL` gives it is, such as `127.0.0.1` or `[::1]`; undefined for a name. */
export function literalAddress(hostname: string): string | undefined {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  // The library takes 50 µs to say no to a name.
  return (/^[\d.]+$/.test(bare) || bare.includes(':')) && ipaddr.isValid(bare) ? bare : undefined
}

const globalUnicast = ipaddr.parseCIDR('2000::/3')

// Azure's host endpoint has a public number but is answered by the machine below.
const publicButLocal = new Set(['168.63.129.16'])
