import { Resolver } from 'node:dns/promises'

/**
 * Each try is another message, and an answer to the one before is lost by it. How long it waits follows from how soon others were answered, whatever is asked for
 * here; so that who is slow once is not given up, there are more tries: 5 to 12 s in all. Who resolves for us has the answer by then and gives it at once.
 * Also a process that was busy for a while has let a try pass, with the answer lying there.
 */
const patience = { timeout: 3_000, tries: 4, maxTimeout: 3_000 }

/** Asks the system's resolvers unless others are named, as `address` or `address:port`. */
export function openResolver(servers: readonly string[] = []): Resolver {
  const resolver = new Resolver(patience)
  if (servers.length > 0) resolver.setServers([...servers])
  return resolver
}
