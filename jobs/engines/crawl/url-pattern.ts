export interface UrlPatterns {
  include: readonly string[]
  exclude: readonly string[]
}

/**
 * Whether links to a URL are followed: it fits a pattern of `include`, or there is none, and no pattern of `exclude`. `*` stands for any run of characters,
 * every other character for itself. A pattern that begins with `/` is held against path and query, one with `://` against the whole URL, both from end to end;
 * any other fits wherever it occurs in the URL.
 */
export function urlFilter({ include, exclude }: UrlPatterns): (url: string) => boolean {
  const included = include.map(compile)
  const excluded = exclude.map(compile)
  return (url) => (included.length === 0 || included.some((fits) => fits(url))) && !excluded.some((fits) => fits(url))
}

function compile(pattern: string): (url: string) => boolean {
  const pathOnly = pattern.startsWith('/')
  const anchored = pathOnly || pattern.includes('://')
  const pieces = (anchored ? pattern : `*${pattern}*`).split(/\*+/)
  return (url) => fits(pieces, pathOnly ? url.slice(url.indexOf('/', url.indexOf('//') + 2)) : url)
}

/** From left to right, each piece at its first place behind the one before: as good as trying all places, and linear. */
function fits(pieces: string[], text: string): boolean {
  const first = pieces[0]!
  const last = pieces.at(-1)!
  if (pieces.length === 1) return text === first
  if (!text.startsWith(first)) return false
  let at = first.length
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, at)
    if (found < 0) return false
    at = found + piece.length
  }
  return text.length - last.length >= at && text.endsWith(last)
}
