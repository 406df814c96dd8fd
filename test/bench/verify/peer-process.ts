// What a verifier needs of DNS and nothing else: for each address the MX of its domain and the address of the best mail host, each name asked for once and
// remembered; so many addresses in flight. No parsing beyond the @, no verdict, nothing stored.
import { Resolver } from 'node:dns/promises'

import type { BareRun } from './peer.ts'

const { server, inFlight } = JSON.parse(process.argv[2]!) as { server: string; inFlight: number }
// As the product asks.
const resolver = new Resolver({ timeout: 3_000, tries: 2 })
resolver.setServers([server])

process.on('message', (addresses: string[]) => void answer(addresses))
process.on('disconnect', () => process.exit())
process.send!('ready')

async function answer(addresses: string[]): Promise<void> {
  process.send!(await run(addresses))
}

async function run(addresses: string[]): Promise<BareRun> {
  const cpu = process.cpuUsage()
  const from = performance.now()
  const routes = new Map<string, Promise<string[]>>()
  const hosts = new Map<string, Promise<string[]>>()
  const remembered = (known: Map<string, Promise<string[]>>, name: string, look: () => Promise<string[]>) => {
    const before = known.get(name)
    if (before) return before
    const now = look()
    known.set(name, now)
    return now
  }
  const routeOf = async (domain: string) => {
    const [best] = (await resolver.resolveMx(domain)).sort((a, b) => a.priority - b.priority)
    return remembered(hosts, best!.exchange, () => resolver.resolve4(best!.exchange))
  }
  let at = 0
  const one = async () => {
    while (at < addresses.length) {
      const address = addresses[at++]!
      const domain = address.slice(address.lastIndexOf('@') + 1)
      await remembered(routes, domain, () => routeOf(domain))
    }
  }
  await Promise.all(Array.from({ length: inFlight }, one))
  const { user, system } = process.cpuUsage(cpu)
  return { seconds: (performance.now() - from) / 1_000, cpuMs: (user + system) / 1_000 }
}
