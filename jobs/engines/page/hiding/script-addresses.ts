import { isRole } from '../../address/local-part.ts'
import type { Method } from '../found-email.ts'
import type { Admission } from '../spelling/admission.ts'
import { oneLine } from '../spelling/letters.ts'
import { rot13 } from '../spelling/rot13.ts'
import { joinPair } from './data-attributes.ts'
import type { Discovery, Tell } from './discovery.ts'
import { decodeTypo3 } from './encodings.ts'
import { readScriptStrings } from './javascript-strings.ts'
import { findInMarkup } from './markup-text.ts'

/** Tells the addresses that a script holds or puts together. Nothing is run. */
export function readScript(code: string, admission: Admission, tell: Tell, depth = 0): void {
  if (!mayHoldAddress(code)) return
  const shifts = shiftsIn(code)
  const around = (start: number) => oneLine(code.slice(Math.max(0, start - 40), start + 240)).slice(0, 200)
  const tellAll = (text: string, method: Method, start: number, doubt?: Discovery['doubt']): boolean => {
    const finds = findInMarkup(text, admission)
    for (const find of finds) {
      const plain = find.method === 'text' || find.method === 'spaced'
      tell({
        admitted: find.admitted,
        method: plain ? method : find.method,
        snippet: around(start),
        ...(doubt && { doubt }),
      })
    }
    return finds.length > 0
  }
  readScriptStrings(code, {
    text(value) {
      if (value.text.length >= 6 && value.text.length < 300)
        for (const shift of shifts) tellAll(shiftLetters(value.text, shift), 'script', value.start)
      if (!worthALook.test(value.text)) return
      tellAll(
        value.text,
        value.base64 ? 'base64' : value.escaped && !value.made ? 'script-escape' : 'script',
        value.start,
      )
    },
    object(names, values, start) {
      if (!names.some((name) => /^(?:user|username|local|local_?part|mailbox|account)$/i.test(name))) return
      if (!names.some((name) => /^(?:mail_?)?domain(?:_?name)?$/i.test(name))) return
      for (const { text, method } of joinPair(names, values))
        if (tellAll(text, method === 'data-attribute' ? 'script' : method, start, 'guessed-pair')) return
    },
    call(name, values, start) {
      const first = values[0]!
      if (/uncrypt|decrypt/i.test(name)) {
        const text = decodeTypo3(first)
        if (text !== undefined) tellAll(text, 'script', start)
      } else if (/rot_?13/i.test(name)) {
        // ".org" becomes ".bet", and ".fr" becomes ".se": the domain alone does not tell
        return tellAll(rot13(first), 'rot13', start)
      } else if (name === 'eval') {
        if (depth < deepestEval) readScript(first, admission, tell, depth + 1)
      } else if (/mail|addr|contact|kontakt|spam/i.test(name)) {
        for (const text of joinArguments(values)) if (tellAll(text, 'script', start, 'guessed-pair')) return false
      }
      return false
    },
  })
}

/** Code in code in code. */
const deepestEval = 3

/** What a program does to the codes of letters before it makes letters of them. */
interface Shift {
  sign: string
  amount: number
}

/** `String.fromCharCode(text.charCodeAt(i) - 3)`, `fromCharCode(codes[i] ^ 42)`; in programs that are short enough to be about nothing else. */
function shiftsIn(code: string): Shift[] {
  if (code.length > 20_000 || !code.includes('fromCharCode')) return []
  const shifts = code.matchAll(/fromCharCode\([^;{}]{1,80}?([-+^])\s{0,3}(0x[\da-f]{1,2}|\d{1,3})\s{0,3}\)/gi)
  return Array.from(shifts.take(4), ([, sign, amount]) => ({ sign: sign!, amount: Number(amount) }))
}

function shiftLetters(text: string, { sign, amount }: Shift): string {
  let shifted = ''
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    shifted += String.fromCharCode(sign === '^' ? code ^ amount : sign === '-' ? code - amount : code + amount)
  }
  return shifted
}

/** One look with little cost at scripts that hold nothing: most of them. */
export function mayHoldAddress(code: string): boolean {
  return (
    marks.some((mark) => code.includes(mark)) ||
    (code.includes('domain') && /\b(?:user|username|local|mailbox|account)['"]?\s*:/i.test(code))
  )
}

// what an "@" can be made from, and functions that make one
const marks = [
  '@',
  '\\x40',
  '\\u0040',
  '\\u{40',
  '%40',
  '&#64',
  '&#x40',
  '&commat',
  'fromCharCode',
  'atob(',
  'UnCryptMailto',
  'ailto',
  'ailTo(',
  'pam(',
  '\\100',
  'Mail(',
  'mail(',
  '[at]',
  '(at)',
]

const worthALook = /@|%40|&#|&commat|[[({]\s?at\s?[\])}]|\bat\b|arroba/i

/** mail('info', 'acme.com'), mail('acme.com', 'info'), mail('info', 'acme', 'com'), mail('com', 'acme', 'info') */
function joinArguments(values: string[]): string[] {
  const parts = values.slice(0, 4).filter((value) => /^[\w.+-]{1,100}$/.test(value))
  if (parts.length < 2) return []
  const [first, second, third] = parts
  const texts = [`${first}@${second}`, `${second}@${first}`]
  if (third !== undefined) {
    const both = [`${first}@${second}.${third}`, `${third}@${second}.${first}`]
    // "info" is a suffix too
    texts.unshift(...(isRole(third) && !isRole(first!) ? both.reverse() : both))
  }
  return texts
}
