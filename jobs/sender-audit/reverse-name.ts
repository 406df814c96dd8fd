import ipaddr from 'ipaddr.js'

/** The name whose PTR says what an address is called (RFC 1035 §3.5, RFC 3596 §2.5): `1.0.0.127.in-addr.arpa`. */
export function reverseName(address: string): string {
  const parsed = ipaddr.parse(address)
  const bytes = parsed.toByteArray()
  if (parsed.kind() === 'ipv4') return `${bytes.toReversed().join('.')}.in-addr.arpa`
  const digits = bytes.flatMap((byte) => [byte >> 4, byte & 15])
  return `${digits
    .reverse()
    .map((digit) => digit.toString(16))
    .join('.')}.ip6.arpa`
}
