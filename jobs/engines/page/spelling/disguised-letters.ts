import { SEAM } from './letters.ts'

/** What kept a machine from reading a letter of a text; bits. */
export const WIDE = 1
export const INVISIBLE = 2
export const TURNED = 4

/** RIGHT-TO-LEFT OVERRIDE and POP DIRECTIONAL FORMATTING: between them letters are shown in turned order (UAX #9). */
export const TURN = '\u202e'
export const TURN_END = '\u202c'

export interface Undisguised {
  text: string
  /** For each letter of `text`, what was done to it; undefined where nothing was. */
  disguises: Uint8Array | undefined
}

/**
 * Takes out what is not seen (zero-width characters, soft hyphens, marks of direction), writes full-width, styled and circled letters as plain
 * ones, and turns round what RIGHT-TO-LEFT OVERRIDE turns round. Linear.
 */
export function undisguise(written: string): Undisguised {
  // most texts are ASCII, which is quickly told
  if (Buffer.byteLength(written) === written.length || !anyDisguise.test(written))
    return { text: written, disguises: undefined }
  const text = /[★☆]/.test(written) ? written.replaceAll(starAsSign, '\uff20') : written
  const letters: string[] = []
  const disguises: number[] = []
  let invisible = 0
  let turnedFrom = -1
  const turnBack = (): void => {
    if (turnedFrom < 0) return
    const turned = letters.splice(turnedFrom).reverse()
    disguises.length = turnedFrom
    for (const letter of turned) {
      letters.push(letter)
      disguises.push(TURNED)
    }
    turnedFrom = -1
  }
  for (const char of text) {
    const code = char.codePointAt(0)!
    if (code === 0x202e) {
      turnBack()
      turnedFrom = letters.length
    } else if (code === 0x202c || code === 0x2069) turnBack()
    else if (isInvisible(code)) invisible = INVISIBLE
    else {
      const plain = plainLetter(char, code)
      for (const unit of plain.split('')) {
        letters.push(unit)
        disguises.push((plain === char ? 0 : WIDE) | invisible)
        invisible = 0
      }
    }
  }
  turnBack()
  return { text: letters.join(''), disguises: Uint8Array.from(disguises) }
}

/** Rendered text as people read it: undisguised and without seams. */
export function readable(rendered: string): string {
  return undisguise(rendered).text.replaceAll(SEAM, '')
}

/** All that was done to the letters from `start` to `end`. */
export function disguisesOf({ disguises }: Undisguised, start: number, end: number): number {
  let all = 0
  if (disguises !== undefined) {
    for (let i = start; i < end; i++) all |= i === start ? disguises[i]! & ~INVISIBLE : disguises[i]!
  }
  return all
}

/** "info★acme.com": a star between small letters. */
const starAsSign = /(?<=[a-z\d])[★☆](?=[a-z\d][a-z\d-]*\.[a-z])/g

// Single code units, none of which is meant to combine with another.
const anyDisguise =
  // oxlint-disable-next-line no-misleading-character-class
  /[\u00ad\u034f\u061c\u180e\u200b-\u200f\u2024\u202a-\u202e\u2060-\u2069\u2605\u2606\u24b6-\u24e9\u3002\u3164\ufe00-\ufe0f\ufe52\ufe6b\ufeff\uff01-\uff5e\uff61\ud835]/

function isInvisible(code: number): boolean {
  return (
    code === 0xad ||
    code === 0x34f ||
    code === 0x61c ||
    code === 0x180e ||
    (code >= 0x200b && code <= 0x200f) ||
    (code >= 0x202a && code <= 0x202d) ||
    (code >= 0x2060 && code <= 0x2068) ||
    code === 0x3164 ||
    (code >= 0xfe00 && code <= 0xfe0f) ||
    code === 0xfeff
  )
}

function plainLetter(char: string, code: number): string {
  if (code >= 0xff01 && code <= 0xff5e) return String.fromCharCode(code - 0xfee0)
  switch (code) {
    case 0x3002: // the full stops of Chinese and Japanese end sentences too: a dot only as far as a domain goes on behind it
    case 0xff61:
      return char
    case 0x2024:
    case 0xfe52:
      return '.'
    case 0xfe6b:
      return '@'
    default:
  }
  if ((code >= 0x1d400 && code <= 0x1d7ff) || (code >= 0x24b6 && code <= 0x24e9)) return char.normalize('NFKC')
  return char
}
