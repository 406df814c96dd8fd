import { hash } from 'node:crypto'

/** The first 128 bits of the SHA-256 of a canonical URL, as Postgres writes a uuid. */
export function urlKey(url: string): string {
  const hex = hash('sha256', url, 'hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`
}
