import { Parser } from 'htmlparser2'

export interface SitemapEntry {
  /** As written, blanks around it and entities undone. */
  url: string
  /** `sitemap`: a file of an index. */
  of: 'page' | 'sitemap'
}

/** Reads a sitemap as it comes, piece by piece; what it holds on to is bounded, whatever comes. */
export interface SitemapReader {
  /** The entries that the piece has completed, in order. Throws `NoSitemap`. */
  write(text: string): SitemapEntry[]
  /** Those that only the end completes. */
  end(): SitemapEntry[]
}

/** What came is none of the forms. */
export class NoSitemap extends Error {
  override name = 'NoSitemap'
}

const longestUrl = 2_048
const deepest = 20
/** Beyond any tag or comment that people write: the parser would hold on to all of it. */
const longestMarkup = 100_000
/** In so much text a list of URLs has shown one. */
const patience = 10_000

/**
 * All forms that sitemaps.org allows: `urlset` and `sitemapindex`, RSS and Atom, and plain text with a URL a line. Which it is, the first character that is no
 * blank tells. Extensions within an entry, such as images and videos with addresses of their own, are passed over.
 */
export function createSitemapReader(): SitemapReader {
  let reader: SitemapReader | undefined
  return {
    write(text) {
      if (!reader) {
        const start = text.replace(/^[\ufeff\s]+/, '')
        if (start === '') return []
        reader = start.startsWith('<') ? createXmlReader() : createLineReader()
        return reader.write(start)
      }
      return reader.write(text)
    },
    end: () => reader?.end() ?? [],
  }
}

const roots = new Set(['urlset', 'sitemapindex', 'rss', 'feed', 'rdf'])

function createXmlReader(): SitemapReader {
  const path: string[] = []
  let entries: SitemapEntry[] = []
  let url: string | undefined
  let silent = 0

  const put = (of: SitemapEntry['of'], text: string) => {
    const trimmed = text.trim()
    if (trimmed !== '' && trimmed.length <= longestUrl) entries.push({ url: trimmed, of })
  }
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        silent = 0
        const tag = localName(name)
        if (path.length === 0 && !roots.has(tag)) throw new NoSitemap(`its first element is <${name.slice(0, 50)}>`)
        if (path.length === deepest) throw new NoSitemap(`it is nested deeper than ${deepest} elements`)
        path.push(tag)
        if (kindOf(path) !== undefined) url = ''
        const { rel, href } = attributes
        if (tag === 'link' && path.at(-2) === 'entry' && href && (rel ?? 'alternate') === 'alternate') put('page', href)
      },
      ontext(text) {
        silent = 0
        if (url !== undefined && url.length <= longestUrl) url += text
      },
      onclosetag(_name, implied) {
        silent = 0
        const of = kindOf(path)
        // Where the text breaks off, what is left is half an address.
        if (of !== undefined && url !== undefined && !implied) put(of, url)
        url = undefined
        path.pop()
      },
      oncomment() {
        silent = 0
      },
    },
    { xmlMode: true },
  )
  const taken = () => {
    const full = entries
    entries = []
    return full
  }
  return {
    write(text) {
      silent += text.length
      parser.write(text)
      if (silent > longestMarkup)
        throw new NoSitemap(`it has a tag or comment of more than ${longestMarkup} characters`)
      return taken()
    },
    end() {
      parser.end()
      return taken()
    },
  }
}

/** `sm:loc` → `loc`. */
function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1).toLowerCase()
}

/** What the text of the element at a path names, if anything. */
function kindOf(path: readonly string[]): SitemapEntry['of'] | undefined {
  const [parent, tag] = path.slice(-2)
  if (tag === 'loc') return parent === 'url' ? 'page' : parent === 'sitemap' ? 'sitemap' : undefined
  return tag === 'link' && parent === 'item' ? 'page' : undefined
}

function createLineReader(): SitemapReader {
  let rest = ''
  let seen = 0
  let found = false
  const read = (lines: string[]): SitemapEntry[] => {
    const urls = lines
      .map((line) => line.trim())
      .filter((line) => /^https?:\/\//i.test(line) && line.length <= longestUrl)
    found ||= urls.length > 0
    return urls.map((url) => ({ url, of: 'page' }))
  }
  return {
    write(text) {
      seen += text.length
      const lines = (rest + text).split(/\r\n|\r|\n/)
      // A line that is too long already stays too long.
      rest = lines.pop()!.slice(0, longestUrl + 1)
      const entries = read(lines)
      if (!found && seen > patience) throw new NoSitemap('it is neither XML nor a list of URLs')
      return entries
    },
    end: () => read([rest]),
  }
}
