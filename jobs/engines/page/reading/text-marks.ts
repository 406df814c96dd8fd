import { atWords, clearAtWords, dotWords, doubtfulAtWords, doubtfulDotWords } from '../spelling/at-word-lists.ts'
import {
  BRACKET,
  CAPITAL,
  classOfCode,
  GAP,
  isWordCode,
  mayOpenAtWord,
  mayStartAtWord,
  mayStartAtWordIn,
  nextSuspect,
  SIGN,
  STOP,
  wordsOfOther,
} from '../spelling/word-marks.ts'

/** What a text may hold; bits. */
const HAS_SIGN = 1
export const HAS_WORD = 2
export const HAS_BOTH = 3

/**
 * What something at this place of undecoded text may be for an address: the sign (or a code for it), a word or a bracket that stands for it, or,
 * of a reference, both. Says yes too often and hardly ever no wrongly: blocks of text without any such place are never rendered. Constant time.
 */
function markAt(source: string, position: number): number {
  const code = source.charCodeAt(position)
  switch (classOfCode[code] ?? 0) {
    case SIGN:
      if (code === 0x26) return markOfReference(source, position + 1)
      if (code === 0x40 || code === 0xff20 || code === 0xfe6b || code === 0x2605 || code === 0x2606) return HAS_SIGN
      if (code === 0x25) return source.startsWith('40', position + 1) ? HAS_SIGN : 0
      if (code === 0x5c)
        return source.startsWith('u0040', position + 1) || source.startsWith('x40', position + 1) ? HAS_SIGN : 0
      return wordIf(wordsOfOther.has(code) ? startsAtWord(source, position) : opensAtWord(source, position + 1))
    case BRACKET:
      return wordIf(opensAtWord(source, position + 1))
    case GAP:
      return wordIf(startsAtWord(source, position + 1))
    case CAPITAL:
      return wordIf(isSmall(source.charCodeAt(position - 1)) && isSmall(source.charCodeAt(position + 2)))
    default:
      return wordIf(startsAtWord(source, position))
  }
}

/** All marks between two places of a source, whose codes are given too. */
export function marksBetween(source: string, codes: Uint16Array, start: number, end: number): number {
  let marks = 0
  for (let i = nextSuspect(codes, start, start, end); i < end; i = nextSuspect(codes, start, i + 1, end)) {
    const kind = classOfCode[codes[i]!]!
    if (kind !== SIGN && kind !== BRACKET) marks |= wordAround(source, codes, start, i)
    else if (kind === SIGN || mayOpenAtWord(codes, i + 1)) marks |= markAt(source, i)
    if (marks === HAS_BOTH) break
  }
  return marks
}

/** A word may begin behind a gap two or three characters before, or at the start itself; "AT" is a word of its own. */
function wordAround(source: string, codes: Uint16Array, start: number, at: number): number {
  if (codes[at] === 0x54 && codes[at - 1] === 0x41 && at > start && markAt(source, at - 1) !== 0) return HAS_WORD
  for (let gap = at - 2; gap >= at - 3; gap--) {
    if (gap < start - 1) break
    const isStart = gap === start - 1
    if (!isStart && classOfCode[codes[gap]!] !== GAP) continue
    if (mayStartAtWord(codes, gap + 1) && markAt(source, isStart ? start : gap) !== 0) return HAS_WORD
  }
  return 0
}

/** All marks of a text. */
export function marksOf(text: string): number {
  let marks = text === '' ? 0 : wordIf(mayStartAtWordIn(text, 0) && startsAtWord(text, 0))
  for (let i = 0; i < text.length && marks !== HAS_BOTH; i++) {
    const kind = classOfCode[text.charCodeAt(i)]!
    if (kind > STOP && (kind !== GAP || mayStartAtWordIn(text, i + 1))) marks |= markAt(text, i)
  }
  return marks
}

function wordIf(holds: boolean): number {
  return holds ? HAS_WORD : 0
}

function markOfReference(source: string, start: number): number {
  if (source.charCodeAt(start) === 0x23) {
    const hex = (source.charCodeAt(start + 1) | 0x20) === 0x78
    const digits = source.slice(hex ? start + 2 : start + 1, start + 9)
    const value = Number.parseInt(digits, hex ? 16 : 10)
    if (value === 0xa0 || value === 0x20)
      return wordIf(startsAtWord(source, start + 1 + source.slice(start, start + 12).indexOf(';')))
    const telling =
      isWordCode(value) ||
      value === 0x40 ||
      value === 0x5b ||
      value === 0x28 ||
      value === 0x7b ||
      value === 0xab ||
      value >= 0xfe00
    return telling ? HAS_BOTH : 0
  }
  // most references are letters with accents and signs that mean nothing here
  if (!referenceStarts.has(source.charCodeAt(start))) return 0
  if (source.startsWith('nbsp;', start)) return wordIf(startsAtWord(source, start + 5))
  if (source.startsWith('quot;', start)) return wordIf(startsAtWord(source, start + 5))
  if (source.startsWith('ldquo;', start)) return wordIf(startsAtWord(source, start + 6))
  if (source.startsWith('lt;', start)) return wordIf(opensAtWord(source, start + 3))
  return references.some((name) => source.startsWith(name, start)) ? HAS_BOTH : 0
}

// the last for references that were encoded twice
const references = ['commat', 'lbrack', 'lsqb', 'lpar', 'lcub', 'lbrace', 'laquo', 'amp;#', 'amp;commat']
const referenceStarts = new Set(['nbsp', 'quot', 'ldquo', 'lt', ...references].map((name) => name.charCodeAt(0)))

/** After an opening bracket: perhaps gaps, tags or a second one, then a word for the sign, and then what may close it. */
function opensAtWord(source: string, start: number): boolean {
  let position = skipGapsAndTags(source, start)
  if (classOfCode[source.charCodeAt(position)] === BRACKET) position = skipGapsAndTags(source, position + 1)
  const code = source.charCodeAt(position)
  // the text ends here, and its rest may be far behind a long tag; the sign itself; full-width letters; a reference that hides one
  if (Number.isNaN(code) || code === 0x3c || code === 0x40 || code > 0xff00) return true
  if (code === 0x26) return markOfReference(source, position + 1) !== 0
  const end = wordEnd(source, position)
  if (end === position) return false
  const after = source.charCodeAt(skipGapsAndTags(source, end))
  // "(at sign)", "(a t)"
  if (isWordCode(after)) return beginsSeveral[((code & 31) << 5) | (after & 31)] === 1
  const word = source.slice(position, end).toLowerCase()
  return atWords.has(word) || word.startsWith('at-')
}

/** Five bits each of the first letters of the first two, where what stands in brackets is several words. */
const beginsSeveral = new Uint8Array(1 << 10)
for (const word of atWords) {
  const hyphen = word.indexOf('-')
  if (hyphen > 0) beginsSeveral[((word.charCodeAt(0) & 31) << 5) | (word.charCodeAt(hyphen + 1) & 31)] = 1
}

/** Past spaces and at most two tags; stops at a "<" that leads too far. */
function skipGapsAndTags(source: string, start: number): number {
  let position = start
  for (let tags = 0; tags < 3; tags++) {
    while (position < start + 6 && isGap(source.charCodeAt(position))) position++
    if (source.charCodeAt(position) !== 0x3c || tags === 2) break
    const end = source.slice(position, position + 200).indexOf('>')
    if (end < 0) break
    position += end + 1
  }
  return position
}

function startsAtWord(source: string, position: number): boolean {
  const code = source.charCodeAt(position)
  if (code >= 0x80) {
    const words = wordsOfOther.get(code)
    if (words === undefined) return false
    if (code >= 0x3000) return words.some((word) => source.startsWith(word, position))
  }
  const end = wordEnd(source, position)
  // by far the most common: "at", and words that begin so
  if (end === position + 2 && (code | 0x20) === 0x61 && (source.charCodeAt(position + 1) | 0x20) === 0x74)
    return continuesAsDomain(source, end)
  const word = source.slice(position, end).toLowerCase()
  if (doubtfulAtWords.has(word)) return continuesAsDomain(source, end)
  if (clearAtWords.has(word)) return true
  return word.startsWith('at-') && continuesAsDomain(source, position + 2)
}

/** After " at": a gap, then a name with a dot in it or a word for one behind it. Markup on the way may hide either. */
function continuesAsDomain(source: string, start: number): boolean {
  const gap = source.charCodeAt(start)
  if (Number.isNaN(gap) || gap === 0x3c || gap === 0x26) return true
  let position = start + 1
  while (position < start + 4 && isGap(source.charCodeAt(position))) position++
  const end = wordEnd(source, position)
  const after = source.charCodeAt(end)
  if (Number.isNaN(after) || after === 0x3c || after === 0x26) return true
  if (after === 0x2e) return isWordCode(source.charCodeAt(end + 1)) || source.charCodeAt(end + 1) >= 0x80
  if (end === position) return false
  if (classOfCode[after] === BRACKET || hasHyphen(source, position, end)) return true
  let next = end + 1
  while (next < end + 4 && isGap(source.charCodeAt(next))) next++
  const code = source.charCodeAt(next)
  if (
    classOfCode[code] === BRACKET ||
    code === 0x3c ||
    code === 0x26 ||
    code === 0x2e ||
    code === 0x2a ||
    code === 0x22 ||
    code === 0x201c ||
    code === 0x7c
  )
    return true
  if (dotWordStarts[code] !== 1) return false
  const word = source.slice(next, wordEnd(source, next)).toLowerCase().replace(/-+$/, '')
  return dotWords.has(word) && !doubtfulDotWords.has(word)
}

/** First letters of the words that stand for a dot. */
const dotWordStarts = new Uint8Array(0x10000)
for (const word of dotWords) for (const form of [word, word.toUpperCase()]) dotWordStarts[form.charCodeAt(0)] = 1

function hasHyphen(source: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (source.charCodeAt(i) === 0x2d) return true
  return false
}

/** End of a word of letters, digits and inner hyphens, at most 20 characters on. */
function wordEnd(source: string, start: number): number {
  let end = start
  while (end < start + 20) {
    const code = source.charCodeAt(end)
    if (!isWordCode(code) && !isOtherLetter(code) && !(code === 0x2d && end > start)) break
    end++
  }
  return end
}

/** Beyond ASCII; no quotation mark or dash. */
function isOtherLetter(code: number): boolean {
  return code >= 0xc0 && code !== 0x3000 && code < 0xfe00 && !(code >= 0x2000 && code < 0x2070)
}

/** A small letter or a digit; or, where a tag stands, what may be one. */
function isSmall(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || code === 0x3e || code === 0x3c
}

function isGap(code: number): boolean {
  return (
    code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09 || code === 0xa0 || code === 0x2d || code === 0x5f
  )
}
