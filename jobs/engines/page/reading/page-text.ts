import { readable, TURN, TURN_END } from '../spelling/disguised-letters.ts'
import { oneLine, SEAM } from '../spelling/letters.ts'
import { decodeText } from './html-tokens.ts'

/** How a segment joins the one before. */
const AFTER_TAG = 1
const TURNED = 2

/**
 * The visible text of a page as places in its source: segments (text without a tag in it), and blocks (segments that stand on one line). Nothing
 * is copied or decoded until somebody asks for a block, and for most blocks nobody does.
 */
export class PageText {
  private readonly source: string
  private readonly plain: boolean
  private readonly segmentStart: number[] = []
  private readonly segmentEnd: number[] = []
  private readonly segmentJoin: number[] = []
  /** Texts of segments that are not places in the source, by segment. */
  private readonly loose = new Map<number, string>()
  private readonly blockEnd: number[] = []
  private readonly blockTag: number[] = []
  private readonly blockMarks: number[] = []
  private marks = 0
  private tag = 0
  private lastEnd = 0

  /** `plain`: the source has no character references. */
  constructor(source: string, plain: boolean) {
    this.source = source
    this.plain = plain
  }

  /** Segments so far. */
  get segmentCount(): number {
    return this.segmentStart.length
  }

  /** Blocks that are complete. */
  get blockCount(): number {
    return this.blockEnd.length
  }

  /**
   * Text at a place in the source. `afterTag`: a tag stands between it and the text before; `turned`: shown in turned order; `marks`: what in
   * it may belong to an address.
   */
  add(start: number, end: number, afterTag: boolean, turned: boolean, marks: number): void {
    if (this.isBlockEmpty() && isBlank(this.source, start, end)) return
    this.segmentStart.push(start)
    this.segmentEnd.push(end)
    this.segmentJoin.push((afterTag ? AFTER_TAG : 0) | (turned ? TURNED : 0))
    this.marks |= marks
  }

  /** Text that is decoded already, and where it stands in the source if that is known. */
  addLoose(text: string, start: number, end: number, afterTag: boolean, turned: boolean, marks: number): void {
    if (this.isBlockEmpty() && isBlank(text, 0, text.length)) return
    this.loose.set(this.segmentStart.length, text)
    this.segmentStart.push(start)
    this.segmentEnd.push(end)
    this.segmentJoin.push((afterTag ? AFTER_TAG : 0) | (turned ? TURNED : 0))
    this.marks |= marks
  }

  /** What was added since the last call is a block; what follows belongs to the element `nextTag`. */
  endBlock(nextTag: number): void {
    if (!this.isBlockEmpty()) {
      this.lastEnd = this.segmentStart.length
      this.blockEnd.push(this.lastEnd)
      this.blockTag.push(this.tag)
      this.blockMarks.push(this.marks)
      this.marks = 0
    }
    this.tag = nextTag
  }

  /** What in the block may belong to an address, see text-marks. */
  marksOf(block: number): number {
    return this.blockMarks[block]!
  }

  /** The element that began the block; 0 where another had just ended. */
  tagOf(block: number): number {
    return this.blockTag[block]!
  }

  /**
   * A block on one line, with what a search must know: SEAM where a tag stood between two letters, and the control characters of Unicode around
   * what a style turns round.
   */
  render(block: number): string {
    return this.renderRun(this.firstOf(block), this.blockEnd[block]!)
  }

  /** The same as people read it. */
  read(block: number): string {
    return readable(this.render(block))
  }

  /** The same as it stands in the source. */
  raw(block: number): string {
    let raw = ''
    for (let i = this.firstOf(block); i < this.blockEnd[block]!; i++)
      raw += this.source.slice(this.segmentStart[i], this.segmentEnd[i])
    return raw
  }

  /** Segments `from` up to `to` as people read them, on one line. */
  readRun(from: number, to: number): string {
    // the common case: the words of a link
    if (to === from + 1 && !this.loose.has(from) && this.segmentJoin[from]! < TURNED) {
      const text = this.source.slice(this.segmentStart[from], this.segmentEnd[from])
      if (simple.test(text)) return text
    }
    return readable(this.renderRun(from, to))
  }

  /** The same with some hundred characters of its block before and after; `start` and `end` are where the run itself is. */
  readAround(block: number, from: number, to: number): { text: string; start: number; end: number } {
    let first = from
    for (let room = widthAround; room > 0 && first > this.firstOf(block);) room -= this.textOf(--first).length
    let last = to
    for (let room = widthAround; room > 0 && last < this.blockEnd[block]!;) room -= this.textOf(last++).length
    const text = this.readRun(first, last)
    const own = this.readRun(from, to)
    const before = this.readRun(first, from).length
    // a space between the two belongs to neither
    const start = text.startsWith(own, before) ? before : before + 1
    return { text, start, end: start + own.length }
  }

  private renderRun(from: number, to: number): string {
    let text = ''
    for (let i = from; i < to; i++) {
      let piece = this.textOf(i)
      const join = this.segmentJoin[i]!
      if ((join & TURNED) !== 0) {
        // what one element turns round is turned round as a whole
        while (i + 1 < to && (this.segmentJoin[i + 1]! & TURNED) !== 0) piece += this.textOf(++i)
        piece = TURN + piece + TURN_END
      }
      text += (join & AFTER_TAG) !== 0 && text !== '' ? SEAM + piece : piece
    }
    const line = oneLine(text)
    // a seam beside a space says nothing
    return line.includes(SEAM) ? line.replace(needlessSeams, (seams) => (seams.includes(' ') ? ' ' : '')) : line
  }

  private textOf(segment: number): string {
    return (
      this.loose.get(segment) ??
      decodeText(this.source.slice(this.segmentStart[segment], this.segmentEnd[segment]), this.plain)
    )
  }

  private firstOf(block: number): number {
    return block === 0 ? 0 : this.blockEnd[block - 1]!
  }

  private isBlockEmpty(): boolean {
    return this.segmentStart.length === this.lastEnd
  }
}

const widthAround = 150
const simple = /^[!-%'-~](?:[!-%'-~]| (?! ))*(?<! )$/
const needlessSeams = / ?\ue000+ |^\ue000+|\ue000+$| \ue000+/g

function isBlank(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i)
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09 && code !== 0x0c) return false
  }
  return true
}
