import { literalAddress } from './address-range.ts'

/** Hosts that the operator listed, each with one port or with all. */
export interface HostList {
  /** `hostname` as `URL` gives it. */
  has(hostname: string, port: number): boolean
}

/** Takes `host` (any port), `host:port`, `[::1]:port`. Exact hosts, no patterns; what is none is left out. */
export function hostList(entries: readonly string[]): HostList {
  const known = new Set<string>()
  for (const entry of entries) {
    const text = literalAddress(entry)?.includes(':') ? `[${entry}]` : entry
    // `URL` alone would not tell `host:80` from `host`.
    const port = /:(\d+)$/.exec(text)?.[1]
    const url = URL.parse(`http://${text}`)
    if (url) known.add(port === undefined ? url.hostname : `${url.hostname}:${Number(port)}`)
  }
  return { has: (hostname, port) => known.has(hostname) || known.has(`${hostname}:${port}`) }
}

export function portOf({ protocol, port }: { protocol: string; port: string }): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
}
