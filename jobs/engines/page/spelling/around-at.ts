import { isRole } from '../../address/local-part.ts'
import { isStopWord, speaksOfMail } from './email-cues.ts'
import { skipSeams, skipSeamsBack } from './letters.ts'
import { readDomain } from './read-domain.ts'
import { readLooseLocal } from './read-local.ts'

/** The letters of an address as they stand in a text, and how they were written. Not judged yet. */
export interface Spelling {
  /** Without seams and white space; nothing is folded. */
  local: string
  domain: string
  start: number
  end: number
  method: 'text' | 'spaced' | 'at-words'
}

/** What is written around the sign at `at`: undefined where no address can be. Looks at most some 300 characters to each side. */
export function readAround(text: string, at: number): Spelling | undefined {
  let left = skipSeamsBack(text, at - 1)
  let right = skipSeams(text, at + 1)
  const spaceBefore = text[left] === ' '
  const spaceAfter = text[right] === ' '
  if (spaceBefore) left = skipSeamsBack(text, left - 1)
  if (spaceAfter) right = skipSeams(text, right + 1)
  const local = readLooseLocal(text, left)
  if (local === undefined) return undefined
  const domain = readDomain(text, right)
  if (domain === undefined) return undefined
  const method =
    domain.words || local.words ? 'at-words' : spaceBefore || spaceAfter || domain.spaced ? 'spaced' : 'text'
  const spelling: Spelling = { local: local.value, domain: domain.value, start: local.start, end: domain.end, method }
  if (!spaceBefore && !spaceAfter) return method === 'text' ? joinBroken(text, spelling) : spelling
  if (isStopWord(local.value)) return undefined
  // "follow @acme.com" is a handle; "lunch @acme.com" a place
  if (spaceBefore && !spaceAfter && !speaksOfMail(text.slice(0, local.start), local.value)) return undefined
  return spaceBefore && domain.spaced ? joinSpaced(text, spelling) : spelling
}

/** "jane . roe @ acme . com": where all is set apart, so are the dots of the local part. An office behind a dot begins anew. */
function joinSpaced(text: string, spelling: Spelling): Spelling {
  const { local, start } = spelling
  const [before = ''] = /(?<![^ ])(?:[a-z\d][\w+-]* \. ){1,3}$/i.exec(text.slice(Math.max(0, start - 80), start)) ?? []
  const parts = before.split(' . ').slice(0, -1)
  if (parts.length === 0 || parts.some(isStopWord) || isRole(local.toLowerCase())) return spelling
  return { ...spelling, local: [...parts, local].join('.'), start: start - before.length }
}

/** "<ftpm aster@debian.org>": a terminal broke the line within the brackets, which hold nothing but an address. */
function joinBroken(text: string, spelling: Spelling): Spelling {
  const { local, start, end } = spelling
  if (text[end] !== '>' || text[start - 1] !== ' ') return spelling
  const [, begun] = /<([a-z\d][a-z\d._+-]*)$/.exec(text.slice(Math.max(0, start - 32), start - 1)) ?? []
  if (begun === undefined || isStopWord(begun) || mailWord.test(begun)) return spelling
  return { ...spelling, local: begun + local, start: start - 1 - begun.length, method: 'spaced' }
}

/** "<mail info@acme.com>" names what follows. */
const mailWord = /^(?:(?:e-?)?mails?|mailto|kontakt|contact|address|adresse|author|from)$/
