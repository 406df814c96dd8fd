import type { Method } from '../found-email.ts'
import { HAS_BOTH, HAS_WORD } from '../reading/text-marks.ts'
import type { Admission, Admitted } from './admission.ts'
import { readAround, type Spelling } from './around-at.ts'
import { findAtWords } from './at-words.ts'
import { disguisesOf, INVISIBLE, TURNED, undisguise, WIDE } from './disguised-letters.ts'
import { readGroup } from './grouped-locals.ts'
import { SEAM } from './letters.ts'
import { looksLikeRot13, rot13 } from './rot13.ts'
import { trapAround } from './traps.ts'
import { readTurned } from './turned.ts'

/** An address in a text, judged. */
export interface TextFind {
  admitted: Admitted
  method: Method
  /** The letters as they stand in the text, without seams. */
  written: string
  /** Where it begins is not sure: a tag or a space stands inside. */
  loose: boolean
  /** Place in `text`, which is what was searched: without disguises and seams. */
  start: number
  end: number
  text: string
}

/**
 * All addresses in a line of text as people read it; SEAM where tags stood. In the order of the text, but words for signs last. `marks`, where
 * known, spares looking for what is not there. Linear.
 */
export function findInText(line: string, admission: Admission, marks = HAS_BOTH): TextFind[] {
  const plain = undisguise(line)
  const { text } = plain
  const finds: TextFind[] = []
  const readable = text.includes(SEAM) ? text.replaceAll(SEAM, '') : text
  const seams = new SeamCount(text)
  const seen = new Set<string>()
  const add = (spelling: Spelling, searched: string, method: Method): boolean => {
    const { local, domain, start, end } = spelling
    let admitted = admission.admit(local, domain)
    if (admitted === undefined) return false
    // lists name one address again and again
    const key = `${method} ${admitted.address}`
    if (seen.has(key)) return true
    const before = searched.slice(Math.max(0, start - 80), start).replaceAll(SEAM, '')
    const after = searched.slice(end, end + 24).replaceAll(SEAM, '')
    // a trap is done with: nothing else is looked for in it
    if (trapAround(before, local, after) !== undefined) return true
    let written = searched.slice(start, end)
    // _info@acme.com_, __info@acme.com__
    const mark = /^_*/.exec(local)![0]
    if (mark !== '' && after.startsWith(mark)) admitted = admission.admit(local.slice(mark.length), domain) ?? admitted
    const loose = method === 'spaced' || written.includes(SEAM)
    written = written.replaceAll(SEAM, '')
    const place = searched === text ? start - seams.before(start) : start
    seen.add(key)
    finds.push({
      admitted,
      method,
      written,
      loose,
      start: place,
      end: place + written.length,
      text: searched === text ? readable : searched,
    })
    return true
  }

  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    const group = readGroup(text, at)
    for (const local of group?.locals ?? []) add({ ...group!, local, method: 'text' }, text, 'text')
    const spelling = group === undefined ? readAround(text, at) : undefined
    if (spelling !== undefined) {
      if (add(spelling, text, methodOf(spelling, disguisesOf(plain, spelling.start, spelling.end)))) continue
      if (looksLikeRot13(spelling.domain) && add(turnByRot13(spelling), text, 'rot13')) continue
    }
    const turned = readTurned(text, at)
    if (turned !== undefined) add({ ...turned, method: 'text' }, text, 'reversed')
  }
  if ((readable.includes('%40') || readable.includes('&') || readable.includes('\\')) && signCode.test(readable)) {
    for (const { text: decoded, at, method } of decodeSigns(readable)) {
      const spelling = readAround(decoded, at)
      if (spelling?.method === 'text') add(spelling, decoded, method)
    }
  }
  for (const spelling of (marks & HAS_WORD) === 0 ? [] : findAtWords(readable)) {
    if (add(spelling, readable, 'at-words')) continue
    if (looksLikeRot13(spelling.domain)) add(turnByRot13(spelling), readable, 'rot13')
  }
  return finds
}

/** Codes for the sign that were meant to be decoded and show as they are: "info%40acme.com", "info&#64;acme.com", "info\\u0040acme.com". */
const signCode = /%40|&(?:amp;){0,3}(?:#0*64|#x0*40|commat);|\\(?:u0040|x40)/i
const dotCode = /%2e|&(?:amp;){0,3}(?:#0*46|#x0*2e|period);|\\(?:u002e|x2e)/gi

function decodeSigns(coded: string): { text: string; at: number; method: Method }[] {
  const text = coded.replaceAll(dotCode, '.')
  const signs: { at: number; method: Method }[] = []
  let decoded = ''
  let from = 0
  for (const match of text.matchAll(new RegExp(signCode, 'gi'))) {
    decoded += text.slice(from, match.index)
    from = match.index + match[0].length
    const first = match[0][0]
    signs.push({ at: decoded.length, method: first === '%' ? 'percent' : first === '&' ? 'entities' : 'script-escape' })
    decoded += '@'
  }
  decoded += text.slice(from)
  return signs.map((sign) => ({ ...sign, text: decoded }))
}

function turnByRot13(spelling: Spelling): Spelling {
  return { ...spelling, local: rot13(spelling.local), domain: rot13(spelling.domain) }
}

function methodOf(spelling: Spelling, disguises: number): Method {
  if ((disguises & TURNED) !== 0) return 'reversed'
  if ((disguises & WIDE) !== 0) return 'full-width'
  if ((disguises & INVISIBLE) !== 0) return 'zero-width'
  return spelling.method
}

/** Counts the seams before places that come in order. */
class SeamCount {
  private readonly text: string
  private count = 0
  private next: number

  constructor(text: string) {
    this.text = text
    this.next = text.indexOf(SEAM)
  }

  before(place: number): number {
    while (this.next >= 0 && this.next < place) {
      this.count++
      this.next = this.text.indexOf(SEAM, this.next + 1)
    }
    return this.count
  }
}
