import { isStopWord } from './email-cues.ts'
import { isClosing, isOpening } from './letters.ts'
import { readDomain } from './read-domain.ts'

export interface GroupedLocals {
  locals: string[]
  domain: string
  start: number
  end: number
}

/** "{alice, bob}@cs.acme.edu", "[a|b]@acme.com": several local parts in brackets before the sign at `at`, as papers give their authors. */
export function readGroup(text: string, at: number): GroupedLocals | undefined {
  const close = text[at - 1] === ' ' ? at - 2 : at - 1
  if (!isClosing(text.charCodeAt(close))) return undefined
  let start = close - 1
  while (start >= 0 && close - start < longestGroup && !isOpening(text.charCodeAt(start))) start--
  if (!isOpening(text.charCodeAt(start))) return undefined
  const locals = text
    .slice(start + 1, close)
    .trim()
    .split(/\s*[,;|/]\s*(?:(?:and|und|et|y|e)\s+|&\s*)?|\s+(?:and|und|et|&)\s+|\s+/)
  // "jane (remove this) @ acme.com" is a note
  if (locals.length === 2 && locals.some(isStopWord)) return undefined
  if (locals.length < 2 || !locals.every((local) => /^[\p{L}\d][\p{L}\d._+-]{0,63}$/u.test(local))) return undefined
  const domain = readDomain(text, text[at + 1] === ' ' ? at + 2 : at + 1)
  return domain && { locals, domain: domain.value, start, end: domain.end }
}

const longestGroup = 300
