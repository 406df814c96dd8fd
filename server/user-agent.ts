/** An honest name, with where to complain. */
export function userAgentOf({ userAgentContact }: { userAgentContact: string }): string {
  return userAgentContact ? `Mailquarry/0.1 (+${userAgentContact})` : 'Mailquarry/0.1'
}
