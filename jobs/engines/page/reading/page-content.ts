import { oneLine } from '../spelling/letters.ts'
import { PageText } from './page-text.ts'

/** Something beside the visible text in which an address may hide, and the block of text at which it stands. */
export type Source = { block: number; from: number; to: number } & Hiding

/** Ways to hide; `value` is decoded, as the page's own programs would get it. */
export type Hiding =
  | { way: 'link'; value: string }
  | { way: 'script'; value: string }
  | { way: 'attribute'; name: string; value: string }
  | { way: 'cloudflare'; value: string }
  | { way: 'data'; names: string[]; values: string[] }
  | { way: 'json'; value: string }
  | { way: 'json-ld'; value: string }
  | { way: 'markup'; value: string }
  | { way: 'vcard'; value: string }

export interface RawLink {
  href: string
  rel: string | undefined
  /** Its words: segments `from` up to `to` of the text. */
  from: number
  to: number
}

/** Name of an attribute that is the value of a field which a form does not show. */
export const hiddenField = 'hidden field'

/** What a reader makes of a body: its text, its links, and all places that may hide an address. Nothing is judged or resolved yet. */
export class PageContent {
  readonly source: string
  /** The source has no character references. */
  readonly plain: boolean
  readonly text: PageText
  readonly sources: Source[] = []
  readonly links: RawLink[] = []
  title: string | undefined
  language: string | undefined
  base: string | undefined
  canonical: string | undefined
  /** Contents of the robots metas. */
  readonly robots: string[] = []
  refresh: string | undefined
  /** There is an e-mail property of microdata or RDFa, which only a tree can tell more of. */
  structured = false
  /** A class may be one of a card in hCard or microformats2. */
  cards = false
  /** How many elements were open at once. */
  deepest = 0

  constructor(source: string, plain = false) {
    this.source = source
    this.plain = plain
    this.text = new PageText(source, plain)
  }

  setTitle(title: string): void {
    this.title ??= oneLine(title)
  }

  addSource(hiding: Hiding): Source {
    const segments = this.text.segmentCount
    const source = { ...hiding, block: this.text.blockCount, from: segments, to: segments }
    this.sources.push(source)
    return source
  }

  addLink(href: string, rel?: string): RawLink {
    const segments = this.text.segmentCount
    const link = { href, rel, from: segments, to: segments }
    this.links.push(link)
    return link
  }

  /** A script by its type: code, or data in JSON. Other types are templates and shaders. */
  addScript(type: string, code: string): void {
    const kind = type.split(';', 1)[0]!.trim().toLowerCase()
    if (kind === 'application/ld+json') this.addSource({ way: 'json-ld', value: code })
    else if (kind.endsWith('json')) this.addSource({ way: 'json', value: code })
    else if (kind === '' || kind === 'module' || kind.includes('javascript') || kind.includes('ecmascript')) {
      this.addSource({ way: 'script', value: code })
    }
  }
}
