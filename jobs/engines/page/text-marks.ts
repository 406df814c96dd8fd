import { atWords, clearAtWords, dotWords, doubtfulAtWords } from './at-word-lists.ts'

// What a character can mean for the tokenizer, which looks every character of a page up here.
export const PLAIN = 0
export const TAG = 1 // "<"
export const SIGN = 2 // ask `isSuspect`
export const GAP = 3 // a word may begin behind it: ask `isSuspect` if `mayStartAtWord`
export const BRACKET = 4 // ask `isSuspect` if `mayOpenAtWord`
export const CAPITAL = 5 // "A", as in infoATacmeDOTcom

export const classOfCode = new Uint8Array(0x10000)
classOfCode[0x3c] = TAG
for (const char of '@&＠﹫（［｛【「') classOfCode[char.charCodeAt(0)] = SIGN
for (const char of ' \n\t\r-_*|~=#/+.\u00a0\u3000') classOfCode[char.charCodeAt(0)] = GAP
for (const char of '([{') classOfCode[char.charCodeAt(0)] = BRACKET
classOfCode[0x41] = CAPITAL

/** Cheap and mostly no: whether the characters at `position` may begin a word for the sign that needs no brackets. */
export function mayStartAtWord(codes: Uint16Array, position: number): boolean {
  return bareTriples[triple(codes, position)] === 1
}

/** The same inside a bracket. */
export function mayOpenAtWord(codes: Uint16Array, position: number): boolean {
  return bracketTriples[triple(codes, position)] === 1 || !isWordCode(codes[position]!)
}

/**
 * Whether something at this place of undecoded text may belong to an address: a sign, a reference that hides one, a bracket or a word that
 * stands for one. Says yes too often and hardly ever no wrongly: blocks of text without any such place are never rendered. Constant time.
 */
export function isSuspect(source: string, position: number): boolean {
  const code = source.charCodeAt(position)
  switch (classOfCode[code]) {
    case SIGN:
      if (code === 0x26) return isSuspectReference(source, position + 1)
      if (code === 0x40 || code === 0xff20 || code === 0xfe6b) return true
      return opensAtWord(source, position + 1) || wordsOfOther.has(code)
    case BRACKET:
      return opensAtWord(source, position + 1)
    case GAP:
      return startsAtWord(source, position + 1)
    case CAPITAL:
      if (source.charCodeAt(position + 1) === 0x54 && isWordCode(source.charCodeAt(position + 2))) return true
      return startsAtWord(source, position)
    default:
      return startsAtWord(source, position)
  }
}

/** Whether any place of a short text is one. */
export function hasSuspect(text: string): boolean {
  if (text !== '' && startsAtWord(text, 0)) return true
  for (let i = 0; i < text.length; i++) if (classOfCode[text.charCodeAt(i)]! > TAG && isSuspect(text, i)) return true
  return false
}

function isSuspectReference(source: string, start: number): boolean {
  if (source.charCodeAt(start) === 0x23) {
    const hex = (source.charCodeAt(start + 1) | 0x20) === 0x78
    const value = hex
      ? Number.parseInt(source.slice(start + 2, start + 9), 16)
      : Number.parseInt(source.slice(start + 1, start + 9), 10)
    if (value === 0xa0 || value === 0x20) return startsAtWord(source, source.indexOf(';', start) + 1)
    return isWordCode(value) || value === 0x40 || value === 0x5b || value === 0x28 || value === 0x7b || value >= 0xfe00
  }
  if (source.startsWith('nbsp;', start)) return startsAtWord(source, start + 5)
  if (source.startsWith('lt;', start)) return opensAtWord(source, start + 3)
  return references.some((name) => source.startsWith(name, start))
}

const references = ['commat', 'lbrack', 'lsqb', 'lpar', 'lcub', 'lbrace']

/** After an opening bracket: perhaps gaps, then a word for the sign, or markup that may hide it. */
function opensAtWord(source: string, start: number): boolean {
  let position = start
  while (position < start + 3 && isGap(source.charCodeAt(position))) position++
  const code = source.charCodeAt(position)
  // the end of the text or a tag; a reference; a sign or a dot; a second bracket
  if (Number.isNaN(code) || code === 0x3c || code === 0x26 || code === 0x40 || code === 0x2e) return true
  if (classOfCode[code] === BRACKET && position < start + 2) return opensAtWord(source, position + 1)
  const end = wordEnd(source, position)
  if (end === position) return false
  const after = source.charCodeAt(end)
  if (end - position < 3 && (after === 0x3c || after === 0x26)) return true
  const word = source.slice(position, end).toLowerCase()
  return atWords.has(word) || word.startsWith('at-')
}

function startsAtWord(source: string, position: number): boolean {
  const code = source.charCodeAt(position)
  if (code >= 0x80) {
    const words = wordsOfOther.get(code)
    if (words === undefined) return false
    if (code >= 0x3000) return words.some((word) => source.startsWith(word, position))
  }
  const end = wordEnd(source, position)
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
  if (classOfCode[after] === BRACKET || source.slice(position, end).includes('-')) return true
  let next = end + 1
  while (next < end + 4 && isGap(source.charCodeAt(next))) next++
  const code = source.charCodeAt(next)
  if (classOfCode[code] === BRACKET || code === 0x3c || code === 0x26 || code === 0x2e) return true
  return dotWords.has(source.slice(next, wordEnd(source, next)).toLowerCase())
}

/** End of a word of letters, digits and inner hyphens, at most 20 characters on. */
function wordEnd(source: string, start: number): number {
  let end = start
  while (end < start + 20) {
    const code = source.charCodeAt(end)
    if (!isWordCode(code) && !(code >= 0xc0 && code !== 0x3000 && code < 0xfe00) && !(code === 0x2d && end > start))
      break
    end++
  }
  return end
}

function isWordCode(code: number): boolean {
  const lower = code | 0x20
  return (lower >= 0x61 && lower <= 0x7a) || (code >= 0x30 && code <= 0x39)
}

function isGap(code: number): boolean {
  return (
    code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09 || code === 0xa0 || code === 0x2d || code === 0x5f
  )
}

// Five bits of each of three characters: nearly all words of a text end here. Where a word is shorter, anything may follow.
const bareTriples = triplesOf([...clearAtWords, ...doubtfulAtWords])
const bracketTriples = triplesOf([...atWords])

function triple(codes: Uint16Array, position: number): number {
  return ((codes[position]! & 31) << 10) | ((codes[position + 1]! & 31) << 5) | (codes[position + 2]! & 31)
}

function triplesOf(words: string[]): Uint8Array {
  const triples = new Uint8Array(1 << 15)
  for (const word of words) {
    // ä, æ and å may be written in capitals, which have the same five low bits
    const bits = (word.charCodeAt(0) & 31) << 10
    for (let second = 0; second < 32; second++) {
      if (word.length > 1 && second !== (word.charCodeAt(1) & 31)) continue
      for (let third = 0; third < 32; third++) {
        if (word.length < 3 || third === (word.charCodeAt(2) & 31)) triples[bits | (second << 5) | third] = 1
      }
    }
  }
  return triples
}

/** Words that begin with a letter beyond ASCII, by it; where no space stands between words these letters mark the text themselves. */
const wordsOfOther = new Map<number, string[]>()
for (const word of [...clearAtWords, ...doubtfulAtWords]) {
  if (word.charCodeAt(0) < 0x80) continue
  for (const form of [word, word.toUpperCase()]) {
    const code = form.charCodeAt(0)
    wordsOfOther.set(code, [...(wordsOfOther.get(code) ?? []), form])
    if (code >= 0x3000) classOfCode[code] = SIGN
  }
}
