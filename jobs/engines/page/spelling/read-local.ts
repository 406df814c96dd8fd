import { isRole } from '../../address/local-part.ts'
import { isStopWord } from './email-cues.ts'
import { isAscii, isLatin, isLetterUnit, SEAM } from './letters.ts'
import { readSignBack } from './written-dots.ts'

/** The local part that ends at `last`: where it starts, and its letters. */
function readLocal(text: string, last: number): { start: number; value: string } | undefined {
  if (text[last] === '"') return readQuotedLocal(text, last)
  const ascii = isAscii(text.charCodeAt(last))
  let start = last + 1
  const lowest = Math.max(0, last - longestLocal)
  let seams = 0
  for (let i = last; i >= lowest; i--) {
    const code = text.charCodeAt(i)
    if (code === seamCode) seams++
    else if (isAscii(code)) {
      if (localCodes[code] !== 1) break
      start = i
    } else {
      if (!isLetterUnit(text, i)) break
      // "邮箱info@acme.com": where no space stands between words, an address ends where the script changes
      if (ascii && !isLatin(code)) break
      start = i
    }
  }
  if (start > last) return undefined
  // "%20info@acme.com"
  if (text[start - 1] === '%' && /^[\da-f]{2}./i.test(text.slice(start, last + 1))) start += 2
  let value = text.slice(start, last + 1)
  if (seams > 0) value = cutLabel(value)
  value = trimLocal(value)
  // longer than any local part: a hash, a path, a wall of text
  if (value === '' || value.length > 64) return undefined
  const plain = value.replaceAll(SEAM, '')
  return { start: last + 1 - value.length, value: plain }
}

/** The same where dots and hyphens may be words too; `words` tells whether they are. */
export function readLooseLocal(
  text: string,
  last: number,
): { start: number; value: string; words: boolean } | undefined {
  const first = readLocal(text, last)
  if (first === undefined) return undefined
  let { start, value } = first
  let words = false
  for (let i = 0; i < 4; i++) {
    const written = readSignBack(text, start)
    const more = written && readLocal(text, written.start - 1)
    if (more === undefined || (!written!.sure && isStopWord(more.value))) break
    start = more.start
    value = `${more.value}${written!.sign}${value}`
    words = true
  }
  return { start, value, words }
}

/** Without signs that stand before an address but belong to what it hangs on; empty where they make it no address. */
function trimLocal(value: string): string {
  const ellipsis = /^.*\.{3,}/.exec(value)
  let start = ellipsis ? ellipsis[0].length : 0
  // "email=info@…" is a name and its value; "list+user=domain@…" is one local part
  const equals = value.lastIndexOf('=')
  if (equals >= start && !value.slice(start, equals).includes('+')) start = equals + 1
  // ".info@…" and "in..fo@…" are mistakes of which nobody knows what was meant
  if (value[start] === '.' || value.includes('..', start)) return ''
  while (start < value.length && leading.includes(value[start]!)) start++
  return value.slice(start)
}

const leading = `-+'&=${SEAM}`

/** "<b>E-Mail</b>info@…", "<b>030 123</b>info@…": a label, a number or a name that a tag ends is not part of the address. */
function cutLabel(value: string): string {
  const parts = value.split(SEAM)
  for (let i = parts.length - 1; i > 0; i--) {
    const before = parts[i - 1]!
    const rest = parts.slice(i)
    if (label.test(before) || /^\d{3,}$/.test(before)) return rest.join(SEAM)
    if (/^\p{Lu}[\p{L}-]{2,}$/u.test(before) && isRole(rest.join(''))) return rest.join(SEAM)
  }
  return value
}

const label = /^(?:.*[-_])?(?:e-?mails?|mail|kontakt|contact|tel|telefon|phone|fax|to|von|from|web|adresse|address)$/i

function readQuotedLocal(text: string, last: number): { start: number; value: string } | undefined {
  const open = text.lastIndexOf('"', last - 1)
  if (open < 0 || last - open > 64 || last - open < 2) return undefined
  const value = text.slice(open, last + 1)
  return value.includes(SEAM) ? undefined : { start: open, value }
}

const seamCode = SEAM.charCodeAt(0)
// a local part, the seams in it, and a label glued to it
const longestLocal = 120

/** What pages write in local parts. RFC 5322 allows more signs, but in running text those stand beside an address, not in it. */
const localCodes = new Uint8Array(128)
for (let code = 0; code < 128; code++) if (/[\w.+\-'=]/.test(String.fromCharCode(code))) localCodes[code] = 1
