import { isDisposable } from '../address/disposable.ts'
import { meantDomain } from '../address/domain-typo.ts'
import { isGibberish } from '../address/gibberish.ts'
import { hasPlusTag } from '../address/link-key.ts'
import { taskOf } from '../address/local-part.ts'
import { isFreeProvider } from '../address/mail-providers.ts'
import { parseAddress } from '../address/parse.ts'
import { suffixFacts } from '../address/public-suffix.ts'
import type { MailRoute, RefusedText, TextFacts } from './evidence.ts'

/** All that the text of an address tells, by the grammar and the lists. Any text may come in. */
export function textFacts(given: string): TextFacts | RefusedText {
  const parsed = parseAddress(given)
  if (!parsed.ok) return { ok: false, given: shown(given), refusal: parsed.reason, position: parsed.at }
  const { address, local, domain } = parsed
  const { registrable, tldKnown, free, disposable, meant } = domainText(domain)
  const role = taskOf(local) !== undefined
  return {
    ok: true,
    address,
    local,
    domain,
    registrable,
    tldKnown,
    role,
    free,
    disposable,
    plusTag: hasPlusTag(local),
    gibberish: !role && isGibberish(local),
    suggestion: meant === undefined ? null : `${local}@${meant}`,
  }
}

interface DomainText extends Pick<TextFacts, 'registrable' | 'tldKnown' | 'free' | 'disposable'> {
  meant: string | undefined
}

const memo = new Map<string, DomainText>()
/** A list may name tens of thousands of domains, and come back to each. */
const mostRemembered = 32_768

/** What the name of a domain alone tells. */
function domainText(domain: string): DomainText {
  const known = memo.get(domain)
  if (known) return known
  const { registrable = null, knownSuffix } = suffixFacts(domain)
  const facts = {
    registrable,
    tldKnown: knownSuffix,
    free: isFreeProvider(domain),
    disposable: isDisposable(domain),
    meant: meantDomain(domain),
  }
  if (memo.size >= mostRemembered) memo.clear()
  memo.set(domain, facts)
  return facts
}

/** Whether the mail of a domain goes to a disposable provider: by its own name, or that of a host that takes it. */
export function isDisposableDomain(domain: string, route: MailRoute): boolean {
  // Thousands of domains have their mail at a few hosts.
  return (
    domainText(domain).disposable ||
    (route.kind === 'mx' && route.hosts.some(({ host }) => domainText(host).disposable))
  )
}

/** Cut, and without what no database takes: a NUL, half of a surrogate pair. */
function shown(given: string): string {
  return given.slice(0, 400).replace(/\0/g, '\ufffd').toWellFormed()
}
