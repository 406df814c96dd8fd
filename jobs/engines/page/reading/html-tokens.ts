import { decodeHTML, decodeHTMLAttribute } from 'entities'

import { codesOf } from './codes.ts'
import { addToHash, RAW, RCDATA, tag, tagFlags, tagNames, tagNumber } from './html-tags.ts'
import { HAS_BOTH, marksBetween } from './text-marks.ts'

export const END = 0
export const TEXT = 1
export const OPEN = 2
export const CLOSE = 3

/** Attributes of one element, as both readers of HTML give them. */
export interface Attributes {
  /** Bit `code & 31` of the first letter of every name: a cheap "surely not there". */
  readonly firstLetters: number
  readonly count: number
  /** Decoded value; undefined where the element has no such attribute. Of two with one name the first counts. */
  get(name: string): string | undefined
  /** In lower case. */
  nameAt(i: number): string
  valueAt(i: number): string
  /** Whether an `@` stands in any value, written as itself. */
  readonly hasAt: boolean
  /** Whether the class may be one of an hCard or an h-card with an address: `vcard`, `u-email`. */
  readonly mayBeCard: boolean
}

/**
 * Pulls tokens out of HTML, or of XML with `xml`, by the rules of HTML §13.2.5 as far as they touch text, elements and attributes. Comments,
 * doctypes and instructions are passed over. One walk over the characters, no copy of them: tokens are places in `source`.
 */
export class HtmlTokens implements Attributes {
  readonly source: string
  private readonly codes: Uint16Array
  private readonly length: number
  readonly xml: boolean
  /** Of the token: the text, or the whole tag. */
  start = 0
  end = 0
  /** Number of the element, see html-tags; in XML always 0. */
  tag = 0
  nameStart = 0
  nameEnd = 0
  selfClosing = false
  /** Text only: what in it may belong to an address, see text-marks. */
  marks = 0
  /** Text only: as it stands, nothing to decode: a script, a style, CDATA. */
  raw = false
  firstLetters = 0
  count = 0
  hasAt = false
  mayBeCard = false

  private position = 0
  /** The first "@" at or behind the last place where we asked. */
  private nextAt = -1
  /** Set after the start tag of an element whose content is not markup. */
  private rawTag = 0
  // four places an attribute: name start, name end, value start, value end
  private places: number[] = []

  constructor(source: string, xml = false) {
    this.source = source
    this.codes = codesOf(source)
    this.length = source.length
    this.xml = xml
  }

  /** Moves on to the next token and says which kind it is. */
  next(): number {
    if (this.rawTag !== 0) return this.readRaw()
    const { codes, length } = this
    for (;;) {
      const position = this.position
      if (position >= length) return END
      if (codes[position] !== 0x3c) return this.readText(position)
      const code = codes[position + 1]!
      if (isLetter(code)) return this.readOpen(position)
      if (code === 0x2f) {
        const after = codes[position + 2]!
        if (isLetter(after)) return this.readClose(position)
        if (after === 0x3e) this.position = position + 3
        else if (position + 2 >= length) return this.readText(position)
        else this.skipTo('>', position + 2)
      } else if (code === 0x21) {
        if (codes[position + 2] === 0x2d && codes[position + 3] === 0x2d) this.skipComment(position + 4)
        else if (this.xml && this.source.startsWith('[CDATA[', position + 2)) return this.readCdata(position + 9)
        else this.skipTo('>', position + 2)
      } else if (code === 0x3f) this.skipTo('>', position + 2)
      else return this.readText(position)
    }
  }

  /** The name as written, for elements that have no number. */
  name(): string {
    return this.source.slice(this.nameStart, this.nameEnd).toLowerCase()
  }

  get(name: string): string | undefined {
    if ((this.firstLetters & (1 << (name.charCodeAt(0) & 31))) === 0) return undefined
    const { places, source } = this
    for (let i = 0; i < this.count; i++) {
      const start = places[i * 4]!
      if (places[i * 4 + 1]! - start === name.length && sameName(source, start, name)) return this.valueAt(i)
    }
    return undefined
  }

  nameAt(i: number): string {
    return this.source.slice(this.places[i * 4], this.places[i * 4 + 1]).toLowerCase()
  }

  valueAt(i: number): string {
    const value = this.source.slice(this.places[i * 4 + 2], this.places[i * 4 + 3])
    return value.includes('&') ? decodeHTMLAttribute(value) : value
  }

  /** The text of this token, decoded. */
  text(): string {
    return decodeText(this.source.slice(this.start, this.end), this.raw)
  }

  private readText(start: number): number {
    const { codes, length, source } = this
    // a "<" that begins no tag is text
    let end = source.indexOf('<', codes[start] === 0x3c ? start + 1 : start)
    while (end >= 0 && !opensTag(codes[end + 1]!)) end = source.indexOf('<', end + 1)
    if (end < 0) end = length
    this.start = start
    this.end = end
    this.position = end
    this.marks = marksBetween(source, codes, start, end)
    this.raw = false
    return TEXT
  }

  private readRaw(): number {
    const { source, rawTag } = this
    const name = tagNames[rawTag]!
    let end = rawTag === tag.plaintext ? -1 : source.indexOf('</', this.position)
    while (end >= 0) {
      if (sameName(source, end + 2, name)) {
        const after = source.charCodeAt(end + 2 + name.length)
        if (isSpace(after) || after === 0x2f || after === 0x3e) break
      }
      end = source.indexOf('</', end + 2)
    }
    this.rawTag = 0
    this.start = this.position
    this.end = end < 0 ? source.length : end
    this.position = this.end
    this.marks = HAS_BOTH
    this.raw = (tagFlags[rawTag]! & RAW) !== 0
    if (this.start === this.end) return this.next()
    return TEXT
  }

  private readCdata(start: number): number {
    const end = this.source.indexOf(']]>', start)
    this.start = start
    this.end = end < 0 ? this.source.length : end
    this.position = end < 0 ? this.source.length : end + 3
    this.marks = HAS_BOTH
    this.raw = true
    return TEXT
  }

  private readClose(start: number): number {
    this.readName(start + 2)
    // attributes of an end tag mean nothing, but a quoted ">" in them does not end it
    if (!this.readAttributes(this.nameEnd)) return END
    this.start = start
    return CLOSE
  }

  private readOpen(start: number): number {
    this.readName(start + 1)
    if (!this.readAttributes(this.nameEnd)) return END
    this.start = start
    if (!this.xml && (tagFlags[this.tag]! & (RAW | RCDATA)) !== 0) this.rawTag = this.tag
    return OPEN
  }

  private readName(start: number): void {
    const { codes } = this
    let hash = 0
    let position = start
    for (let code = codes[position]!; tagNameEnds[code] === 0; code = codes[++position]!) {
      hash = addToHash(hash, code >= 0x41 && code <= 0x5a ? code | 0x20 : code)
    }
    this.nameStart = start
    this.nameEnd = position
    this.tag = this.xml ? 0 : tagNumber(codes, start, position, hash)
  }

  /** False where the source ends inside the tag. */
  private readAttributes(from: number): boolean {
    const { codes, places, length } = this
    let position = from
    let count = 0
    let firstLetters = 0
    this.selfClosing = false
    this.mayBeCard = false
    for (;;) {
      const code = codes[position]!
      if (code === 0x3e) break
      if (position >= length) return false
      if (code === 0x2f || isSpace(code)) {
        this.selfClosing = code === 0x2f && codes[position + 1] === 0x3e
        position++
        continue
      }
      const nameStart = position++
      while (attributeNameEnds[codes[position]!] === 0) position++
      const nameEnd = position
      while (isSpace(codes[position]!)) position++
      let valueStart = nameEnd
      let valueEnd = nameEnd
      if (codes[position] === 0x3d) {
        position++
        while (isSpace(codes[position]!)) position++
        const quote = codes[position]!
        valueStart = position
        if (quote === 0x22 || quote === 0x27) {
          valueStart = position + 1
          valueEnd = this.source.indexOf(quote === 0x22 ? '"' : "'", valueStart)
          if (valueEnd < 0) return false
          position = valueEnd + 1
        } else {
          while (codes[position] !== 0x3e && !isSpace(codes[position]!) && position < length) position++
          valueEnd = position
        }
      }
      firstLetters |= 1 << (codes[nameStart]! & 31)
      if (nameEnd - nameStart === 5 && (codes[nameStart]! | 0x20) === 0x63 && namesCard(codes, valueStart, valueEnd))
        this.mayBeCard = true
      places[count * 4] = nameStart
      places[count * 4 + 1] = nameEnd
      places[count * 4 + 2] = valueStart
      places[count * 4 + 3] = valueEnd
      count++
    }
    this.firstLetters = firstLetters
    this.count = count
    this.position = this.end = position + 1
    if (this.nextAt < from) {
      const at = this.source.indexOf('@', from)
      this.nextAt = at < 0 ? length : at
    }
    this.hasAt = this.nextAt < position
    return true
  }

  private skipTo(end: string, from: number): void {
    const found = this.source.indexOf(end, from)
    this.position = found < 0 ? this.source.length : found + end.length
  }

  private skipComment(start: number): void {
    const { source } = this
    // <!--> and <!---> are whole comments
    if (source.charCodeAt(start) === 0x3e) this.position = start + 1
    else if (source.startsWith('->', start)) this.position = start + 2
    else {
      let end = source.indexOf('--', start)
      while (end >= 0) {
        const code = source.charCodeAt(end + 2)
        if (code === 0x3e) break
        if (code === 0x21 && source.charCodeAt(end + 3) === 0x3e) {
          end++
          break
        }
        end = source.indexOf('--', end + 1)
      }
      this.position = end < 0 ? source.length : end + 3
    }
  }
}

/** Text of HTML with its character references replaced. */
export function decodeText(text: string, raw: boolean): string {
  return !raw && text.includes('&') ? decodeHTML(text) : text
}

function opensTag(code: number): boolean {
  return isLetter(code) || code === 0x2f || code === 0x21 || code === 0x3f
}

function isLetter(code: number): boolean {
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x7a
}

/** "vc" or "u-" in a class: enough for a closer look at the page. */
function namesCard(codes: Uint16Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const code = codes[i]!
    if ((code === 0x76 && codes[i + 1] === 0x63) || (code === 0x75 && codes[i + 1] === 0x2d)) return true
  }
  return false
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x09 || code === 0x0d || code === 0x0c
}

function sameName(source: string, start: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const code = source.charCodeAt(start + i)
    if ((code >= 0x41 && code <= 0x5a ? code | 0x20 : code) !== name.charCodeAt(i)) return false
  }
  return true
}

// What ends a name; the zeros behind the source do too.
const tagNameEnds = endsOf('\0 \n\t\r\f/>')
const attributeNameEnds = endsOf('\0 \n\t\r\f/>=')

function endsOf(chars: string): Uint8Array {
  const ends = new Uint8Array(0x10000)
  for (const char of chars) ends[char.charCodeAt(0)] = 1
  return ends
}
