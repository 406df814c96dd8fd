import { dotWords, doubtfulDotWords, hyphenWords, underscoreWords } from './at-word-lists.ts'
import { isAscii, isClosing, isLetterUnit, isOpening, skipSpaces, skipSpacesBack } from './letters.ts'

/** A dot, or in brackets a hyphen, that is not written as one, with the gaps around it. */
export interface WrittenDot {
  sign: '.' | '-'
  /** Where the label behind it starts. */
  next: number
  /** A dot after all, with spaces. */
  spaced: boolean
  /** A word that may just be a word. */
  doubtful: boolean
  /** A sign that may also stand between an address and what comes next. */
  separates: boolean
}

export function readDot(text: string, start: number): WrittenDot | undefined {
  const position = skipSpaces(text, start)
  const spaces = position - start
  const code = text.charCodeAt(position)
  if (isOpening(code)) {
    const inner = readInner(text, position)
    const sign = inner && signOf(inner.word)
    if (sign === undefined || sign === '_') return undefined
    return { sign, next: skipSpaces(text, inner!.end), spaced: false, doubtful: false, separates: false }
  }
  if (code === 0x2e) {
    // "acme . com", "acme .com"; not "acme. Com", where a sentence ends
    if (spaces === 0) return undefined
    return { sign: '.', next: skipSpaces(text, position + 1), spaced: true, doubtful: false, separates: true }
  }
  if (code === 0xb7 || code === 0x2022)
    return { sign: '.', next: skipSpaces(text, position + 1), spaced: false, doubtful: false, separates: true }
  const sign = '-_*|~="\u201c'.includes(text[position]!) ? text[position]! : undefined
  if (spaces === 0 && sign === undefined) return readUnspacedDot(text, position)
  const wordStart = sign === undefined ? position : position + 1
  const wordEnd = endOfWord(text, wordStart)
  const word = text.slice(wordStart, wordEnd).toLowerCase()
  if (!dotWords.has(word) || text[wordEnd] !== counterpart(sign ?? ' ')) return undefined
  return {
    sign: '.',
    next: skipSpaces(text, wordEnd + 1),
    spaced: false,
    doubtful: doubtfulDotWords.has(word),
    separates: false,
  }
}

/** What closes what a sign opens: itself, but for the quotation mark that has two forms. */
export function counterpart(sign: string): string {
  return sign === '\u201c' ? '\u201d' : sign
}

/** A written-out sign of a local part that ends before `end`: where it starts, and whether brackets leave no doubt that it is one. */
export function readSignBack(
  text: string,
  end: number,
): { sign: '.' | '-' | '_'; start: number; sure: boolean } | undefined {
  const position = skipSpacesBack(text, end)
  if (isClosing(text.charCodeAt(position - 1))) {
    for (let open = position - 2; open >= position - 14 && open >= 0; open--) {
      if (!isOpening(text.charCodeAt(open))) continue
      const word = text
        .slice(open + 1, position - 1)
        .trim()
        .toLowerCase()
      const sign = signOf(word)
      return sign && { sign, start: skipSpacesBack(text, open), sure: true }
    }
    return undefined
  }
  if (position === end) return undefined
  let start = position
  while (start > 0 && start > position - 12 && isLetterUnit(text, start - 1)) start--
  const word = text.slice(start, position).toLowerCase()
  if (!dotWords.has(word) || doubtfulDotWords.has(word) || text[start - 1] !== ' ') return undefined
  return { sign: '.', start: skipSpacesBack(text, start), sure: false }
}

/** What a word in brackets stands for. */
function signOf(word: string): '.' | '-' | '_' | undefined {
  if (word === '.' || dotWords.has(word)) return '.'
  if (hyphenWords.has(word)) return '-'
  return underscoreWords.has(word) ? '_' : undefined
}

/** What is in the brackets that open at `open`, in lower case, its spaces as hyphens; `end` is behind them. Doubled brackets count as one. */
export function readInner(text: string, open: number): { word: string; end: number } | undefined {
  let start = open + 1
  while (isOpening(text.charCodeAt(start)) && start < open + 3) start++
  let close = start
  while (close < start + 16 && close < text.length && !isClosing(text.charCodeAt(close))) close++
  if (!isClosing(text.charCodeAt(close))) return undefined
  const word = text.slice(start, close).trim().toLowerCase().replaceAll(' ', '-')
  let end = close + 1
  while (isClosing(text.charCodeAt(end)) && end < close + 3) end++
  return { word, end }
}

/** End of the word that starts at `start`; looks at 16 letters. */
export function endOfWord(text: string, start: number): number {
  let end = start
  while (end < start + 16) {
    const code = text.charCodeAt(end)
    // the hyphen of snabel-a, but not the one of -at-
    const hyphen = code === 0x2d && text.startsWith('-a', end) && text.slice(start, end).toLowerCase() === 'snabel'
    if (!hyphen && !(isAscii(code) ? isLetterOrZero(code) : isLetterUnit(text, end))) break
    end++
  }
  return end
}

/** "d0t" */
function isLetterOrZero(code: number): boolean {
  const lower = code | 0x20
  return (lower >= 0x61 && lower <= 0x7a) || code === 0x30
}

function readUnspacedDot(text: string, position: number): WrittenDot | undefined {
  for (const word of unspacedDotWords)
    if (text.startsWith(word, position))
      return { sign: '.', next: position + word.length, spaced: false, doubtful: false, separates: false }
  return undefined
}

/** Whether a word for a dot stands here that needs no space around it: "acmeドットcom". */
export function startsUnspacedDot(text: string, position: number): boolean {
  return unspacedDotWords.some((word) => text.startsWith(word, position))
}

const unspacedDotWords = [...dotWords].filter((word) => word.charCodeAt(0) >= 0x3000)
