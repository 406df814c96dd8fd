import { ContentBuilder } from './content-builder.ts'
import { BLOCK, ENDS_P, HEADING, RCDATA, SCOPE, tag, tagFlags, VOID } from './html-tags.ts'
import { CLOSE, END, HtmlTokens, OPEN } from './html-tokens.ts'
import type { PageContent } from './page-content.ts'

/**
 * Reads HTML without building a tree: tokens and a stack of open elements, with those rules of tree construction (HTML §13.2.6) that change
 * what text is seen, which link it belongs to, and where a block ends. Linear: no look into the stack goes deeper than `deepestLook`.
 */
export function readHtml(body: string): PageContent {
  const builder = new ContentBuilder(body)
  const tokens = new HtmlTokens(body)
  const open = new OpenElements(builder)
  let rawTag = 0
  let rawType = ''
  for (;;) {
    const kind = tokens.next()
    if (kind === END) break
    const number = tokens.tag
    if (kind === OPEN) {
      open.start(number, tokens)
      if (number === tag.script) rawType = tokens.get('type') ?? ''
      rawTag = number
    } else if (kind === CLOSE) {
      open.end(number, tokens)
      rawTag = 0
    } else if (tokens.raw) {
      const text = body.slice(tokens.start, tokens.end)
      if (rawTag === tag.script) builder.script(rawType, text)
      else if (rawTag === tag.style) builder.style(text)
      else if (rawTag === tag.xmp || rawTag === tag.plaintext) builder.looseText(text)
    } else {
      if (rawTag === tag.title && (tagFlags[rawTag]! & RCDATA) !== 0) builder.content.setTitle(tokens.text())
      builder.text(tokens.start, tokens.end, tokens.marks)
    }
  }
  builder.content.deepest = open.deepest
  open.endAll()
  return builder.content
}

/** Beyond this many open elements an end tag is taken to close nothing: no honest page nests so deep. */
const deepestLook = 256

class OpenElements {
  deepest = 0
  private readonly builder: ContentBuilder
  private readonly tags: number[] = []
  /** What `builder.open` said of each. */
  private readonly entered: number[] = []
  /** How many of each element are open: most looks end here. */
  private readonly counts = new Int32Array(256)

  constructor(builder: ContentBuilder) {
    this.builder = builder
  }

  start(number: number, tokens: HtmlTokens): void {
    const flags = tagFlags[number]!
    if ((flags & ENDS_P) !== 0) {
      if (this.counts[tag.p]! > 0) this.closeWithin(tag.p)
      if ((flags & HEADING) !== 0) this.closeHeadingOnTop()
    }
    this.closeImplied(number)
    const entered = this.builder.open(number, tokens)
    if ((flags & VOID) !== 0 || (tokens.selfClosing && (number === 0 || this.counts[tag.svg]! > 0))) {
      this.builder.leave(entered)
      return
    }
    this.tags.push(number)
    this.entered.push(entered)
    this.counts[number]!++
    if (this.tags.length > this.deepest) this.deepest = this.tags.length
  }

  end(number: number, tokens: HtmlTokens): void {
    // what follows the end of the body is put into the body
    if (number === tag.body || number === tag.html || number === tag.head) return
    if (number === tag.br) {
      this.builder.leave(this.builder.open(tag.br, tokens))
      return
    }
    if (this.counts[number] === 0) {
      if (number === tag.p) this.builder.endBlock()
      return
    }
    this.closeWithin(number)
  }

  endAll(): void {
    while (this.tags.length > 0) this.pop()
    this.builder.endBlock()
  }

  /** Closes the innermost element of this kind, unless a table or the like stands between. */
  private closeWithin(number: number): void {
    const { tags, entered } = this
    const isBlock = (tagFlags[number]! & BLOCK) !== 0
    const lowest = Math.max(0, tags.length - deepestLook)
    let blockBetween = false
    for (let i = tags.length - 1; i >= lowest; i--) {
      const other = tags[i]!
      if (other === number) {
        if (!blockBetween || isBlock) while (tags.length > i) this.pop()
        else if (formatting.has(number)) {
          // HTML's "adoption agency": it ends, and the blocks inside it stay open
          this.builder.leave(entered[i]!)
          entered[i] = 0
          tags[i] = 0
          this.counts[number]!--
          this.counts[0]!++
        }
        return
      }
      const flags = tagFlags[other]!
      if ((flags & SCOPE) !== 0 && number !== tag.table && !tableParts.has(number)) return
      if ((flags & BLOCK) !== 0) blockBetween = true
    }
  }

  private closeImplied(number: number): void {
    switch (number) {
      case tag.li:
        this.closeItem(tag.li, tag.li)
        break
      case tag.dd:
      case tag.dt:
        this.closeItem(tag.dd, tag.dt)
        break
      case tag.option:
      case tag.optgroup:
        while (this.tags.at(-1) === tag.option) this.pop()
        break
      case tag.td:
      case tag.th:
        this.closeUpTo(isCell, isTable)
        break
      case tag.tr:
        this.closeUpTo(isRow, isTable)
        break
      case tag.tbody:
      case tag.thead:
      case tag.tfoot:
        this.closeUpTo(isSection, isTable)
        break
      case tag.a:
        if (this.counts[tag.a]! > 0) this.closeWithin(tag.a)
        break
      default:
    }
  }

  private closeItem(one: number, other: number): void {
    if (this.counts[one] === 0 && this.counts[other] === 0) return
    const lowest = Math.max(0, this.tags.length - deepestLook)
    for (let i = this.tags.length - 1; i >= lowest; i--) {
      const open = this.tags[i]!
      if (open === one || open === other) {
        while (this.tags.length > i) this.pop()
        return
      }
      const flags = tagFlags[open]!
      if ((flags & BLOCK) !== 0 && open !== tag.div && open !== tag.p && open !== tag.address) return
    }
  }

  /** Closes down to the outermost element that `ends` names, above the nearest that `stops` names. */
  private closeUpTo(ends: (number: number) => boolean, stops: (number: number) => boolean): void {
    const lowest = Math.max(0, this.tags.length - deepestLook)
    let cut = -1
    for (let i = this.tags.length - 1; i >= lowest; i--) {
      if (stops(this.tags[i]!)) break
      if (ends(this.tags[i]!)) cut = i
    }
    if (cut >= 0) while (this.tags.length > cut) this.pop()
  }

  private closeHeadingOnTop(): void {
    const top = this.tags.at(-1)
    if (top !== undefined && (tagFlags[top]! & HEADING) !== 0) this.pop()
  }

  private pop(): void {
    this.counts[this.tags.pop()!]!--
    const entered = this.entered.pop()!
    this.builder.leave(entered)
  }
}

const formatting = new Set([tag.a, tag.b, tag.code, tag.em, tag.font, tag.i, tag.small, tag.strong, tag.tt, tag.u])
const tableParts = new Set([tag.tr, tag.tbody, tag.thead, tag.tfoot, tag.table])
const isCell = (number: number) => number === tag.td || number === tag.th
const isRow = (number: number) => isCell(number) || number === tag.tr
const isSection = (number: number) =>
  isRow(number) || number === tag.tbody || number === tag.thead || number === tag.tfoot
const isTable = (number: number) => number === tag.table || number === tag.template
