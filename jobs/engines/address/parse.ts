import { domainToASCII, domainToUnicode } from 'node:url'

/** Why a text is no address; `refusalWords` has the words for people. */
export type AddressRefusal =
  | 'empty'
  | 'angle_brackets'
  | 'comment'
  | 'no_at'
  | 'several_at'
  | 'too_long'
  | 'local_empty'
  | 'local_too_long'
  | 'local_character'
  | 'local_dot'
  | 'local_quote'
  | 'domain_empty'
  | 'domain_literal'
  | 'domain_unqualified'
  | 'domain_too_long'
  | 'domain_label_empty'
  | 'domain_label_too_long'
  | 'domain_hyphen'
  | 'domain_character'
  | 'domain_idn'
  | 'tld_numeric'

export interface ParsedAddress {
  ok: true
  /** Normal form: `local@domain`. Two texts name the same mailbox, as far as text can tell, exactly when these are equal. */
  address: string
  /** Lower case and NFC; in quotes only where it needs them. */
  local: string
  /** Lower case, A-labels: what DNS and SMTP are asked for. */
  domain: string
  /** The same domain for people to read. */
  domainUnicode: string
}

export interface RefusedAddress {
  ok: false
  reason: AddressRefusal
  /** Where in the text the trouble is, counted in UTF-16 units from 0. */
  at: number
}

/**
 * Reads one address as SMTP accepts it in MAIL and RCPT (RFC 5321 §4.1.2, RFC 6531 for other scripts): no display name, no comments, no
 * folding. White space around it is allowed. Stricter than the grammar in two points, since such an address reaches nobody on the
 * internet: the domain must have a dot, and may not be an IP literal. Idempotent on its own normal form.
 */
export function parseAddress(text: string): ParsedAddress | RefusedAddress {
  let start = 0
  let end = text.length
  while (start < end && isSpace(text.charCodeAt(start))) start++
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--
  if (start === end) return refuse('empty', start)
  if (text.charCodeAt(end - 1) === 0x3e) {
    const bracket = text.lastIndexOf('<', end)
    if (bracket >= start) return refuse('angle_brackets', bracket)
  }

  const local = text.charCodeAt(start) === 0x22 ? readQuoted(text, start, end) : readDotted(text, start, end)
  if (!local.ok) return local
  if (octets(local.value) > 64) return refuse('local_too_long', start)

  const domainStart = local.next + 1
  const domain = readDomain(text, domainStart, end)
  if (!domain.ok) return domain

  const address = `${local.value}@${domain.ascii}`
  if (octets(address) > 254) return refuse('too_long', start)
  return { ok: true, address, local: local.value, domain: domain.ascii, domainUnicode: domain.unicode }
}

/** Half-way house of a reader: the local part in normal form, and where its `@` stands. */
type Local = { ok: true; value: string; next: number } | RefusedAddress

// RFC 5321: Local-part = Dot-string, Atom = 1*atext (RFC 5322 §3.2.3)
function readDotted(text: string, start: number, end: number): Local {
  let ascii = true
  let lower = true
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i)
    if (code === 0x40) {
      if (i === start) return refuse('local_empty', i)
      if (text.charCodeAt(i - 1) === 0x2e) return refuse('local_dot', i - 1)
      const raw = text.slice(start, i)
      if (ascii) return { ok: true, value: lower ? raw : raw.toLowerCase(), next: i }
      const bad = badCharacter(raw)
      if (bad >= 0) return refuse('local_character', start + bad)
      return { ok: true, value: foldCase(raw), next: i }
    }
    if (code === 0x2e) {
      if (i === start || text.charCodeAt(i - 1) === 0x2e) return refuse('local_dot', i)
    } else if (code >= 0x80) ascii = false
    else if (!isAtext(code)) {
      if (!hasAt(text, i, end)) return refuse('no_at', i)
      return refuse(code === 0x28 ? 'comment' : 'local_character', i)
    } else if (code >= 0x41 && code <= 0x5a) lower = false
  }
  return refuse('no_at', end)
}

function readQuoted(text: string, start: number, end: number): Local {
  let content = ''
  for (let i = start + 1; i < end; i++) {
    const char = text[i]!
    if (char === '"') {
      if (text[i + 1] !== '@') return refuse('local_quote', i)
      if (content === '') return refuse('local_empty', start)
      const bad = badCharacter(content)
      if (bad >= 0) return refuse('local_character', start + 1 + bad)
      return { ok: true, value: quoteIfNeeded(foldCase(content)), next: i + 1 }
    }
    const taken = char === '\\' ? text[++i] : char
    // RFC 5321: qtextSMTP and quoted-pairSMTP are printable ASCII and space; no line can be broken inside.
    if (taken === undefined || taken < ' ' || taken === '\x7f') return refuse('local_quote', i)
    content += taken
  }
  return refuse('local_quote', start)
}

// RFC 5321 §4.1.2: "a quoted string that needs no quoting should be sent without"; so both are one mailbox.
function quoteIfNeeded(content: string): string {
  const dotted = readDotted(`${content}@`, 0, content.length + 1)
  if (dotted.ok && dotted.next === content.length) return content
  return `"${content.replace(/["\\]/g, '\\$&')}"`
}

function readDomain(
  text: string,
  start: number,
  end: number,
): { ok: true; ascii: string; unicode: string } | RefusedAddress {
  if (start >= end) return refuse('domain_empty', start)
  if (text.charCodeAt(start) === 0x5b) return refuse('domain_literal', start)
  let ascii = true
  let lower = true
  let punycode = false
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i)
    if (code >= 0x80) ascii = false
    else if (code >= 0x41 && code <= 0x5a) lower = false
    else if (code === 0x2e) {
      if (i === start || text.charCodeAt(i - 1) === 0x2e) return refuse('domain_label_empty', i)
    } else if (code === 0x2d) {
      // an A-label, or one with hyphens in that place that is none: only the conversion can tell
      if (text.charCodeAt(i + 1) === 0x2d) punycode = true
    } else if (!isLetterOrDigit(code)) return refuse(domainRefusal(text, i, end), i)
  }
  if (text.charCodeAt(end - 1) === 0x2e) return refuse('domain_label_empty', end - 1)

  const raw = text.slice(start, end)
  let domain = lower ? raw : raw.toLowerCase()
  if (!ascii) {
    const bad = badCharacter(raw)
    if (bad >= 0) return refuse('domain_character', start + bad)
    // only for names with other letters: the function reads "1.2" as the IPv4 address 1.0.0.2
    domain = domainToASCII(raw)
    if (domain === '') return refuse('domain_idn', start)
  }
  const trouble = checkLabels(domain)
  if (trouble !== undefined) return refuse(trouble, start)
  if (ascii && !punycode) return { ok: true, ascii: domain, unicode: domain }
  const unicode = domainToUnicode(domain)
  // an A-label that does not decode comes back as it was
  if (unicode.split('.').some((label) => label.startsWith('xn--'))) return refuse('domain_idn', start)
  if (unicode !== domain && domainToASCII(unicode) !== domain) return refuse('domain_idn', start)
  return { ok: true, ascii: domain, unicode }
}

/** Why no domain goes on with what stands at `i`. */
function domainRefusal(text: string, i: number, end: number): AddressRefusal {
  if (text.charCodeAt(i) === 0x28) return 'comment'
  return hasAt(text, i, end) ? 'several_at' : 'domain_character'
}

function checkLabels(domain: string): AddressRefusal | undefined {
  if (domain.length > 253) return 'domain_too_long'
  let labelStart = 0
  let digitsOnly = true
  for (let i = 0; i <= domain.length; i++) {
    const code = i < domain.length ? domain.charCodeAt(i) : 0x2e
    if (code === 0x2e) {
      if (i === labelStart) return 'domain_label_empty'
      if (i - labelStart > 63) return 'domain_label_too_long'
      if (domain.charCodeAt(labelStart) === 0x2d || domain.charCodeAt(i - 1) === 0x2d) return 'domain_hyphen'
      if (i < domain.length) {
        labelStart = i + 1
        digitsOnly = true
      }
    } else if (code < 0x30 || code > 0x39) {
      digitsOnly = false
      if (code !== 0x2d && !isLetterOrDigit(code)) return 'domain_character'
    }
  }
  if (labelStart === 0) return 'domain_unqualified'
  return digitsOnly ? 'tld_numeric' : undefined
}

// RFC 6531 lets in all of UTF-8; what cannot be seen, is not assigned, is a full-width twin of ASCII, or stands for a character
// that was lost on the way here, only ever comes from a mistake.
const badInOtherScripts = /[^\p{L}\p{M}\p{N}\p{S}\p{P} ]|[\u{ff01}-\u{ff5e}\u{fe52}\u{fe6b}\u{fffd}]/u

function badCharacter(text: string): number {
  return text.search(badInOtherScripts)
}

function foldCase(text: string): string {
  return text.normalize('NFC').toLowerCase().normalize('NFC')
}

function octets(text: string): number {
  let count = text.length
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 0x80) count += code < 0x800 || (code >= 0xd800 && code <= 0xdfff) ? 1 : 2
  }
  return count
}

function hasAt(text: string, from: number, end: number): boolean {
  const at = text.indexOf('@', from)
  return at >= 0 && at < end
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d)
}

function isLetterOrDigit(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || (code >= 0x30 && code <= 0x39)
}

// RFC 5322 §3.2.3
const otherAtext = "!#$%&'*+-/=?^_`{|}~"

function isAtext(code: number): boolean {
  return isLetterOrDigit(code) || otherAtext.includes(String.fromCharCode(code))
}

function refuse(reason: AddressRefusal, at: number): RefusedAddress {
  return { ok: false, reason, at }
}
