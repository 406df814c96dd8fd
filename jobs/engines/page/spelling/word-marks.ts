import { atWords, clearAtWords, doubtfulAtWords } from './at-word-lists.ts'

// What a character can mean for the tokenizer, which looks every character of a page up here.
export const PLAIN = 0
export const STOP = 1 // "<", and what stands behind the end
export const SIGN = 2 // ask `isSuspect`
export const GAP = 3 // a word may begin behind it: ask `isSuspect` if `mayStartAtWord`
export const BRACKET = 4 // ask `isSuspect` if `mayOpenAtWord`
export const CAPITAL = 5 // "A", as in infoATacmeDOTcom

export const classOfCode = new Uint8Array(0x10000)
classOfCode[0x3c] = STOP
classOfCode[0] = STOP
/** What pages in Japanese set for the sign, to be replaced by the reader. */
const STARS = '★☆'
for (const char of `@&%\\＠﹫（［｛【「«${STARS}`) classOfCode[char.charCodeAt(0)] = SIGN
const gaps = ' \n\t\r-_*|~="\u201c\u00a0\u3000'
for (const char of gaps) classOfCode[char.charCodeAt(0)] = GAP
for (const char of '([{') classOfCode[char.charCodeAt(0)] = BRACKET
classOfCode[0x41] = CAPITAL

/**
 * The first place from `from` on with a sign, or where something ends that may be a word for one; `end` if there is none. `start` is where the text begins, as if a
 * space stood before. Every character of a page comes by here, so the loop does nothing else: words are told by three characters, packed into fifteen bits that
 * roll along, and the case of the third. (Stopping at each space took three times as long.)
 */
export function nextSuspect(codes: Uint16Array, start: number, from: number, end: number): number {
  const signs = isSign
  const words = wordWindows
  let window = 0
  for (let i = Math.max(start, from - 2); i < from; i++) window = (window << 5) | (codes[i]! & 31)
  for (let i = from; i < end; i++) {
    const code = codes[i]!
    window = ((window << 5) | (code & 31)) & 0x7fff
    const place = window | ((code & 0x20) << 10)
    if ((signs[code]! | ((words[place >> 5]! >>> (place & 31)) & 1)) !== 0) return i
  }
  return end
}

/** Cheap and mostly no: whether the characters at `position` may begin a word for the sign that needs no brackets. */
export function mayStartAtWord(codes: Uint16Array, position: number): boolean {
  return atWordStarts[codes[position]!] === 1 && bareTriples[triple(codes, position)] === 1
}

/** The same inside a bracket. */
export function mayOpenAtWord(codes: Uint16Array, position: number): boolean {
  return bracketTriples[triple(codes, position)] === 1 || !isWordCode(codes[position]!)
}

/** The same in a text. */
export function mayStartAtWordIn(text: string, position: number): boolean {
  return (
    bareTriples[packTriple(text.charCodeAt(position), text.charCodeAt(position + 1), text.charCodeAt(position + 2))] ===
    1
  )
}

export function isWordCode(code: number): boolean {
  const lower = code | 0x20
  return (lower >= 0x61 && lower <= 0x7a) || (code >= 0x30 && code <= 0x39)
}

/** First letters of the words that may stand bare. */
const atWordStarts = new Uint8Array(0x10000)
for (const word of [...clearAtWords, ...doubtfulAtWords]) {
  for (const form of [word, word.toUpperCase()]) atWordStarts[form.charCodeAt(0)] = 1
}

// Five bits of each of three characters: nearly all words of a text end here. Where a word is shorter, anything may follow.
const bareTriples = triplesOf([...clearAtWords, ...doubtfulAtWords])
const bracketTriples = triplesOf([...atWords])

function triple(codes: Uint16Array, position: number): number {
  return packTriple(codes[position]!, codes[position + 1]!, codes[position + 2]!)
}

function packTriple(first: number, second: number, third: number): number {
  return ((first & 31) << 10) | ((second & 31) << 5) | (third & 31)
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
export const wordsOfOther = new Map<number, string[]>()
for (const word of [...clearAtWords, ...doubtfulAtWords]) {
  if (word.charCodeAt(0) < 0x80) continue
  for (const form of [word, word.toUpperCase()]) {
    const code = form.charCodeAt(0)
    wordsOfOther.set(code, [...(wordsOfOther.get(code) ?? []), form])
    if (code >= 0x3000) classOfCode[code] = SIGN
  }
}

/** Characters that may be a mark by themselves. */
export const isSign = Uint8Array.from(classOfCode, (kind) => (kind === SIGN || kind === BRACKET ? 1 : 0))

/**
 * Three characters, five bits of each, at whose end a word may be: a gap and the two letters of a short word, or the first three of a long one; the bit above is
 * the case of the third. As bits, so that the table stays in the first cache: as bytes it made the walk over a page three times as slow.
 */
const wordWindows = new Int32Array(1 << 11)

for (const word of [...clearAtWords, ...doubtfulAtWords]) {
  const [first, second, third] = [word.charCodeAt(0), word.charCodeAt(1), word.charCodeAt(2)]
  if (word.length > 2) addWindow(packTriple(first, second, third))
  else for (const gap of gaps) addWindow(packTriple(gap.charCodeAt(0), first, second))
}
// "AT" behind any letter: infoATacmeDOTcom
for (let any = 0; any < 32; any++) setWindow(packTriple(any, 0x41, 0x54))

function addWindow(triple: number): void {
  setWindow(triple)
  setWindow(triple | 0x8000)
}

function setWindow(window: number): void {
  wordWindows[window >> 5]! |= 1 << (window & 31)
}
