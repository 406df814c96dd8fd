export interface PageRobots {
  noindex: boolean
  nofollow: boolean
  noarchive: boolean
  nosnippet: boolean
}

/** What the contents of robots metas, or of `X-Robots-Tag`, ask for. Words that we do not know are passed over. */
export function readRobots(contents: readonly string[]): PageRobots {
  const words = new Set(contents.flatMap((content) => content.toLowerCase().split(/[\s,]+/)))
  return {
    noindex: words.has('noindex') || words.has('none'),
    nofollow: words.has('nofollow') || words.has('none'),
    noarchive: words.has('noarchive'),
    nosnippet: words.has('nosnippet'),
  }
}

/** `5; url=/next`: where to, as written, and after how many seconds; undefined where it only loads the page anew. HTML §4.2.5.3 */
export function readRefresh(content: string): { href: string; delaySeconds: number } | undefined {
  const match = /^\s*(\d{1,6})(?:\.\d*)?\s*[;,\s]\s*(?:url\s*=\s*)?["']?([^"']+)/i.exec(content.slice(0, 4000))
  const href = match?.[2]!.trim()
  return href ? { href, delaySeconds: Number(match![1]) } : undefined
}
