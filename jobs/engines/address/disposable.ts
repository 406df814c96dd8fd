import { disposableEmailBlocklistSet } from 'disposable-email-domains-js'

import { isFreeProvider } from './mail-providers.ts'
import { suffixFacts } from './public-suffix.ts'

/**
 * Whether a domain, in A-labels, gives mailboxes to throw away. By the community's block list (disposable-email-domains, CC0), which is
 * curated entry by entry; the larger lists that collect from everywhere also hold many providers where people live. It has two of those
 * as well (21cn.com, sify.com): our own list of providers wins.
 */
export function isDisposable(domain: string): boolean {
  if (isFreeProvider(domain)) return false
  if (listed.has(domain)) return true
  // `box.mailinator.com` is its owner's too, but nothing above what somebody registered is.
  const { registrable } = suffixFacts(domain)
  for (let name = domain; name !== registrable && name.includes('.');) {
    name = name.slice(name.indexOf('.') + 1)
    if (listed.has(name)) return true
  }
  return false
}

const listed = disposableEmailBlocklistSet()
