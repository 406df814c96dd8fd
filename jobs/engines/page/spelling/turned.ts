import { isRole } from '../../address/local-part.ts'

/** "moc.emca@ofni": an address written backwards, for a style or a script to turn round. */
export interface Turned {
  local: string
  domain: string
  start: number
  end: number
}

/** Reads backwards around the sign at `at`, in a text where the usual way gave no address. */
export function readTurned(text: string, at: number): Turned | undefined {
  let start = at
  while (start > 0 && at - start < 253 && /[a-z\d.-]/i.test(text[start - 1]!)) start--
  let end = at + 1
  while (end < text.length && end - at <= 64 && /[\w.+-]/.test(text[end]!)) end++
  const domain = turn(text.slice(start, at))
  const local = turn(text.slice(at + 1, end))
  if (local === '' || !/^[a-z\d].*\.[a-z]+$/i.test(domain)) return undefined
  const tld = domain.slice(domain.lastIndexOf('.') + 1).toLowerCase()
  // "ed.smith@localhost" must not become "tsohlacol@htims.de"
  if (!clearTlds.has(tld) && !(isRole(local.toLowerCase()) || /^[a-z]+[._][a-z]+$/i.test(local))) return undefined
  return { local, domain, start, end }
}

export function turn(text: string): string {
  return Array.from(text).reverse().join('')
}

const clearTlds = new Set(['com', 'org', 'net', 'info', 'edu', 'gov', 'uk', 'eu'])
