import type { Method } from '../found-email.ts'
import type { Admission } from '../spelling/admission.ts'
import { oneLine } from '../spelling/letters.ts'
import { rot13 } from '../spelling/rot13.ts'
import { findInText } from '../spelling/text-addresses.ts'
import type { Tell } from './discovery.ts'
import { decodeBase64, decodeCloudflare, decodePercent } from './encodings.ts'
import { readMailto } from './mailto.ts'
import { readScript } from './script-addresses.ts'
import { readVcards } from './vcard.ts'

/** Tells the addresses that a link leads to: mailto, Cloudflare's page, a script, a card, a form for mail, an address without "mailto:". */
export function readLinkAddresses(href: string, admission: Admission, tell: Tell): void {
  // browsers take white space and control characters out of the front
  const link = href.trimStart().replace(/^[^\w/.#?]+/, '')
  const colon = link.indexOf(':')
  const scheme = link.slice(0, Math.max(0, colon)).replaceAll(/\s+/g, '').toLowerCase()
  if (scheme === 'mailto' || scheme === 'mail-to') readMailtoAddresses(link, 'mailto', admission, tell)
  else if (scheme === 'mail' || scheme === 'email')
    readMailtoAddresses(link.slice(colon + 1), 'mailto', admission, tell)
  else if (scheme === 'javascript') readScript(decodePercent(link.slice(colon + 1)), admission, tell)
  else if (scheme === 'znvygb') readMailtoAddresses(rot13(link), 'rot13', admission, tell)
  else if (scheme === 'data') readDataUrl(link, admission, tell)
  else if (link.includes('/email-protection#'))
    readCloudflareAddress(link.slice(link.indexOf('#') + 1), admission, tell)
  else if (misplacedMailto.test(link)) readMailtoAddresses(link.replace(misplacedMailto, ''), 'mailto', admission, tell)
  else if (/[?&](?:[^=&#]*mail[^=&#]*|to|cc|bcc|recipient|src)=[^&#]*(?:@|%40)/i.test(link))
    readParameters(link, admission, tell)
  else if (colon < 0 && !link.includes('/')) readBareAddress(link, admission, tell)
}

/** Some forms for links put "http://", a slash or the site before whatever is typed, or encode the colon. */
const misplacedMailto = /^(?:[^?#]{0,200}[/#])?mailto(?::|%3a)/i

export function readCloudflareAddress(value: string, admission: Admission, tell: Tell): void {
  const text = decodeCloudflare(/^[\da-f]*/i.exec(value)![0])
  if (text !== undefined) readMailtoAddresses(text, 'cloudflare', admission, tell)
}

function readMailtoAddresses(link: string, method: Method, admission: Admission, tell: Tell): void {
  for (const { text, field } of readMailto(link)) {
    const [, name, written] = /^(.*?)\s*<([^<>]*)>?$/.exec(text) ?? [undefined, '', text]
    // no space belongs there, but some get in
    const compact = written.startsWith('"') ? written : written.replace(/\s+/g, '')
    const at = compact.lastIndexOf('@')
    const admitted = at > 0 ? admission.admit(compact.slice(0, at), compact.slice(at + 1)) : undefined
    const personName = name.replace(/^["']|["']$/g, '').trim()
    if (admitted !== undefined) {
      tell({
        admitted,
        method,
        ...(personName !== '' && { person: { personName } }),
        ...(field !== 'to' && { doubt: 'copy' }),
      })
      continue
    }
    for (const find of findInText(oneLine(text), admission))
      tell({ admitted: find.admitted, method: find.method === 'text' ? method : find.method })
  }
}

/** `https://mail.google.com/mail/?view=cm&to=info@acme.com`, `/contact?email=info%40acme.com` */
function readParameters(link: string, admission: Admission, tell: Tell): void {
  for (const part of link.slice(link.indexOf('?') + 1).split(/[&#]/)) {
    const parameter = /^(?:[^=]*mail[^=]*|to|cc|bcc|recipient|src)=(.*)$/i.exec(part)
    if (parameter === null) continue
    for (const find of findInText(oneLine(decodePercent(parameter[1]!.replaceAll('+', ' '))), admission)) {
      tell({ admitted: find.admitted, method: 'link-parameter', snippet: link.slice(0, 200) })
    }
  }
}

/** `href="info@acme.com"`: a mailto that somebody forgot. */
function readBareAddress(link: string, admission: Admission, tell: Tell): void {
  const text = decodePercent(link.split('?', 1)[0]!)
  const at = text.lastIndexOf('@')
  const admitted = at > 0 ? admission.admit(text.slice(0, at), text.slice(at + 1)) : undefined
  if (admitted !== undefined) tell({ admitted, method: 'attribute', doubt: 'bare-link' })
}

function readDataUrl(link: string, admission: Admission, tell: Tell): void {
  const comma = link.indexOf(',')
  if (comma < 0 || comma > 200 || !/vcard|directory/i.test(link.slice(0, comma))) return
  const content = link.slice(comma + 1)
  const text = /;base64$/i.test(link.slice(0, comma))
    ? (decodeBase64(decodePercent(content)) ?? '')
    : decodePercent(content)
  readVcardAddresses(text, admission, tell)
}

export function readVcardAddresses(text: string, admission: Admission, tell: Tell): void {
  for (const { emails, person, start } of readVcards(text)) {
    for (const email of emails) {
      const at = email.lastIndexOf('@')
      const admitted = at > 0 ? admission.admit(email.slice(0, at), email.slice(at + 1)) : undefined
      if (admitted !== undefined)
        tell({ admitted, method: 'vcard', person, snippet: oneLine(text.slice(start, start + 400)).slice(0, 200) })
    }
  }
}
