import { decodeHTML } from 'entities'

import type { Admission } from '../spelling/admission.ts'
import { oneLine, SEAM } from '../spelling/letters.ts'
import { rot13 } from '../spelling/rot13.ts'
import { findInText, type TextFind } from '../spelling/text-addresses.ts'
import { decodePercent } from './encodings.ts'

/** Addresses in a text that may itself be a piece of markup, as scripts, feeds and JSON hold it: in its text and in its attributes. */
export function findInMarkup(markup: string, admission: Admission): TextFind[] {
  const decoded = markup.includes('&') ? decodeHTML(markup) : markup
  // a script writes it in ROT13 and turns it as a whole: <n uers="znvygb:…">
  if (/znvygb:/i.test(decoded))
    return findInMarkup(rot13(decoded), admission).map((find) => ({ ...find, method: 'rot13' }))
  if (!decoded.includes('<')) return findInText(oneLine(decodeMailto(decoded)), admission)
  const finds = findInText(
    oneLine(decoded.replace(/<[^<>]{0,2000}>/g, (tag) => (angled.test(tag) ? tag : SEAM))),
    admission,
  )
  for (const [href] of decoded.matchAll(/mailto:[^"'<>\s]{3,300}/gi))
    finds.push(...findInText(decodePercent(href), admission))
  for (const [attribute] of decoded.matchAll(/data-cfemail=["']?[\da-f]+/gi))
    finds.push(...findInText(attribute, admission))
  return finds
}

function decodeMailto(text: string): string {
  return /mailto:|%40/i.test(text) ? decodePercent(text) : text
}

/** "<jane@acme.com>" is no tag. */
const angled = /^<[^\s<>="']+@[^\s<>="']+>$/
