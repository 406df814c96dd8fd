import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

import { seeded } from './seeded.ts'
import { startSite } from './site.ts'
import type { Site } from './site.ts'

export interface GeneratedSiteOptions {
  /** The same seed and sizes give the same pages, byte for byte. */
  seed?: number
  hosts?: number
  pagesPerHost?: number
  /** Links of a page to pages of its own host, the menu not counted. */
  linksPerPage?: number
  addressesPerPage?: number
  /** Of a hundred addresses, how many also stand on an earlier page. */
  repeatedPercent?: number
  /** Size of a page, about. */
  pageBytes?: number
  /** Each host on its own port of 127.0.0.1, or, where the system has them all (Linux), on its own 127.0.x.y. */
  by?: 'port' | 'ip'
  delayMs?: number
  /** Each so-manieth page also links to one that is gone (404); 0: none does. */
  goneEvery?: number
  /** Keep a log of the requests; off, so that memory stays flat. */
  log?: boolean
}

/** A place in a generated site where an address stands. */
export interface Placed {
  address: string
  sourceUrl: string
}

export interface GeneratedSite {
  /** Start page of each host. */
  startUrls: string[]
  sites: Site[]
  pages: number
  /** Another pause before each answer from now on. */
  setDelay(delayMs: number): void
  /** All addresses with their pages, computed as they are asked for: page by page, host by host. */
  placed(): Generator<Placed>
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Big sites for benches and chaos runs. Pages are computed when they are asked for, so a million cost no memory. Every page is reachable: page n links to
 * its children in a tree, the other links go anywhere on the host. The start page of a host links to the next host.
 */
export async function startGeneratedSite(options: GeneratedSiteOptions = {}): Promise<GeneratedSite> {
  const plan = { ...defaults, ...options }
  const sites: Site[] = []
  const close = async () => void (await Promise.all(sites.map((site) => site.close())))
  const originOf = (host: number) => sites[host % sites.length]!.url
  try {
    for (let host = 0; host < plan.hosts; host += 1) {
      const handler = async (request: IncomingMessage, response: ServerResponse, signal: AbortSignal) => {
        if (plan.delayMs > 0) await sleep(plan.delayMs, undefined, { signal })
        const number = pageNumber(request.url ?? '/')
        if (number === undefined || number >= plan.pagesPerHost) {
          response.writeHead(404, { 'content-type': 'text/html; charset=utf-8' }).end('<title>Not found</title>')
          return
        }
        response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
        response.end(pageHtml(plan, host, number, number === 0 ? originOf(host + 1) : undefined))
      }
      const ip = plan.by === 'ip' ? `127.0.${1 + Math.floor(host / 250)}.${1 + (host % 250)}` : '127.0.0.1'
      sites.push(await startSite({ handler, host: ip, log: plan.log }))
    }
  } catch (error) {
    await close()
    throw error
  }
  return {
    startUrls: sites.map((site) => `${site.url}/`),
    sites,
    pages: plan.hosts * plan.pagesPerHost,
    setDelay(delayMs) {
      plan.delayMs = delayMs
    },
    *placed() {
      for (const [host, site] of sites.entries())
        for (let page = 0; page < plan.pagesPerHost; page += 1)
          for (const address of addressesOf(plan, host, page)) yield { address, sourceUrl: site.url + pathOf(page) }
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

type Plan = Required<GeneratedSiteOptions>

const defaults: Plan = {
  seed: 1,
  hosts: 1,
  pagesPerHost: 100,
  linksPerPage: 10,
  addressesPerPage: 2,
  repeatedPercent: 20,
  pageBytes: 4_000,
  by: 'port',
  delayMs: 0,
  goneEvery: 0,
  log: false,
}

function pathOf(page: number): string {
  return page === 0 ? '/' : `/section-${page % 97}/page-${page}.html`
}

function pageNumber(path: string): number | undefined {
  if (path === '/') return 0
  const match = /^\/section-\d+\/page-(\d+)\.html$/.exec(path)
  const page = match ? Number(match[1]) : undefined
  return page !== undefined && pathOf(page) === path ? page : undefined
}

/** The addresses of one page, each once. */
function addressesOf(plan: Plan, host: number, page: number): string[] {
  const random = seeded(plan.seed, host, page, 1)
  const here = new Set<string>()
  for (let place = 0; place < plan.addressesPerPage; place += 1) {
    const repeated = page > 0 && random() * 100 < plan.repeatedPercent
    const owner = repeated ? Math.floor(random() * page) : page
    here.add(addressOf(plan, host, owner, place))
  }
  return [...here]
}

function addressOf(plan: Plan, host: number, page: number, place: number): string {
  const random = seeded(plan.seed, host, page, 100 + place)
  const first = pick(random, firstNames)
  const last = pick(random, lastNames)
  return `${first}.${last}${page * plan.addressesPerPage + place}@${pick(random, trades)}-works-${host + 1}.com`
}

function pageHtml(plan: Plan, host: number, page: number, nextOrigin: string | undefined): string {
  const random = seeded(plan.seed, host, page, 2)
  const links = new Set<number>()
  // The tree that makes every page reachable.
  for (let child = page * 4 + 1; child <= page * 4 + 4 && child < plan.pagesPerHost; child += 1) links.add(child)
  for (let tries = 0; links.size < plan.linksPerPage && tries < plan.linksPerPage * 2; tries += 1)
    links.add(Math.floor(random() * plan.pagesPerHost))
  const parts = [
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Page ${page} of host ${host + 1}</title></head><body>`,
    `<nav><a href="/">Home</a>${nextOrigin === undefined ? '' : ` <a href="${nextOrigin}/">Our sister firm</a>`}</nav><main><h1>Page ${page}</h1>`,
  ]
  if (plan.goneEvery > 0 && page % plan.goneEvery === 0)
    parts.push(`<p>Once <a href="/gone/${page}.html">here</a>.</p>`)
  let size = 0
  const add = (part: string) => {
    parts.push(part)
    size += part.length
  }
  const waiting = [
    ...addressesOf(plan, host, page).map((address, place) =>
      place % 2 === 0
        ? `<p>Write to <a href="mailto:${address}">${address}</a> today.</p>`
        : `<p>Or ask ${address} first.</p>`,
    ),
    ...[...links].map((link) => `<p>See <a href="${pathOf(link)}">page ${link}</a>.</p>`),
  ]
  for (const piece of waiting) {
    add(prose(random, Math.max(0, plan.pageBytes / waiting.length - piece.length - 7)))
    add(piece)
  }
  if (size < plan.pageBytes) add(prose(random, plan.pageBytes - size))
  parts.push('</main></body></html>')
  return parts.join('\n')
}

function prose(random: () => number, bytes: number): string {
  let text = ''
  while (text.length < bytes) text += (text === '' ? '' : ' ') + pick(random, words)
  return text === '' ? '' : `<p>${text}</p>`
}

function pick(random: () => number, from: readonly string[]): string {
  return from[Math.floor(random() * from.length)]!
}

const firstNames =
  'anna ben clara david eva frank greta hugo ida jonas karin leo mara nils olga paul rosa sven tina viktor'.split(' ')
const lastNames =
  'abel brandt conti dahl eriksen fuchs garcia holm ivanov jansen keller lund moreau novak olsen pohl rossi silva toth weber'.split(
    ' ',
  )
const trades = 'timber harbour copper lantern meadow granite willow anchor'.split(' ')
const words =
  'the house of a careful maker stands by the river and its people know wood stone paper light water bread and the long road home after work in every season'.split(
    ' ',
  )
