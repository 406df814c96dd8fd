import { readable } from './readable-domain.ts'

/** A URL for reading: host and path apart, percent-encoding undone where it can be. */
export function readableUrl(url: string): { host: string; path: string } {
  const parsed = parse(url)
  if (!parsed) return { host: '', path: url }
  let path = parsed.pathname + parsed.search + parsed.hash
  try {
    path = decodeURI(path)
  } catch {
    // Percent signs that encode nothing stay as they are.
  }
  return { host: readable(parsed.host), path }
}

/** The URL if it may stand in a link: what a page or a server names could also be a javascript: address. */
export function linkableUrl(url: string): string | undefined {
  const protocol = parse(url)?.protocol
  return protocol === 'https:' || protocol === 'http:' ? url : undefined
}

function parse(url: string): URL | undefined {
  try {
    return new URL(url)
  } catch {
    return undefined
  }
}
