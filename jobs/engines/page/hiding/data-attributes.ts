import { decodeHTML } from 'entities'

import type { Method } from '../found-email.ts'
import { rot13 } from '../spelling/rot13.ts'
import { turn } from '../spelling/turned.ts'
import { decodeBase64, decodeCodes, decodeEscapes, decodeHex, decodePercent, decodeTypo3 } from './encodings.ts'

/** A text that may hold an address, and the way in which it was written. */
export interface HiddenText {
  text: string
  method: Method
}

/**
 * What may be an address in the data attributes of one element: whole values, plain or encoded, and values of a pair such as `data-user` and
 * `data-domain`. Names without "data-". Of each list the first that turns out to be an address is the one that is meant.
 */
export function readDataAttributes(names: string[], values: string[]): HiddenText[][] {
  const found: HiddenText[][] = []
  for (const [i, value] of values.entries()) {
    // what a form proposes is no address of anybody
    if (names[i]!.includes('placeholder')) continue
    const readings = readValue(names[i]!, value)
    if (readings.length > 0) found.push(readings)
  }
  for (const [i, value] of values.entries()) {
    const fields = /^\s*[{[]/.test(value) ? readFields(value) : undefined
    if (fields !== undefined) found.push(joinPair(fields.names, fields.values))
    else if (/mail|kontakt|contact/.test(names[i]!)) found.push(readSplit(value))
  }
  if (values.length > 1) found.push(joinPair(names, values))
  return found
}

function readValue(name: string, value: string): HiddenText[] {
  if (value.length < 6 || value.length > 20_000) return []
  const readings: HiddenText[] = []
  const text = decodeEscapes(decodePercent(value.includes('&') ? decodeHTML(value) : value))
  if (text.includes('@') || /[[({<]\s?at|arroba|\bat\b/i.test(text)) {
    // ".org" turned is ".bet", another suffix: where the name says how, that comes first
    if (/(?:^|-)rot-?(?:13|$)/.test(name)) readings.push({ text: rot13(text), method: 'rot13' })
    readings.push({ text, method: 'data-attribute' })
    // "data-enc-email" of the WordPress plug-in Email Encoder is always ROT13, with the sign or with "[at]"
    if (/enc|rot/.test(name)) readings.push({ text: rot13(text), method: 'rot13' })
  }
  const base64 = decodeBase64(text)
  if (base64 !== undefined) readings.push({ text: base64, method: 'base64' }, { text: turn(base64), method: 'base64' })
  const hidden = decodeHex(value) ?? decodeCodes(value) ?? (name.endsWith('token') ? decodeTypo3(value) : undefined)
  if (hidden !== undefined) readings.push({ text: hidden, method: 'data-attribute' })
  return readings
}

/** `{"user": "info", "domain": "acme.com"}`, `["info", "acme.com"]` */
function readFields(value: string): { names: string[]; values: string[] } | undefined {
  if (value.length > 1_000) return undefined
  try {
    const parsed: unknown = JSON.parse(value)
    if (typeof parsed !== 'object' || parsed === null) return undefined
    const entries = Object.entries(parsed).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
    const names = Array.isArray(parsed)
      ? ['user', 'domain', 'tld'].slice(0, entries.length)
      : entries.map(([name]) => name)
    return { names, values: entries.slice(0, names.length).map(([, text]) => text) }
  } catch {
    return undefined
  }
}

/** `info|acme.com`, `info#acme.com` in an attribute that is named for mail. */
function readSplit(value: string): HiddenText[] {
  const [, local, domain] =
    /^([\w.+-]{1,64})[|#*~,;:!/^]{1,3}((?:[a-z\d-]{1,63}\.)+[a-z]{2,})$/i.exec(value.slice(0, 330)) ?? []
  return local === undefined ? [] : [{ text: `${local}@${domain}`, method: 'data-attribute' }]
}

const userNames = new Set(
  `user username local localpart local-part account mailbox login part1 part-1 p1 first before prefix u recipient contact box nick to
  handle e1 left start alias`.split(/\s+/),
)
const domainNames = new Set(
  `domain host hostname server site website d dom provider part2 part-2 p2 after suffix company org at e2 right end last second domainname
  domain-name domainpart domain-part hostpart host-part url`.split(/\s+/),
)
const tldNames = new Set('tld ext extension zone top part3 part-3 p3 third e3 t c dotcom'.split(' '))

/** "user" and "domain", perhaps "tld", whatever they are called, joined: plain, turned round, in base64, in ROT13. */
export function joinPair(names: string[], values: string[]): HiddenText[] {
  let user: string | undefined
  let domain: string | undefined
  let tld: string | undefined
  let name: string | undefined
  let signed = false
  for (const [i, attribute] of names.entries()) {
    const stem = attribute.toLowerCase().replace(/^(?:e-?)?mail-?(?=.)|-?(?:e-?)?mail$/g, '')
    const value = values[i]!.trim()
    // data-at="@"
    if (value === '' || value === '@' || value.length > 253) {
      if (value === '@') signed = true
      continue
    }
    if (userNames.has(stem) || stem === '') user ??= value
    else if (domainNames.has(stem) && domain === undefined) domain = value
    // data-domain="acme" data-suffix="com"
    else if (domainNames.has(stem) && !domain!.includes('.')) tld ??= value
    else if (tldNames.has(stem)) tld ??= value
    else if (stem === 'name') {
      // "mail-name" is no name of a firm
      if (stem === attribute.toLowerCase()) name ??= value
      else user ??= value
    }
  }
  // "name" and "domain" describe a firm just as well, but not with "tld" or a sign
  if (tld !== undefined || signed) user ??= name
  if (user === undefined || domain === undefined) return []
  const host = tld === undefined ? domain : `${domain}.${tld.replace(/^\./, '')}`
  const joined: HiddenText[] = []
  const add = (local: string | undefined, at: string | undefined, method: Method): void => {
    const name = local?.replace(/@$/, '') ?? ''
    const host = at?.replace(/^@/, '') ?? ''
    if (/^[\p{L}\d._%+-]+$/u.test(name) && /^[\p{L}\d-]+(?:\.[\p{L}\d-]+)+$/u.test(host))
      joined.push({ text: `${name}@${host}`, method })
  }
  add(user, host, 'data-attribute')
  add(turn(user), turn(domain), 'reversed')
  add(decodeBase64(user, 4), decodeBase64(domain, 4), 'base64')
  add(rot13(user), rot13(host), 'rot13')
  return joined
}
