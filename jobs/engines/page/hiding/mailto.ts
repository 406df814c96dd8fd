import { decodePercent } from './encodings.ts'

export interface MailtoTarget {
  /** As written, decoded: mostly an address, sometimes with a name. */
  text: string
  field: 'to' | 'cc' | 'bcc'
}

/**
 * The recipients of a `mailto:` (RFC 6068) in all the ways in which sites get it wrong: semicolons, spaces, "&subject=" without "?", commas
 * encoded, slashes, a second "mailto:".
 */
export function readMailto(href: string): MailtoTarget[] {
  const text = href.replace(/^[\s\0]*(?:mail-?to\s*:\s*(?:\/\/)?\s*)+/i, '')
  const query = text.search(/\?|&(?:amp;)?(?:subject|body|cc|bcc|to)=/i)
  const targets: MailtoTarget[] = []
  addTargets(query < 0 ? text : text.slice(0, query), 'to', targets)
  if (query < 0) return targets
  for (const part of text.slice(query + 1).split(/[&?]/)) {
    const field = /^(?:amp;)?(to|cc|bcc)=/i.exec(part)
    if (field) addTargets(part.slice(field[0].length), field[1]!.toLowerCase() as MailtoTarget['field'], targets)
  }
  return targets
}

function addTargets(list: string, field: MailtoTarget['field'], targets: MailtoTarget[]): void {
  for (const raw of list.split(/[,;]/)) {
    for (const text of splitOutsideQuotes(decodePercent(raw))) {
      const whole = text.trim()
      if (whole.length > longestTarget) continue
      const trimmed = whole.replace(/^(?:mailto:|['<(])+|[.'>)\s]+$/gi, '').trim()
      if (trimmed !== '') targets.push({ text: trimmed, field })
    }
  }
}

/** A name and an address. */
const longestTarget = 1000

function splitOutsideQuotes(text: string): string[] {
  return text.includes('"') ? [text] : text.split(/[,;]/)
}

export function isMailto(href: string): boolean {
  return /^[^\w/.#?]*mail-?to\s*:/i.test(href)
}
