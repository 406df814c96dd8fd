import { suffixFacts } from '../../address/public-suffix.ts'
import { isAscii, isLetterUnit, SEAM, skipSeams, skipSeamsBack } from './letters.ts'
import { readDot, startsUnspacedDot } from './written-dots.ts'

export interface WrittenDomain {
  /** With dots for whatever stood for them. */
  value: string
  end: number
  /** A dot was written as a word or in brackets. */
  words: boolean
  /** A dot has spaces around it. */
  spaced: boolean
  /** The only words for dots are ordinary ones. */
  doubtful: boolean
}

/**
 * The domain that starts at `start`. Ends where its top-level domain does,
 * even if letters follow at once: "acme.comTel".
 */
export function readDomain(text: string, start: number): WrittenDomain | undefined {
  let position = start
  let value = ''
  let words = false
  let spaced = false
  let doubtful = false
  let labels = 0
  /** Where in `value` a tag stood. */
  const seams: number[] = []
  for (;;) {
    const labelStart = position
    let seamsInside = 0
    for (; position < text.length && position - labelStart < longestLabel; position++) {
      const code = text.charCodeAt(position)
      if (code === seamCode) {
        if (position - seamsInside > labelStart) seams.push(value.length + position - labelStart - seamsInside)
        seamsInside++
      } else if (isAscii(code)) {
        if (domainCodes[code] !== 1) break
      } else if ((code >= 0x3000 && startsUnspacedDot(text, position)) || !isLetterUnit(text, position)) break
    }
    const written = text.slice(labelStart, position)
    const label = seamsInside > 0 ? written.replaceAll(SEAM, '') : written
    if (seamsInside > 0) position = skipSeamsBack(text, position - 1) + 1
    if (label === '' || label.length > 63) return undefined
    value += label
    labels++
    if (value.length > 253 || labels > 12) return undefined
    const here = skipSeams(text, position)
    const dot = text.charCodeAt(here)
    if (dot === 0x2e || ((dot === 0x3002 || dot === 0xff61) && goesOnBehindFullStop(text, here + 1))) {
      const next = skipSeams(text, here + 1)
      if (isLabelStart(text, next)) {
        if (here !== position || next !== here + 1) seams.push(value.length)
        value += '.'
        position = next
        continue
      }
    }
    const loose = readDot(text, here)
    if (loose === undefined || !isLabelStart(text, loose.next)) break
    if (loose.separates && isWhole(value, text, loose.next)) break
    if (loose.spaced) spaced = true
    else {
      doubtful = loose.doubtful && (doubtful || !words)
      words = true
    }
    value += loose.sign
    position = loose.next
  }
  const glued = /[A-Z]{3}/.test(value) ? /^(.*[a-z\d])(?:DOT|PUNKT|PUNTO|POINT|PONTO)([a-z].*)$/.exec(value) : null
  if (glued) return { value: `${glued[1]}.${glued[2]}`, end: position, words: true, spaced, doubtful: false }
  const kept = endOfDomain(value, seams)
  if (!value.slice(0, kept).includes('.')) return undefined
  if (kept < value.length)
    return { value: value.slice(0, kept), end: endAfter(text, start, value, kept, position), words, spaced, doubtful }
  return { value, end: position, words, spaced, doubtful }
}

/** How much of it is the domain, and what only stands glued to it. */
function endOfDomain(value: string, seams: number[]): number {
  const hyphens = /-+$/.exec(value)
  const whole = hyphens ? hyphens.index : value.length
  const lastDot = value.lastIndexOf('.', whole - 1)
  if (lastDot < 0) return whole
  if (isKnown(value.slice(0, whole))) {
    // "mail me@acme.com.Best regards"; and acme.comwww.acme.com
    const before = value.slice(0, lastDot)
    if (/^[A-Z][a-z]+$/.test(value.slice(lastDot + 1, whole)) && /\.[a-z]+$/.test(before) && isKnown(before)) {
      if (suffixFacts(value.slice(0, whole).toLowerCase()).registrable !== before.toLowerCase()) {
        if (!isSuffix(value.slice(value.lastIndexOf('.', lastDot - 1) + 1, whole))) return lastDot
      }
    }
    const www = /[a-z](?=www\.)/.exec(value)
    const kept = www ? value.slice(0, www.index + 1) : ''
    if (kept.includes('.') && isKnown(kept)) return kept.length
    return whole
  }
  for (let i = seams.length - 1; i >= 0; i--) {
    const seam = seams[i]!
    if (seam < whole && value.lastIndexOf('.', seam - 1) > 0 && isKnown(value.slice(0, seam))) return seam
  }
  const label = value.slice(lastDot + 1, whole)
  const head = value.slice(0, lastDot + 1)
  for (const glue of glues) {
    const cut = glue.exec(label)
    if (cut && cut[1] !== undefined && isKnown(head + cut[1])) return lastDot + 1 + cut[1].length
  }
  // "acme.com.Next": an unknown word after a known domain begins a sentence
  if (/^[A-Z]/.test(label) && !/[A-Z]/.test(head) && isKnown(value.slice(0, lastDot))) return lastDot
  return whole
}

/** What people and pages set right behind a top-level domain. */
const glues = [
  /^([a-z]{2,})[A-Z]/, // comTel
  /^([A-Za-z]{2,}?)[\u0080-\uffff]/, // com请联系
  /^([A-Za-z]{2,}?)[\d-]/, // com030, com-Tel
  /^([a-z]{2,}?)(?:tel|telefon|phone|fax|www|https?|web|mobile?|e-?mail|skype|facebook|instagram|linkedin|twitter)\d*$/i,
]

function isKnown(domain: string): boolean {
  return suffixFacts(domain.toLowerCase()).knownSuffix
}

/** "acme。com", "acme。co。jp", "例子。公司"; where what comes is no top-level domain, the full stop ends a sentence. */
function goesOnBehindFullStop(text: string, from: number): boolean {
  const next = skipSeams(text, from)
  const [label] = /^(?:[a-z\d-]+|[\p{L}\p{M}\d-]*)/iu.exec(text.slice(next, next + 63))!
  if (label === '') return false
  return (
    isKnown(`x.${label}`) || (isAscii(label.charCodeAt(0)) && /[.\u3002\uff61]/.test(text[next + label.length] ?? ''))
  )
}

/** "info@acme.com • Berlin": a whole domain goes on only as "acme . co . uk" does, with more of its suffix. */
function isWhole(value: string, text: string, next: number): boolean {
  if (!value.includes('.') || !isKnown(value)) return false
  const label = /^[a-z\d-]*/i.exec(text.slice(next, next + 63))![0]
  return text[next + label.length] === '@' || !isSuffix(`${value.slice(value.lastIndexOf('.') + 1)}.${label}`)
}

function isSuffix(domain: string): boolean {
  const facts = suffixFacts(domain.toLowerCase())
  return facts.knownSuffix && facts.registrable === undefined
}

/** The place in the text behind the first `kept` letters of the domain; only domains in plain letters are ever cut. */
function endAfter(text: string, start: number, value: string, kept: number, end: number): number {
  let position = start
  for (let i = 0; i < kept && position < end; position++) if (text[position] === value[i]) i++
  return position
}

function isLabelStart(text: string, position: number): boolean {
  const code = text.charCodeAt(position)
  return isAscii(code) ? domainCodes[code] === 1 && code !== 0x2d : isLetterUnit(text, position)
}

const seamCode = SEAM.charCodeAt(0)
/** More than a label may have, for the seams in it. */
const longestLabel = 100
const domainCodes = new Uint8Array(128)
for (let code = 0; code < 128; code++) if (/[a-z\d-]/i.test(String.fromCharCode(code))) domainCodes[code] = 1
