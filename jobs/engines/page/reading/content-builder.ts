import { isMailto } from '../hiding/mailto.ts'
import { atWords } from '../spelling/at-word-lists.ts'
import { oneLine } from '../spelling/letters.ts'
import { addHidingPlaces, isEmailProperty, mayHideAddress } from './hiding-places.ts'
import { BLOCK, tag, tagFlags } from './html-tags.ts'
import type { Attributes } from './html-tokens.ts'
import { PageContent, type RawLink, type Source } from './page-content.ts'
import {
  effectOfStyle,
  type GeneratedPart,
  HIDES,
  HIDES_PIECE,
  readStyleRules,
  type StyleRules,
  TURNS,
} from './style-rules.ts'
import { HAS_BOTH, marksOf } from './text-marks.ts'

// what `open` returns, and `leave` takes back
const IN_BLOCK = 1
const IN_HIDDEN = 2
const IN_TURNED = 4
const IN_LINK = 8
const IN_GENERATED = 16

/** Fills the content of an HTML page from its elements in order, whichever reader gives them: what is hidden is left out here. */
export class ContentBuilder {
  readonly content: PageContent
  private readonly styleRules: StyleRules = new Map()
  private hidden = 0
  private turned = 0
  private afterTag = false
  private link: RawLink | undefined
  private linkSource: Source | undefined
  /** Texts that style sheets put behind open elements. */
  private readonly generated: string[] = []
  /** Letters that may still come from style sheets: one rule could put pages of text at each of a hundred thousand elements. */
  private generatedRoom = 200_000

  constructor(source: string) {
    this.content = new PageContent(source)
  }

  /** An element begins. The caller gives the result back to `leave` at its end. */
  open(number: number, attributes: Attributes): number {
    let entered = 0
    this.afterTag = true
    if ((tagFlags[number]! & BLOCK) !== 0) {
      this.content.text.endBlock(number)
      // nothing is inside of a break: what follows belongs to it, so that it is known where lines were broken
      if (number !== tag.br) entered = IN_BLOCK
    }
    if (attributes.count === 0) return number === tag.template ? this.enter(entered, HIDES) : entered
    if (attributes.mayBeCard) this.content.cards = true
    const effect = this.effectOf(number, attributes)
    if (effect !== 0) entered = this.enter(entered, effect)
    entered |= this.readElement(number, attributes)
    if (this.hidden === 0) {
      const isSign = addHidingPlaces(number, attributes, this.content)
      const generated = this.styleRules.size > 0 && this.generate(attributes)
      if (generated && generated.after) entered |= IN_GENERATED
      if (isSign && !generated) this.addSign('@')
    }
    return entered
  }

  /** An element ends that `open` was told of. */
  leave(entered: number): void {
    this.afterTag = true
    if (entered === 0) return
    if ((entered & IN_GENERATED) !== 0) this.addSign(this.generated.pop()!)
    if ((entered & IN_BLOCK) !== 0) this.content.text.endBlock(0)
    if ((entered & IN_HIDDEN) !== 0) this.hidden--
    if ((entered & IN_TURNED) !== 0) this.turned--
    if ((entered & IN_LINK) !== 0) this.closeAnchor()
  }

  /** Text between tags, undecoded, at a place in the source. */
  text(start: number, end: number, marks: number): void {
    if (this.hidden > 0) return
    this.content.text.add(start, end, this.afterTag, this.turned > 0, marks)
    this.afterTag = false
  }

  /** Text that is decoded already; always looked at. */
  looseText(text: string, start = 0, end = 0): void {
    if (this.hidden > 0) return
    this.content.text.addLoose(text, start, end, this.afterTag, this.turned > 0, HAS_BOTH)
    this.afterTag = false
  }

  endBlock(): void {
    this.content.text.endBlock(0)
  }

  style(css: string): void {
    readStyleRules(css, this.styleRules)
  }

  script(type: string, code: string): void {
    if (this.hidden === 0) this.content.addScript(type, code)
  }

  private readElement(number: number, attributes: Attributes): number {
    const { content } = this
    switch (number) {
      case tag.a:
      case tag.area: {
        const href = attributes.get('href')
        return href === undefined ? 0 : this.openAnchor(href, attributes.get('rel'))
      }
      case tag.img:
        this.addImage(attributes)
        return 0
      case tag.html:
        content.language ??= attributes.get('lang') ?? attributes.get('xml:lang')
        return 0
      case tag.base:
        content.base ??= attributes.get('href')
        return 0
      case tag.meta:
        this.addMeta(attributes)
        return 0
      case tag.link:
        this.addHeadLink(attributes)
        return 0
      case tag.iframe:
      case tag.frame: {
        const src = attributes.get('src')
        if (src !== undefined) content.addLink(src)
        const inner = attributes.hasAt ? attributes.get('srcdoc') : undefined
        if (inner !== undefined && this.hidden === 0) content.addSource({ way: 'markup', value: inner })
        return 0
      }
      case tag.form: {
        const action = attributes.get('action')
        if (action !== undefined && isMailto(action) && this.hidden === 0)
          content.addSource({ way: 'link', value: action })
        return 0
      }
      default:
        return 0
    }
  }

  private enter(entered: number, effect: number): number {
    let now = entered
    if ((effect & HIDES) !== 0) {
      this.hidden++
      now |= IN_HIDDEN
    }
    if ((effect & TURNS) !== 0) {
      this.turned++
      now |= IN_TURNED
    }
    return now
  }

  private effectOf(number: number, attributes: Attributes): number {
    let effect = number === tag.template || attributes.get('hidden') !== undefined ? HIDES : 0
    const style = attributes.get('style')
    const isBlock = (tagFlags[number]! & BLOCK) !== 0
    if (style !== undefined) effect |= effectOfPiece(effectOfStyle(style), isBlock)
    if (number === tag.bdo && attributes.get('dir')?.toLowerCase() === 'rtl') effect |= TURNS
    if (this.styleRules.size > 0) {
      let byRule = 0
      for (const name of selectorsOf(attributes)) byRule |= this.styleRules.get(name)?.effect ?? 0
      // A block that a style sheet hides is a menu, a tab or a dialog that a click shows; an inline piece stands in the way of robots.
      effect |= isBlock ? byRule & TURNS : effectOfPiece(byRule, false)
    }
    return effect
  }

  /** What rules put before the element is shown now, what they put after it when it ends; undefined where they put nothing. */
  private generate(attributes: Attributes): { after: boolean } | undefined {
    let before = ''
    let after = ''
    for (const name of selectorsOf(attributes)) {
      const rule = this.styleRules.get(name)
      if (rule?.before !== undefined) before += textOf(rule.before, attributes)
      if (rule?.after !== undefined) after += textOf(rule.after, attributes)
    }
    this.generatedRoom -= before.length + after.length
    if (this.generatedRoom < 0) return undefined
    if (before !== '') this.addSign(before)
    if (after !== '') this.generated.push(after)
    return before === '' && after === '' ? undefined : { after: after !== '' }
  }

  private openAnchor(href: string, rel: string | undefined): number {
    this.closeAnchor()
    if (this.hidden === 0 && mayHideAddress(href))
      this.linkSource = this.content.addSource({ way: 'link', value: href })
    this.link = this.content.addLink(href, rel)
    return IN_LINK
  }

  private closeAnchor(): void {
    const to = this.content.text.segmentCount
    if (this.link !== undefined) this.link.to = to
    if (this.linkSource !== undefined) this.linkSource.to = to
    this.link = undefined
    this.linkSource = undefined
  }

  /** The text that stands for an image; a picture of the sign is how some write it. */
  private addImage(attributes: Attributes): void {
    if (this.hidden > 0) return
    const alt = attributes.get('alt')
    if (alt !== undefined && alt.length > longestSignName && marksOf(alt) !== 0) {
      this.content.addSource({ way: 'attribute', name: 'alt', value: alt })
    } else if (alt !== undefined && alt !== '') {
      const marks = atWords.has(alt.trim().toLowerCase()) ? HAS_BOTH : marksOf(alt)
      this.content.text.addLoose(marks === 0 ? ` ${alt} ` : alt, 0, 0, true, this.turned > 0, marks)
    } else if (signPicture.test(attributes.get('src') ?? '')) this.addSign('@')
  }

  private addMeta(attributes: Attributes): void {
    const value = attributes.get('content')
    if (value === undefined) return
    const { content } = this
    const name = attributes.get('name')?.toLowerCase()
    if (name === 'robots' || name === 'mailquarry') content.robots.push(value)
    else if (attributes.get('http-equiv')?.toLowerCase() === 'refresh') content.refresh ??= value
    // an e-mail property is noted among the hiding places, unless it is one of Open Graph
    else if (attributes.hasAt && (!isEmailProperty(attributes) || openGraph.test(attributes.get('property') ?? '')))
      content.addSource({ way: 'attribute', name: 'content', value })
  }

  private addHeadLink(attributes: Attributes): void {
    const href = attributes.get('href')
    if (href === undefined) return
    const rel = attributes.get('rel')?.toLowerCase().split(/\s+/) ?? []
    if (rel.includes('canonical')) this.content.canonical ??= href
    else if (rel.includes('next') || rel.includes('prev')) this.content.addLink(href)
    if (isMailto(href)) this.content.addSource({ way: 'link', value: href })
  }

  private addSign(text: string): void {
    this.content.text.addLoose(text, 0, 0, true, this.turned > 0, HAS_BOTH)
  }
}

const openGraph = /^(?:og|business|place|profile|article):/i

function effectOfPiece(effect: number, isBlock: boolean): number {
  return (effect & HIDES_PIECE) !== 0 && !isBlock ? effect | HIDES : effect
}

/** " (at) ": a longer text that stands for an image is more than the sign. */
const longestSignName = 12
const signPicture =
  /(?:^|\/)(?:at|at[-_]?sign|arroba|arobase|klammeraffe|chiocciola|snabel-?a)\.(?:gif|png|jpe?g|svg|webp)$/i

function selectorsOf(attributes: Attributes): string[] {
  const id = attributes.get('id')
  const classes = attributes.get('class')
  const selectors =
    classes === undefined
      ? []
      : oneLine(classes)
          .split(' ')
          .map((name) => `.${name}`)
  if (id !== undefined) selectors.push(`#${id}`)
  return selectors
}

function textOf(parts: GeneratedPart[], attributes: Attributes): string {
  return parts.map((part) => ('text' in part ? part.text : (attributes.get(part.attribute) ?? ''))).join('')
}
