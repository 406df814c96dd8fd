import { disposableEmailBlocklistSet } from 'disposable-email-domains-js'

import { domainFacts } from './public-suffix.ts'

/**
 * Whether a domain, in A-labels, gives mailboxes to throw away. By the community's block list (disposable-email-domains, CC0), which is
 * curated entry by entry; the larger lists that collect from everywhere also hold providers where people live.
 */
export function isDisposable(domain: string): boolean {
  if (listed.has(domain)) return true
  // `box.mailinator.com` is its owner's too, but nothing above what somebody registered is.
  const { registrable } = domainFacts(domain)
  for (let name = domain; name !== registrable && name.includes('.');) {
    name = name.slice(name.indexOf('.') + 1)
    if (listed.has(name)) return true
  }
  return false
}

const listed = disposableEmailBlocklistSet()
