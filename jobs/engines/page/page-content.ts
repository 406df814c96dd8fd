import { BLOCK, tag, tagFlags } from './html-tags.ts'
import type { Attributes } from './html-tokens.ts'
import { decodeText } from './html-tokens.ts'
import { readable, TURN, TURN_END } from './disguised-letters.ts'
import { oneLine, SEAM } from './letters.ts'
import { isMailto } from './mailto.ts'
import { effectOfStyle, HIDES, readStyleRules, REVERSES } from './style-rules.ts'
import { hasSuspect } from './text-marks.ts'

/** Something beside the visible text in which an address may hide, and the block of text at which it stands. */
export type Source = { block: number; from: number; to: number } & (
  | { way: 'link'; value: string }
  | { way: 'script'; value: string }
  | { way: 'attribute'; name: string; value: string }
  | { way: 'cloudflare'; value: string }
  | { way: 'data'; names: string[]; values: string[] }
  | { way: 'json-ld'; value: string }
  | { way: 'json'; value: string }
  | { way: 'markup'; value: string }
  | { way: 'vcard'; value: string }
)

export interface RawLink {
  href: string
  rel: string | undefined
  /** Its text: segments `from` up to `to`. */
  from: number
  to: number
}

/** What `open` returns and `leave` takes back. */
const IN_BLOCK = 1
const IN_HIDDEN = 2
const IN_REVERSED = 4
const IN_LINK = 8

/** How a segment joins the one before. */
const AFTER_TAG = 1
const REVERSED = 2

/**
 * The content of a page as its readers fill it, element by element in order: blocks of visible text, as places in the source that are
 * rendered only when asked for; links; and all other places that may hide an address.
 */
export class PageContent {
  readonly source: string
  readonly sources: Source[] = []
  readonly links: RawLink[] = []
  title: string | undefined
  language: string | undefined
  base: string | undefined
  canonical: string | undefined
  /** Contents of the robots metas. */
  readonly robots: string[] = []
  refresh: string | undefined
  /** Addresses stand in attributes of structured data, which only a tree can tell. */
  structured = false
  /** How many elements were open at once. */
  deepest = 0
  /** Text stands in the source as it is read: no character references. */
  readonly plain: boolean

  private readonly styleRules = new Map<string, number>()
  private hidden = 0
  private reversed = 0
  private afterTag = false
  private openLink: RawLink | undefined
  private openLinkSource: Source | undefined

  // a segment is a piece of text without a tag in it
  private readonly segmentStart: number[] = []
  private readonly segmentEnd: number[] = []
  private readonly segmentJoin: number[] = []
  /** Texts of segments that are not places in the source. */
  private readonly segmentText: (string | undefined)[] = []

  // a block is a run of segments
  private readonly blockEnd: number[] = []
  private readonly blockTag: number[] = []
  private readonly blockMarked: boolean[] = []
  private marked = false
  private tagOfBlock = 0

  constructor(source: string, plain = false) {
    this.source = source
    this.plain = plain
  }

  /** An element begins. The caller gives the result back to `leave` at its end. */
  open(number: number, attributes: Attributes): number {
    let entered = 0
    this.afterTag = true
    if ((tagFlags[number]! & BLOCK) !== 0) {
      this.endBlock(number)
      entered = IN_BLOCK
    }
    if (attributes.count === 0) return number === tag.template ? this.enter(entered, HIDES) : entered
    const effect = this.effectOf(number, attributes)
    if (effect !== 0) entered = this.enter(entered, effect)
    switch (number) {
      case tag.a:
      case tag.area: {
        const href = attributes.get('href')
        if (href !== undefined) entered |= this.openAnchor(href, attributes.get('rel'))
        break
      }
      case tag.img:
        this.addImage(attributes)
        break
      case tag.html:
        this.language ??= attributes.get('lang') ?? attributes.get('xml:lang')
        break
      case tag.base:
        this.base ??= attributes.get('href')
        break
      case tag.meta:
        this.addMeta(attributes)
        break
      case tag.link:
        this.addHeadLink(attributes)
        break
      case tag.iframe:
      case tag.frame: {
        const src = attributes.get('src')
        if (src !== undefined) this.addLink(src, undefined)
        break
      }
      case tag.form: {
        const action = attributes.get('action')
        if (action !== undefined && isMailto(action)) this.addSource({ way: 'link', value: action })
        break
      }
      default:
    }
    if (this.hidden === 0) this.addAttributes(number, attributes)
    return entered
  }

  /** An element ends that `open` was told of. */
  leave(entered: number): void {
    this.afterTag = true
    if ((entered & IN_BLOCK) !== 0) this.endBlock(0)
    if ((entered & IN_HIDDEN) !== 0) this.hidden--
    if ((entered & IN_REVERSED) !== 0) this.reversed--
    if ((entered & IN_LINK) !== 0) this.closeAnchor()
  }

  /** Text between tags, undecoded, at a place in the source. */
  text(start: number, end: number, marked: boolean): void {
    if (this.hidden > 0) return
    if (isBlank(this.source, start, end) && this.isBlockEmpty()) return
    this.addSegment(start, end, undefined)
    if (marked) this.marked = true
  }

  /** Text that is decoded already, and where it stands in the source if that is known; always looked at. */
  looseText(text: string, start = 0, end = 0): void {
    if (this.hidden > 0) return
    if (isBlank(text, 0, text.length) && this.isBlockEmpty()) return
    this.addSegment(start, end, text)
    this.marked = true
  }

  /** A boundary of blocks without an element, such as the end of a line of plain text. */
  endBlock(nextTag: number): void {
    if (!this.isBlockEmpty()) {
      this.blockEnd.push(this.segmentStart.length)
      this.blockTag.push(this.tagOfBlock)
      this.blockMarked.push(this.marked)
      this.marked = false
    }
    this.tagOfBlock = nextTag
  }

  setTitle(title: string): void {
    this.title ??= oneLine(title)
  }

  /** Markup that stands in the page as text, as feeds have it. */
  addMarkup(markup: string): void {
    this.addSource({ way: 'markup', value: markup })
  }

  addVcards(text: string): void {
    this.addSource({ way: 'vcard', value: text })
  }

  /** An attribute of an element of which we know nothing. */
  addAttribute(name: string, value: string): void {
    this.addSource({ way: 'attribute', name, value })
  }

  addStyle(css: string): void {
    readStyleRules(css, this.styleRules)
  }

  addScript(type: string, code: string): void {
    if (this.hidden > 0) return
    const kind = type.split(';', 1)[0]!.trim().toLowerCase()
    if (kind === 'application/ld+json') this.addSource({ way: 'json-ld', value: code })
    else if (kind.endsWith('json')) this.addSource({ way: 'json', value: code })
    else if (kind === '' || kind === 'module' || kind.includes('javascript') || kind.includes('ecmascript')) {
      this.addSource({ way: 'script', value: code })
    }
  }

  get blockCount(): number {
    return this.blockEnd.length
  }

  /** Whether something in the block is worth a look for addresses. */
  isMarked(block: number): boolean {
    return this.blockMarked[block]!
  }

  tagOf(block: number): number {
    return this.blockTag[block]!
  }

  /**
   * Visible text of a block on one line, with what a search must know: SEAM where a tag stood between two letters, and the control characters of
   * Unicode around what a style turns round.
   */
  renderBlock(block: number): string {
    return this.render(this.segmentsBefore(block), this.blockEnd[block]!)
  }

  /** The same as people read it. */
  readBlock(block: number): string {
    return readable(this.renderBlock(block))
  }

  /** The same as it stands in the source. */
  rawBlock(block: number): string {
    let raw = ''
    for (let i = this.segmentsBefore(block); i < this.blockEnd[block]!; i++) {
      raw += this.source.slice(this.segmentStart[i]!, this.segmentEnd[i]!)
    }
    return raw
  }

  /** Visible text of some segments on one line. */
  renderSegments(from: number, to: number): string {
    return readable(this.render(from, to))
  }

  private render(from: number, to: number): string {
    let text = ''
    for (let i = from; i < to; i++) {
      let piece = this.textOf(i)
      const join = this.segmentJoin[i]!
      if ((join & REVERSED) !== 0) {
        // what one element turns round is turned round as a whole
        while (i + 1 < to && (this.segmentJoin[i + 1]! & REVERSED) !== 0) piece += this.textOf(++i)
        piece = TURN + piece + TURN_END
      }
      text += (join & AFTER_TAG) !== 0 && text !== '' ? SEAM + piece : piece
    }
    return oneLine(text).replace(/ ?\ue000 |\ue000+$|^\ue000+| \ue000/g, (seam) => (seam.includes(' ') ? ' ' : ''))
  }

  private textOf(segment: number): string {
    const loose = this.segmentText[segment]
    if (loose !== undefined) return loose
    return decodeText(this.source.slice(this.segmentStart[segment]!, this.segmentEnd[segment]!), this.plain)
  }

  private segmentsBefore(block: number): number {
    return block === 0 ? 0 : this.blockEnd[block - 1]!
  }

  private isBlockEmpty(): boolean {
    const count = this.blockEnd.length
    return this.segmentStart.length === (count === 0 ? 0 : this.blockEnd[count - 1]!)
  }

  private addSegment(start: number, end: number, loose: string | undefined): void {
    this.segmentStart.push(start)
    this.segmentEnd.push(end)
    this.segmentJoin.push((this.afterTag ? AFTER_TAG : 0) | (this.reversed > 0 ? REVERSED : 0))
    this.segmentText.push(loose)
    this.afterTag = false
  }

  private enter(entered: number, effect: number): number {
    let now = entered
    if ((effect & HIDES) !== 0) {
      this.hidden++
      now |= IN_HIDDEN
    }
    if ((effect & REVERSES) !== 0) {
      this.reversed++
      now |= IN_REVERSED
    }
    return now
  }

  private effectOf(number: number, attributes: Attributes): number {
    let effect = number === tag.template || attributes.get('hidden') !== undefined ? HIDES : 0
    const style = attributes.get('style')
    if (style !== undefined) effect |= effectOfStyle(style)
    if (number === tag.bdo && attributes.get('dir')?.toLowerCase() === 'rtl') effect |= REVERSES
    if (this.styleRules.size > 0) {
      let byRule = this.styleRules.get(`#${attributes.get('id')}`) ?? 0
      for (const name of attributes.get('class')?.split(/\s+/) ?? []) byRule |= this.styleRules.get(`.${name}`) ?? 0
      // A block that a style sheet hides is a menu, a tab or a dialog that a click shows; an inline piece stands in the way of robots.
      effect |= (tagFlags[number]! & BLOCK) === 0 ? byRule : byRule & ~HIDES
    }
    return effect
  }

  private addSource(source: DistributiveOmit<Source, 'block' | 'from' | 'to'>): Source {
    const segments = this.segmentStart.length
    const placed = { ...source, block: this.blockEnd.length, from: segments, to: segments }
    this.sources.push(placed)
    return placed
  }

  addLink(href: string, rel: string | undefined): RawLink {
    const link = { href, rel, from: this.segmentStart.length, to: this.segmentStart.length }
    this.links.push(link)
    return link
  }

  private openAnchor(href: string, rel: string | undefined): number {
    this.closeAnchor()
    if (mayHideAddress(href)) {
      if (this.hidden === 0) this.openLinkSource = this.addSource({ way: 'link', value: href })
    }
    this.openLink = this.addLink(href, rel)
    return IN_LINK
  }

  private closeAnchor(): void {
    const to = this.segmentStart.length
    if (this.openLink !== undefined) this.openLink.to = to
    if (this.openLinkSource !== undefined) this.openLinkSource.to = to
    this.openLink = undefined
    this.openLinkSource = undefined
  }

  /** The text that stands for an image; a picture of the sign is how some write it. */
  private addImage(attributes: Attributes): void {
    if (this.hidden > 0) return
    const alt = attributes.get('alt')
    if (alt !== undefined && alt.length > longestSignName && hasSuspect(alt)) this.addSource({ way: 'attribute', name: 'alt', value: alt })
    else if (alt !== undefined && alt !== '') {
      const marked = hasSuspect(alt)
      this.addSegment(0, 0, alt.length > 5 && !marked ? ` ${alt} ` : alt)
      if (marked || alt.length < 3) this.marked = true
    } else if (
      /(?:^|\/)(?:at|at[-_]?sign|arroba|arobase|klammeraffe|chiocciola|snabel-?a)\.(?:gif|png|jpe?g|svg|webp)$/i.test(
        attributes.get('src') ?? '',
      )
    ) {
      this.addSegment(0, 0, '@')
      this.marked = true
    }
  }

  private addMeta(attributes: Attributes): void {
    const content = attributes.get('content')
    if (content === undefined) return
    const name = attributes.get('name')?.toLowerCase()
    if (name === 'robots' || name === 'mailquarry') this.robots.push(content)
    else if (attributes.get('http-equiv')?.toLowerCase() === 'refresh') this.refresh ??= content
    else if (attributes.get('itemprop') !== undefined || attributes.get('property') !== undefined) this.structured ||= attributes.hasAt
    else if (attributes.hasAt) this.addSource({ way: 'attribute', name: 'content', value: content })
  }

  private addHeadLink(attributes: Attributes): void {
    const href = attributes.get('href')
    if (href === undefined) return
    const rel = attributes.get('rel')?.toLowerCase().split(/\s+/) ?? []
    if (rel.includes('canonical')) this.canonical ??= href
    else if (rel.includes('next') || rel.includes('prev')) this.addLink(href, undefined)
    if (isMailto(href)) this.addSource({ way: 'link', value: href })
  }

  private addAttributes(number: number, attributes: Attributes): void {
    const { firstLetters } = attributes
    if ((firstLetters & lettersDataOn) === 0 && !attributes.hasAt && number !== tag['joomla-hidden-mail']) {
      if ((firstLetters & letterClass) !== 0) this.addIcon(number, attributes)
      return
    }
    const names: string[] = []
    const values: string[] = []
    for (let i = 0; i < attributes.count; i++) {
      const name = attributes.nameAt(i)
      if (name === 'data-cfemail') this.addSource({ way: 'cloudflare', value: attributes.valueAt(i) })
      else if (name.startsWith('data-')) {
        names.push(name.slice(5))
        values.push(attributes.valueAt(i))
      } else if (name.startsWith('on')) this.addSource({ way: 'script', value: attributes.valueAt(i) })
      else if (attributes.hasAt && shownAttributes.has(name)) {
        // what a form proposes to type in is no address of anybody
        const hidden = number === tag.input && attributes.get('type')?.toLowerCase() === 'hidden'
        if (number === tag.img && name === 'alt') continue
        if (hidden && !namesRecipient(attributes)) continue
        this.addSource({ way: 'attribute', name: hidden ? hiddenField : name, value: attributes.valueAt(i) })
      } else if (number === tag['joomla-hidden-mail'] && (name === 'first' || name === 'last' || name === 'text')) {
        names.push(name)
        values.push(attributes.valueAt(i))
      }
    }
    if (names.length > 0) this.addSource({ way: 'data', names, values })
    this.addIcon(number, attributes)
  }

  /** `<i class="fa fa-at">`: the sign as a picture of an icon font. */
  private addIcon(number: number, attributes: Attributes): void {
    if (number !== tag.i && number !== tag.span) return
    const classes = attributes.get('class')
    if (classes === undefined || !/(?:^|[\s-])(?:at|at-sign|at-symbol)(?:$|\s)/.test(classes)) return
    this.addSegment(0, 0, '@')
    this.marked = true
  }
}

/** Name of an attribute source: the value of a field that the form does not show. */
export const hiddenField = 'hidden field'

/** " (at) ": a longer text that stands for an image is more than the sign. */
const longestSignName = 12

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

function mayHideAddress(href: string): boolean {
  const code = href.charCodeAt(0) | 0x20
  // mailto:, javascript:, data:, znvygb: (the first of these in ROT13)
  if (code === 0x6d || code === 0x6a || code === 0x64 || code === 0x7a || code === 0x20) return href.includes(':')
  return href.includes('@') || href.includes('%40') || href.includes('/email-protection#') || href.charCodeAt(0) <= 0x20
}

const shownAttributes = new Set(['alt', 'title', 'aria-label', 'value', 'content', 'label', 'summary'])

/** Forms that mail their content tell their script whom to. */
function namesRecipient(attributes: Attributes): boolean {
  return /recipient|mail_?to|send_?to|^to$|empfaenger|destinatario|destinataire/i.test(attributes.get('name') ?? '')
}

function isBlank(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i)
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09 && code !== 0x0c) return false
  }
  return true
}

// bits of `Attributes.firstLetters`
const lettersDataOn = (1 << (0x64 & 31)) | (1 << (0x6f & 31))
const letterClass = 1 << (0x63 & 31)
