/** What sits in rendered text where a tag stood between two letters: no reader sees it, but a word may end there. */
export const SEAM = '\ue000'
const seamCode = 0xe000

export function isAscii(code: number): boolean {
  return code < 0x80
}

/** Whether the UTF-16 unit at this place belongs to a letter, a mark or a digit. */
export function isLetterUnit(text: string, position: number): boolean {
  const code = text.charCodeAt(position)
  if (Number.isNaN(code) || code === seamCode) return false
  if (code >= 0xd800 && code <= 0xdfff) {
    const high = code < 0xdc00 ? position : position - 1
    return /^[\p{L}\p{M}\p{N}]/u.test(text.slice(high, high + 2))
  }
  return /[\p{L}\p{M}\p{N}]/u.test(text[position]!)
}

/** Latin letters with their marks: those that may stand beside ASCII ones in one name. */
export function isLatin(code: number): boolean {
  return code < 0x250 || (code >= 0x1e00 && code < 0x1f00) || (code >= 0x300 && code < 0x370)
}

export function skipSeams(text: string, position: number): number {
  let next = position
  while (text.charCodeAt(next) === seamCode) next++
  return next
}

/** The nearest place at or before `position` that is no seam. */
export function skipSeamsBack(text: string, position: number): number {
  let next = position
  while (text.charCodeAt(next) === seamCode) next--
  return next
}

export function skipSpaces(text: string, start: number): number {
  let position = start
  while (text.charCodeAt(position) === 0x20) position++
  return position
}

/** The place behind the last letter before `end` that is no space. */
export function skipSpacesBack(text: string, end: number): number {
  let position = end
  while (position > 0 && text.charCodeAt(position - 1) === 0x20) position--
  return position
}

export function isOpening(code: number): boolean {
  return (
    code === 0x28 ||
    code === 0x5b ||
    code === 0x7b ||
    code === 0x3c ||
    code === 0x3010 ||
    code === 0x300c ||
    code === 0xab
  )
}

export function isClosing(code: number): boolean {
  return (
    code === 0x29 ||
    code === 0x5d ||
    code === 0x7d ||
    code === 0x3e ||
    code === 0x3011 ||
    code === 0x300d ||
    code === 0xbb
  )
}

/** White space of all kinds as single spaces, none around. */
export function oneLine(text: string): string {
  // single spaces, of which there are most, are left alone
  return text.replace(/\s{2,}|[^\S ]/g, ' ').trim()
}
