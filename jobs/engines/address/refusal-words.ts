import type { AddressRefusal, RefusedAddress } from './parse.ts'

/** What exactly keeps a text from being an address, as the rest of a sentence that begins with it: `has a blank before the @, which no address has`. */
export function refusalWords(text: string, { reason, at }: RefusedAddress): string {
  const rest = text.slice(at).trimEnd()
  return exactWords[reason]?.(rest, text.slice(0, at).trimStart()) ?? plainWords[reason]
}

/** By what stands from the trouble on, and before it. Undefined where the text does not show it, as where a domain is too long only in A-labels. */
const exactWords: Partial<Record<AddressRefusal, (rest: string, before: string) => string | undefined>> = {
  local_character: (rest) => `has ${characterOf(rest)} before the @, which no address has`,
  domain_character: (rest) =>
    /^[\p{L}\p{N}]/u.test(rest) ? undefined : `has ${characterOf(rest)} behind the @, which no domain has`,
  local_dot(rest, before) {
    if (before === '') return 'begins with a dot'
    return rest.startsWith('.@') && !before.endsWith('.') ? 'has a dot right before the @' : undefined
  },
  domain_label_empty(rest, before) {
    if (before.endsWith('@')) return 'has a dot right behind the @'
    return rest === '.' && !before.endsWith('.') ? 'ends with a dot' : undefined
  },
  local_too_long(rest) {
    const local = rest.slice(0, rest.startsWith('"') ? rest.lastIndexOf('@') : rest.indexOf('@'))
    return tooLong(local, 64, (length, more) => `has ${length} before the @, ${more} than mail allows`)
  },
  too_long: (rest) =>
    inAscii(rest) && tooLong(rest, 254, (length, more) => `is ${length} long, ${more} than mail allows`),
  domain_too_long: (rest) =>
    inAscii(rest) && tooLong(rest, 253, (length, more) => `has ${length} behind the @, ${more} than a domain may have`),
  domain_label_too_long(rest) {
    const label = rest.split('.').find((part) => part.length > 63) ?? ''
    const words = (length: string, more: string) =>
      `has “${shortened(label)}” in the domain: ${length} without a dot, ${more} than a domain may have`
    return inAscii(rest) && tooLong(label, 63, words)
  },
  domain_hyphen(rest) {
    const label = rest.split('.').find((part) => part.startsWith('-') || part.endsWith('-'))
    return label && `has “${shortened(label)}” in the domain, where nothing may begin or end with a hyphen`
  },
  domain_unqualified: (rest) => `has the domain “${shortened(rest)}”, which has no dot`,
  tld_numeric: (rest) =>
    `ends in “.${shortened(rest.slice(rest.lastIndexOf('.') + 1))}”: no top-level domain is a number`,
}

const plainWords: Record<AddressRefusal, string> = {
  empty: 'is empty',
  angle_brackets: 'stands in angle brackets, as behind a name in a mail header: the address alone is asked for',
  comment: 'has a comment in round brackets: the address alone is asked for',
  no_at: 'has no @',
  several_at: 'has more than one @',
  too_long: 'is longer than 254 octets',
  local_empty: 'has nothing before the @',
  local_too_long: 'has more than 64 octets before the @',
  local_character: 'has a character before the @ that no address has',
  local_dot: 'has two dots in a row before the @',
  local_quote: 'has a quoted part that is not closed right before the @',
  domain_empty: 'has nothing behind the @',
  domain_literal: 'names an IP address instead of a domain',
  domain_unqualified: 'has a domain without a dot',
  domain_too_long: 'has a domain longer than 253 octets',
  domain_label_empty: 'has two dots in a row behind the @',
  domain_label_too_long: 'has more than 63 octets without a dot in the domain',
  domain_hyphen: 'has a part of the domain that begins or ends with a hyphen',
  domain_character: 'has a character behind the @ that no domain has',
  domain_idn: 'has an international domain that is not valid (UTS 46)',
  tld_numeric: 'has a top-level domain of digits alone',
}

/** The first one; by its number too where the eye may take it for another, and by that alone where it is not seen. */
function characterOf(text: string): string {
  const code = text.codePointAt(0) ?? 0
  if (code === 0x20) return 'a blank'
  if (code === 0x09) return 'a tab'
  if (code === 0x0a || code === 0x0d) return 'a line break'
  const character = String.fromCodePoint(code)
  const number = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
  if (/[\p{C}\p{Z}\p{M}]/u.test(character)) return `the unseen character ${number}`
  return code < 0x80 ? `“${character}”` : `“${character}” (${number})`
}

/** As DNS has it: of other scripts the A-labels are what is too long. */
function inAscii(text: string): true | undefined {
  return /^\p{ASCII}*$/u.test(text) || undefined
}

function tooLong(part: string, most: number, words: (length: string, more: string) => string): string | undefined {
  const count = octets(part)
  const unit = count === part.length ? 'characters' : 'octets'
  return count > most ? words(`${count} ${unit}`, `${count - most} more`) : undefined
}

function octets(text: string): number {
  return new TextEncoder().encode(text).length
}

function shortened(text: string): string {
  return text.length > 24 ? `${text.slice(0, 23).toWellFormed()}…` : text
}
