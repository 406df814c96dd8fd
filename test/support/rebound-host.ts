// A process in a network of its own, from which nothing leads outside: an address of the public Internet stands for a web server there, and a private server listens
// beside it. Asks twice for a name that leads to the one and, a minute later, to the other, and prints what came of it.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { performance } from 'node:perf_hooks'

import { OutgoingError } from '../../jobs/outgoing-error.ts'
import { createOutgoing } from '../../jobs/outgoing.ts'

const publicAddress = '93.184.216.34'
execFileSync('ip', ['link', 'set', 'lo', 'up'])
execFileSync('ip', ['address', 'add', `${publicAddress}/32`, 'dev', 'lo'])

const asked: string[] = []
const serve = async (address: string) => {
  // It ends each connection, so that the next request needs a new one.
  const server = createServer({ keepAlive: false }, (_request, response) => {
    asked.push(address)
    response.writeHead(200, { connection: 'close' }).end(`from ${address}`)
  })
  await once(server.listen(8080, address), 'listening')
}
await serve(publicAddress)
await serve('127.0.0.1')

let leadsTo = publicAddress
const outgoing = createOutgoing({
  allowHosts: [],
  userAgent: 'Mailquarry-test',
  resolve: () => Promise.resolve([leadsTo]),
})
const request = () =>
  outgoing.request('http://rebound.example:8080/', { signal: new AbortController().signal }).then(
    ({ body }) => Buffer.from(body).toString(),
    (error: unknown) =>
      error instanceof OutgoingError ? { category: error.category, ...error.details } : String(error),
  )
const first = await request()
leadsTo = '127.0.0.1'
const atOnce = await request()
const clock = performance.now.bind(performance)
performance.now = () => clock() + 60_000
const later = await request()
console.log(JSON.stringify({ first, atOnce, later, asked }))
process.exit()
