/** What a service may find out about an address, before it says so in words of its own. */
export const outcomes = [
  'valid',
  'invalid',
  'catchall',
  'disposable',
  'unknown',
  'webmail',
  'role',
  'spamtrap',
  'abuse',
  'toxic',
  'full',
  'disabled',
] as const

export type Outcome = (typeof outcomes)[number]

/** The first word of the local part says it: `invalid-17@a.test`, `full@a.test`; any other word is `valid`. */
export function outcomeByName(address: string): Outcome {
  const word = /^[a-z]+/i.exec(address)?.[0].toLowerCase()
  return outcomes.find((outcome) => outcome === word) ?? 'valid'
}

export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1)
}

export function localPartOf(address: string): string {
  return address.slice(0, Math.max(0, address.lastIndexOf('@')))
}
