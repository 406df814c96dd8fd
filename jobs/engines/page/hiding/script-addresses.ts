import type { Method } from '../found-email.ts'
import type { Admission } from '../spelling/admission.ts'
import { oneLine } from '../spelling/letters.ts'
import { joinPair } from './data-attributes.ts'
import type { Discovery, Tell } from './discovery.ts'
import { decodeTypo3 } from './encodings.ts'
import { readScriptStrings } from './javascript-strings.ts'
import { findInMarkup } from './markup-text.ts'

/** Tells the addresses that a script holds or puts together. Nothing is run. */
export function readScript(code: string, admission: Admission, tell: Tell): void {
  if (!mayHoldAddress(code)) return
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
      } else if (/mail|addr|contact|kontakt/i.test(name)) {
        for (const text of joinArguments(values)) if (tellAll(text, 'script', start, 'guessed-pair')) return
      }
    },
  })
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
  if (third !== undefined) texts.unshift(`${first}@${second}.${third}`, `${third}@${second}.${first}`)
  return texts
}
