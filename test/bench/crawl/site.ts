import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** The same plan gives the same pages, byte for byte. */
export interface SitePlan {
  seed: number
  hosts: number
  /** Over all hosts. */
  pages: number
}

/** A menu, breadcrumbs, a footer and the text lead to so many pages of the same host. */
const linksPerPage = 60
const addressesPerPage = 2
/** Of a hundred addresses so many also stand on an earlier page. */
const repeatedPercent = 20
const pageBytes = { least: 30_000, most: 60_000 }

export function pagesOfHost({ hosts, pages }: SitePlan, host: number): number {
  return Math.floor(pages / hosts) + (host < pages % hosts ? 1 : 0)
}

/** Writes the pages and the robots.txt of each host below `dir`, in a folder of its number. */
export async function writeSite(dir: string, plan: SitePlan): Promise<void> {
  const folders = new Set<string>()
  for (let host = 0; host < plan.hosts; host++) {
    const files = [{ path: 'robots.txt', text: robots }]
    for (let page = 0; page < pagesOfHost(plan, host); page++) files.push({ path: fileOf(page), text: '' })
    for (const [i, { path, text }] of files.entries()) {
      const file = join(dir, String(host), path)
      if (!folders.has(dirname(file))) await mkdir(dirname(file), { recursive: true })
      folders.add(dirname(file))
      await writeFile(file, i === 0 ? text : pageHtml(plan, host, i - 1))
    }
  }
}

/** All addresses that stand on the pages of all hosts, each once. */
export function addressesOfSite(plan: SitePlan): Set<string> {
  const all = new Set<string>()
  for (let host = 0; host < plan.hosts; host++)
    for (let page = 0; page < pagesOfHost(plan, host); page++)
      for (const address of addressesOf(plan, host, page)) all.add(address)
  return all
}

export function pathOf(page: number): string {
  return page === 0 ? '/' : `/${sections[page % sections.length]}/${page % 89}/${slugOf(page)}-${page}.html`
}

/** Each page is reachable: it leads to its children in a tree, besides to others anywhere on the host. */
export function pageHtml(plan: SitePlan, host: number, page: number): string {
  const random = seeded(plan.seed, host, page, 2)
  const count = pagesOfHost(plan, host)
  const size = pageBytes.least + random() * (pageBytes.most - pageBytes.least)
  const title = titleOf(page)
  const menu = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].filter((n) => n < count)
  const linked = new Set<number>()
  for (let child = page * 4 + 1; child <= page * 4 + 4 && child < count; child++) linked.add(child)
  while (linked.size < Math.min(linksPerPage - menu.length - 4, count)) linked.add(Math.floor(random() * count))
  const inText = [
    ...[...linked].map(
      (to) =>
        `<p class="text">${prose(random, 60 + random() * 120)} <a href="${pathOf(to)}" class="link link--inline" title="${titleOf(to)}">${titleOf(to)}</a> ${prose(random, 80)}</p>`,
    ),
    ...addressesOf(plan, host, page).map((address, place) => contactOf(random, address, place)),
  ]
  const parts = [
    head(title, page),
    `<body class="page page--${page % 7}"><header class="site-header" role="banner"><a class="logo" href="/"><img src="/img/logo@2x.png" width="180" height="40" alt="Works ${host + 1}"></a>`,
    `<nav class="menu" aria-label="Main"><ul class="menu__list">${menu.map((to) => `<li class="menu__item menu__item--level-1"><a class="menu__link" href="${pathOf(to)}">${titleOf(to)}</a></li>`).join('\n')}<li class="menu__item"><a class="menu__link" href="/internal/board.html">Board</a></li></ul></nav></header>`,
    `<main id="content" class="content"><nav class="crumbs"><a href="/">Home</a> &rsaquo; <a href="${pathOf(Math.floor((page - 1) / 4) + (page === 0 ? 1 : 0))}">Up</a></nav><h1 class="title">${title}</h1>`,
  ]
  let length = [...parts, ...inText].reduce((sum, part) => sum + part.length, 1_900) // the footer and its script too
  for (const [i, piece] of shuffled(random, inText).entries()) {
    parts.push(piece)
    // In even portions between the pieces, up to the size.
    while (length < size * ((i + 1) / inText.length)) {
      const block = filler(random, page)
      parts.push(block)
      length += block.length
    }
  }
  parts.push(
    `</main><footer class="site-footer"><div class="grid grid--4"><ul class="links"><li><a href="/">Home</a></li></ul><address class="imprint">Works ${host + 1} Ltd, ${1 + (page % 90)} Quay Road &middot; Tel. +44 20 7946 0${100 + (page % 900)}</address></div><p class="small">&copy; 2026 Works ${host + 1}. All rights reserved.</p></footer>`,
    `<script>${script(page)}</script></body></html>`,
  )
  return parts.join('\n')
}

function contactOf(random: () => number, address: string, place: number): string {
  if (place % 2 === 0)
    return `<div class="card"><h3 class="card__title">Contact</h3><p>${prose(random, 60)} <a class="mail" href="mailto:${address}">${address}</a></p></div>`
  const [local, domain] = address.split('@') as [string, string]
  const way = random()
  const written = way < 0.1 ? `${local} [at] ${domain}` : way < 0.2 ? `${local}&#64;${domain}` : address
  return `<p class="text">${prose(random, 60)} Write to ${written}. ${prose(random, 60)}</p>`
}

function addressesOf(plan: SitePlan, host: number, page: number): string[] {
  const random = seeded(plan.seed, host, page, 1)
  const here = new Set<string>()
  for (let place = 0; place < addressesPerPage; place++) {
    const repeated = page > 0 && random() * 100 < repeatedPercent
    const owner = repeated ? Math.floor(random() * page) : page
    const own = seeded(plan.seed, host, owner, 100 + place)
    const [first, last] = [pick(own, firstNames), pick(own, lastNames)]
    here.add(`${first}.${last}${owner * addressesPerPage + place}@${pick(own, trades)}-works-${host + 1}.com`)
  }
  return [...here]
}

const robots = 'User-agent: *\nDisallow: /internal/\nDisallow: /search\nAllow: /\n'

function head(title: string, page: number): string {
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} | Works</title><meta name="description" content="${title}: what we make and for whom"><meta name="generator" content="Pages 4.2">
<meta property="og:title" content="${title}"><meta property="og:type" content="article"><meta property="og:image" content="/img/cover-${page % 40}.jpg">
<link rel="stylesheet" href="/css/site.css?v=41"><link rel="icon" href="/favicon.ico"><link rel="preconnect" href="/">
<style>@media (min-width: 60em) { .grid { display: grid } } .menu__list { margin: 0; padding: 0; list-style: none } .card { border: 1px solid #ddd; padding: 1rem } @font-face { font-family: Text; src: url(/fonts/text.woff2) }</style>
<script>window.settings = {"page": ${page}, "lang": "en", "debug": false}; (function (w, d) { w.queue = w.queue || []; w.queue.push({ start: Date.now(), path: d.location.pathname }) })(window, document)</script>
</head>`
}

function script(page: number): string {
  return `document.querySelectorAll('.menu__link').forEach(function (link) { link.addEventListener('click', function (event) { track('menu', link.getAttribute('href'), ${page}) }) }); function track(kind, value, page) { var items = window.queue || []; items.push({ kind: kind, value: value, page: page, at: Date.now() }); if (items.length > 20) { send(items.splice(0, 20)) } } function send(items) { if (!navigator.sendBeacon) return; navigator.sendBeacon('/collect', JSON.stringify(items)) }`
}

function filler(random: () => number, page: number): string {
  const kind = random()
  if (kind < 0.6) return `<p class="text">${prose(random, 250 + random() * 450)}</p>`
  if (kind < 0.75)
    return `<ul class="list list--bullets">${Array.from({ length: 4 }, () => `<li class="list__item">${prose(random, 50)}</li>`).join('\n')}</ul>`
  if (kind < 0.9)
    return `<figure class="figure"><img class="figure__image" loading="lazy" src="/img/${page % 50}/${Math.floor(random() * 900)}.jpg" srcset="/img/small@2x.jpg 2x" width="640" height="420" alt="${prose(random, 40)}"><figcaption>${prose(random, 70)} <em>${prose(random, 20)}</em></figcaption></figure>`
  return `<table class="table"><tr><th>Part</th><th>Price</th><th>In stock</th></tr>${Array.from({ length: 4 }, () => `<tr><td>${prose(random, 20)}</td><td class="num">&euro;&nbsp;${Math.floor(random() * 900)}</td><td><span class="badge badge--ok">${Math.floor(random() * 50)}</span></td></tr>`).join('\n')}</table>`
}

function prose(random: () => number, bytes: number): string {
  let text = ''
  while (text.length < bytes) text += (text === '' ? '' : random() < 0.08 ? '. ' : ' ') + pick(random, words)
  return text
}

function fileOf(page: number): string {
  return page === 0 ? 'index.html' : pathOf(page).slice(1)
}

function titleOf(page: number): string {
  return `${words[page % words.length]} ${words[(page * 7 + 3) % words.length]} ${page}`
}

function slugOf(page: number): string {
  return `${words[page % words.length]}-${words[(page * 7 + 3) % words.length]}`
}

function shuffled<Item>(random: () => number, items: Item[]): Item[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[items[i], items[j]] = [items[j]!, items[i]!]
  }
  return items
}

function pick<Item>(random: () => number, from: readonly Item[]): Item {
  return from[Math.floor(random() * from.length)]!
}

/** Numbers from 0 to 1, the same for the same key. The generator is mulberry32 by Tommy Ettinger (public domain). */
function seeded(...key: number[]): () => number {
  let state = 0x811c9dc5
  for (const part of key) state = Math.imul(state ^ part, 0x01000193) ^ (state >>> 13)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const sections = 'products guides news company projects workshop materials history'.split(' ')
const firstNames =
  'anna ben clara david eva frank greta hugo ida jonas karin leo mara nils olga paul rosa sven tina viktor'.split(' ')
const lastNames =
  'abel brandt conti dahl eriksen fuchs garcia holm ivanov jansen keller lund moreau novak olsen pohl rossi silva toth weber'.split(
    ' ',
  )
const trades = 'timber harbour copper lantern meadow granite willow anchor'.split(' ')
const words =
  `the of and to in is for that with on as it at by from are was this be or an which their has more its can other about our one all were when
   been they will time there some only new work made first these may could into used after two part under yards over such also most between
   river stone light paper winter garden window morning copper timber harbour bridge market letter season branch valley summer lantern field
   measure pattern surface colour weather machine kitchen basket engine drawing village teacher station corner cotton silver orchard meadow`
    .trim()
    .split(/\s+/)
