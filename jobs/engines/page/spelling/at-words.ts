import { isRole } from '../../address/local-part.ts'
import type { Spelling } from './around-at.ts'
import { atWords, clearAtWords, dotWords, doubtfulAtWords, letterAtWords } from './at-word-lists.ts'
import { isStopWord, speaksOfMail } from './email-cues.ts'
import { isOpening, skipSpaces, skipSpacesBack } from './letters.ts'
import { readDomain, type WrittenDomain } from './read-domain.ts'
import { readLooseLocal } from './read-local.ts'
import { CAPITAL, classOfCode, GAP, mayStartAtWordIn, PLAIN } from './word-marks.ts'
import { counterpart, endOfWord, readInner } from './written-dots.ts'

/**
 * Addresses with a word, or a sign in brackets, for the "@": "info [at] acme (dot) com", "info arroba acme punto es", "info(@)acme.com",
 * "info_at_acme_dot_com", "infoATacmeDOTcom". The text is one line without seams.
 */
export function findAtWords(text: string): Spelling[] {
  const found: Spelling[] = []
  let from = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const kind = classOfCode[code]!
    if (kind === PLAIN) continue
    const form = readAtForm(text, i, code, kind)
    if (form === undefined || form.start < from) continue
    const spelling = readForm(text, form)
    if (spelling === undefined) continue
    found.push(spelling)
    from = spelling.end
    i = spelling.end - 1
  }
  return found
}

/** A form that stands for the sign: what is before `start` and behind `end` is the address. */
interface AtForm {
  start: number
  end: number
  /** False where the words are common: then it takes words for dots, or a text that speaks of mail. */
  sure: boolean
  separator: string
  /** A single letter in brackets. */
  letter?: boolean
}

function readForm(text: string, form: AtForm): Spelling | undefined {
  const local = readLooseLocal(text, form.start - 1)
  if (local === undefined || (!form.sure && isStopWord(local.value))) return undefined
  const domain = form.separator === '-' ? readHyphenated(text, form.end) : readDomain(text, form.end)
  if (domain === undefined) return undefined
  // "list(a)item.name" is a program
  if (form.letter && !letterTlds.test(domain.value)) return undefined
  if (!form.sure && (!domain.words || domain.doubtful) && !domain.spaced) {
    const office = form.separator === '' && isRole(local.value.toLowerCase())
    if (form.separator === '-' || !(office || speaksOfMail(text.slice(0, local.start), local.value))) return undefined
  }
  return { local: local.value, domain: domain.value, start: local.start, end: domain.end, method: 'at-words' }
}

function readAtForm(text: string, at: number, code: number, kind: number): AtForm | undefined {
  if (kind === GAP) return mayStartAtWordIn(text, at + 1) ? readBare(text, at) : undefined
  if (kind === CAPITAL) return readGlued(text, at)
  if (isOpening(code)) return readBracketed(text, at)
  return code >= 0x3000 ? readUnspaced(text, at) : undefined
}

/** "[at]", "( AT )", "((at))", "[@]", "(at sign)". */
function readBracketed(text: string, open: number): AtForm | undefined {
  const inner = readInner(text, open)
  if (inner === undefined) return undefined
  const { word } = inner
  if (!atWords.has(word)) return undefined
  const start = skipSpacesBack(text, open)
  const end = skipSpaces(text, inner.end)
  // one letter in brackets may be a note; glued to both sides it hardly is
  const sure = !letterAtWords.has(word) || (start === open && end === inner.end && open > 2 && text[open] !== '{')
  return { start, end, sure, separator: '', letter: letterAtWords.has(word) }
}

/** Where one letter is in use for the sign, and the domains that all use. */
const letterTlds = /\.(?:fi|ee|se|no|dk|is|pl|de|at|ch|hu|sk|cz|lt|lv|fr|it|es|eu|com|org|net|info)$/i

/** " at ", "-at-", "_arroba_" with the same sign on both sides, or in quotation marks. */
function readBare(text: string, before: number): AtForm | undefined {
  const start = before + 1
  const end = endOfWord(text, start)
  if (end === start) return undefined
  const separator = text[before]!
  if (text[end] !== counterpart(separator)) return undefined
  const word = text.slice(start, end).toLowerCase()
  // set off on both sides: "info -at- acme.com"
  const apart = separator !== ' ' && text[before - 1] === ' ' && text[end + 1] === ' '
  const clear = clearAtWords.has(word)
  if (!clear && !doubtfulAtWords.has(word)) return undefined
  // in capitals among small letters it is meant as a sign: "jane AT acme.com"
  const capitals = text.slice(start, end) === 'AT' && isSmall(text[before - 1]) && isSmall(text[end + 1])
  const sign = separator !== ' ' && separator !== '-'
  return {
    start: skipSpacesBack(text, before),
    end: skipSpaces(text, end + 1),
    sure: clear || capitals || sign || apart,
    separator: apart ? '' : separator,
  }
}

/** "infoATacmeDOTcom" */
function readGlued(text: string, at: number): AtForm | undefined {
  if (text.charCodeAt(at + 1) !== 0x54) return undefined
  if (!/[a-z\d]/.test(text[at - 1] ?? '') || !/[a-z\d]/.test(text[at + 2] ?? '')) return undefined
  return { start: at, end: at + 2, sure: false, separator: '' }
}

/** Japanese and Korean words for the sign stand without spaces. */
function readUnspaced(text: string, at: number): AtForm | undefined {
  for (const word of unspacedAtWords) {
    if (text.startsWith(word, at)) {
      return { start: skipSpacesBack(text, at), end: skipSpaces(text, at + word.length), sure: true, separator: '' }
    }
  }
  return undefined
}

/** "acme-dot-com": hyphens that are no part of the name. */
function readHyphenated(text: string, start: number): WrittenDomain | undefined {
  let end = start
  while (end < text.length && end < start + 253 && /[a-z\d-]/i.test(text[end]!)) end++
  const parts = text.slice(start, end).split('-')
  if (!parts.some((part) => dotWords.has(part.toLowerCase()))) return readDomain(text, start)
  const value = parts.map((part) => (dotWords.has(part.toLowerCase()) ? '.' : part)).join('-')
  return { value: value.replaceAll('-.-', '.'), end, words: true, spaced: false, doubtful: false }
}

function isSmall(char: string | undefined): boolean {
  return char !== undefined && char >= 'a' && char <= 'z'
}

const unspacedAtWords = [...clearAtWords].filter((word) => word.charCodeAt(0) >= 0x3000)
