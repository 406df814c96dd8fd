import { atWords, clearAtWords, doubtfulAtWords } from './at-word-lists.ts'

// What a character can mean for the tokenizer, which looks every character of a page up here.
export const PLAIN = 0
export const TAG = 1 // "<"
export const SIGN = 2 // ask `isSuspect`
export const GAP = 3 // a word may begin behind it: ask `isSuspect` if `mayStartAtWord`
export const BRACKET = 4 // ask `isSuspect` if `mayOpenAtWord`
export const CAPITAL = 5 // "A", as in infoATacmeDOTcom

export const classOfCode = new Uint8Array(0x10000)
classOfCode[0x3c] = TAG
for (const char of '@&%\\＠﹫（［｛【「') classOfCode[char.charCodeAt(0)] = SIGN
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
