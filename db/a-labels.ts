import { domainToASCII } from 'node:url'

/**
 * What people write in the letters of a language (`bücher.de`, `info@bücher.de`) as addresses, domains and hosts are stored, in A-labels. A part of a
 * domain will do, as long as its labels are whole.
 */
export function inALabels(text: string): string {
  if (!beyondAscii.test(text)) return text
  const domainAt = text.lastIndexOf('@') + 1
  const domain = text.slice(domainAt).replaceAll(/[\p{L}\p{M}\p{N}-]+/gu, (label) => {
    // It reads numbers as IP addresses.
    return beyondAscii.test(label) ? domainToASCII(label) || label : label
  })
  return text.slice(0, domainAt) + domain
}

// oxlint-disable-next-line no-control-regex -- ASCII is what it looks for
const beyondAscii = /[^\0-\x7f]/
