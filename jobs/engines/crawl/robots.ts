/** What a robots.txt says to one crawler. */
export interface RobotsRules {
  /** Whether an absolute URL may be fetched, and the line that says so; no line where nothing matched. Only its path and query count. */
  decide(url: string): RobotsDecision
  /** Not in RFC 9309, but widely used; the longest where the group names several. Never negative. */
  crawlDelaySeconds: number | undefined
  /** As written, in order, once each. They belong to no group. */
  sitemaps: string[]
}

export interface RobotsDecision {
  allowed: boolean
  /** Such as `Disallow: /private`. */
  rule?: string
}

/** RFC 9309 §2.5: at least 500 KiB must be read; what is behind is left alone. */
export const robotsMaxBytes = 500 * 1024

/**
 * Reads a robots.txt for the crawler with that product token, by RFC 9309. It works on octets: whatever the encoding of the file is, what is outside ASCII is
 * compared percent-encoded. Never throws, and a decision is linear in the lengths of the URL and the file.
 */
export function parseRobots(body: Uint8Array, productToken: string): RobotsRules {
  const records = readRecords(body)
  const own = productToken.toLowerCase()
  const groups = readGroups(records)
  const named = groups.filter((group) => group.agents.has(own))
  // §2.2.1: groups for the same token are one; without a group of its own a crawler obeys those for `*`.
  const ours = named.length > 0 ? named : groups.filter((group) => group.agents.has('*'))
  const token = named.length > 0 ? own : '*'
  const delays = ours
    .flatMap((group) => group.delays.filter(({ agents }) => agents.has(token)))
    .map(({ seconds }) => seconds)
  return {
    decide: deciderOf(ours.flatMap((group) => group.rules)),
    crawlDelaySeconds: delays.length > 0 ? Math.max(...delays) : undefined,
    sitemaps: [
      ...new Set(records.filter(({ key, value }) => key === 'sitemap' && value !== '').map(({ value }) => value)),
    ],
  }
}

/** Where robots.txt is missing (4xx). */
export const allAllowed: RobotsRules = { decide: () => ({ allowed: true }), crawlDelaySeconds: undefined, sitemaps: [] }

interface TextRecord {
  /** Lower case. */
  key: string
  /** One character an octet. */
  value: string
}

function readRecords(body: Uint8Array): TextRecord[] {
  const start = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0
  const cut = body.length > robotsMaxBytes
  const text = Buffer.from(body.buffer, body.byteOffset, Math.min(body.length, robotsMaxBytes)).toString(
    'latin1',
    start,
  )
  const lines = text.split(/\r\n|\r|\n/)
  // Half a path would forbid, or allow, more than the whole.
  if (cut) lines.pop()
  const records: TextRecord[] = []
  for (const line of lines) {
    const hash = line.indexOf('#')
    const bare = hash < 0 ? line : line.slice(0, hash)
    const colon = bare.indexOf(':')
    if (colon > 0)
      records.push({ key: trimmed(bare.slice(0, colon)).toLowerCase(), value: trimmed(bare.slice(colon + 1)) })
  }
  return records
}

/** `trim()` would take the octet A0, which is half of a character in UTF-8. */
function trimmed(text: string): string {
  let from = 0
  let to = text.length
  while (from < to && isBlank(text.charCodeAt(from))) from++
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--
  return text.slice(from, to)
}

function isBlank(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d) || code === 0
}

interface Group {
  agents: Set<string>
  rules: Rule[]
  delays: { agents: Set<string>; seconds: number }[]
}

function readGroups(records: TextRecord[]): Group[] {
  const groups: Group[] = []
  let group: Group | undefined
  // Only Allow and Disallow end the list of user agents: §2.2.4, other records must not interfere.
  let open = false
  // Those who write Crawl-delay think that it ends the list too, so it is meant for the agents right above it.
  let above = new Set<string>()
  let key: string | undefined
  for (const record of records) {
    const { value } = record
    const before = key
    key = record.key
    if (key === 'user-agent') {
      if (!group || !open) groups.push((group = { agents: new Set(), rules: [], delays: [] }))
      if (!open || before === 'crawl-delay') above = new Set()
      open = true
      group.agents.add(agentOf(value))
      above.add(agentOf(value))
    } else if (key === 'allow' || key === 'disallow') {
      open = false
      // An empty path says nothing.
      if (group && value !== '') group.rules.push(compile(key === 'allow', value))
    } else if (key === 'crawl-delay' && group) {
      const seconds = /^\d{1,9}(?:\.\d{1,9})?$/.test(value) ? Number(value) : undefined
      if (seconds !== undefined) group.delays.push({ agents: above, seconds })
    }
  }
  return groups
}

/** The product token of a user-agent line: what stands before a version or a comment. Empty where it is neither a token nor `*`. */
function agentOf(value: string): string {
  return /^\*(?=\s|$)/.test(value) ? '*' : /^[a-z_-]*/i.exec(value)![0].toLowerCase()
}

interface Rule {
  allow: boolean
  pattern: Pattern
  /** The same with `:` and `/` of the query encoded, where that makes a difference. */
  encoded: Pattern | undefined
  line: string
  octets: number
}

interface Pattern {
  /** What stands between the stars. */
  pieces: string[]
  toTheEnd: boolean
}

function compile(allow: boolean, value: string): Rule {
  const normal = normalOctets(value)
  const encoded = encodeQuery(normal)
  const line = `${allow ? 'Allow' : 'Disallow'}: ${value.slice(0, 200)}`
  return {
    allow,
    pattern: patternOf(normal),
    encoded: encoded === normal ? undefined : patternOf(encoded),
    line,
    octets: normal.length,
  }
}

function patternOf(text: string): Pattern {
  const toTheEnd = text.endsWith('$')
  const body = toTheEnd ? text.slice(0, -1) : text
  // §2.2.3: `$` is special at the end alone; paths come here with theirs encoded.
  return { pieces: body.replaceAll('$', '%24').split(/\*+/), toTheEnd }
}

function deciderOf(rules: Rule[]): (url: string) => RobotsDecision {
  // §2.2.2: the longest match wins; on a tie, allow. So the first match in this order decides.
  const ordered = rules.toSorted((a, b) => b.octets - a.octets || Number(b.allow) - Number(a.allow))
  return (url) => {
    const path = pathOf(url)
    if (path === '/robots.txt') return { allowed: true }
    const plain = normalOctets(path).replaceAll('*', '%2A').replaceAll('$', '%24')
    const encoded = encodeQuery(plain)
    const rule = ordered.find(
      ({ pattern, encoded: alternative }) =>
        matches(pattern, plain) || ((alternative || encoded !== plain) && matches(alternative ?? pattern, encoded)),
    )
    return rule ? { allowed: rule.allow, rule: rule.line } : { allowed: true }
  }
}

/** Each piece is looked for behind the one before and never again: linear, whatever the number of stars. */
function matches({ pieces, toTheEnd }: Pattern, path: string): boolean {
  const [first] = pieces
  const last = pieces.length - 1
  if (!path.startsWith(first!)) return false
  if (last === 0) return !toTheEnd || path.length === first!.length
  let at = first!.length
  for (let i = 1; i <= last; i++) {
    const piece = pieces[i]!
    if (i === last && toTheEnd) return path.length - piece.length >= at && path.endsWith(piece)
    const found = path.indexOf(piece, at)
    if (found < 0) return false
    at = found + piece.length
  }
  return true
}

/** Not by `URL`, which would drop an empty query. */
function pathOf(url: string): string {
  const slash = url.indexOf('/', url.indexOf('//') + 2)
  const path = slash < 0 ? '/' : url.slice(slash).replace(/#.*$/s, '')
  return Buffer.from(path).toString('latin1')
}

const needsWork = /[^\x21-\x24\x26-\x7e]/
const octet = /%([0-9a-f]{2})|[^\x21-\x7e]/gi

/** §2.2.2: outside ASCII percent-encoded, unreserved ASCII not, hex digits in capitals. Takes one character an octet. */
function normalOctets(text: string): string {
  if (!needsWork.test(text)) return text
  return text.replace(octet, (found, hex: string | undefined) => {
    const code = hex === undefined ? found.charCodeAt(0) : Number.parseInt(hex, 16)
    const char = String.fromCharCode(code)
    return /[A-Za-z0-9._~-]/.test(char) ? char : `%${code.toString(16).toUpperCase().padStart(2, '0')}`
  })
}

/** The table in §2.2.2 compares `?baz=http://foo.bar` as `?baz=http%3A%2F%2Ffoo.bar`. */
function encodeQuery(text: string): string {
  const at = text.indexOf('?')
  if (at < 0) return text
  const query = text.slice(at).replaceAll(':', '%3A').replaceAll('/', '%2F')
  return text.slice(0, at) + query
}
