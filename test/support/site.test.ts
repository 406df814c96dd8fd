import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { startGeneratedSite } from './generated-site.ts'
import { cutOff, drip, endlessRedirect, hang, inTurn, plainText, startSite, status } from './site.ts'

describe('startSite', () => {
  test('answers with pages by path, with a query first, and 404 elsewhere', async () => {
    await using site = await startSite({
      pages: {
        '/': '<h1>home</h1>',
        '/a?x=1': 'one',
        '/a': 'any',
        '/robots.txt': plainText('User-agent: *'),
        '/gone': status(410),
      },
    })
    const read = async (path: string) => {
      const response = await fetch(site.url + path)
      return `${response.status} ${response.headers.get('content-type')} ${await response.text()}`
    }
    expect(await read('/')).toBe('200 text/html; charset=utf-8 <h1>home</h1>')
    expect(await read('/a?x=1')).toContain(' one')
    expect(await read('/a?x=2')).toContain(' any')
    expect(await read('/robots.txt')).toBe('200 text/plain; charset=utf-8 User-agent: *')
    expect(await read('/gone')).toContain('410 ')
    expect(await read('/nothing')).toContain('404 ')
  })

  test('serves a folder of files and nothing above it', async () => {
    const top = mkdtempSync(join(tmpdir(), 'site-'))
    try {
      mkdirSync(join(top, 'root/sub'), { recursive: true })
      writeFileSync(join(top, 'secret.txt'), 'secret')
      writeFileSync(join(top, 'root/index.html'), 'index')
      writeFileSync(join(top, 'root/sub/index.html'), 'sub')
      await using site = await startSite({ dir: join(top, 'root') })
      expect(await (await fetch(site.url)).text()).toBe('index')
      const sub = await fetch(`${site.url}/sub`)
      expect([sub.url, await sub.text()]).toEqual([`${site.url}/sub/`, 'sub'])
      expect(await raw(site.port, 'GET /../secret.txt HTTP/1.1')).toContain('404')
      expect(await raw(site.port, 'GET /%2e%2e/secret.txt HTTP/1.1')).toContain('404')
      expect(await raw(site.port, 'GET /%ff HTTP/1.1')).toContain('404')
    } finally {
      rmSync(top, { recursive: true })
    }
  })

  test('logs each request with its headers and how many were open at once', async () => {
    await using site = await startSite({ pages: { '/slow': '' }, delayMs: 30 })
    await Promise.all([1, 2, 3].map((n) => fetch(`${site.url}/slow`, { headers: { 'x-number': String(n) } })))
    expect(site.hits('/slow')).toBe(3)
    expect(site.maxConcurrent()).toBe(3)
    expect(new Set(site.requests.map((request) => request.headers['x-number']))).toEqual(new Set(['1', '2', '3']))
    expect(Math.max(...site.requests.map((request) => request.concurrent))).toBe(3)
  })

  test('hostile pages hang, drip, lead astray, break off and change their mind', async () => {
    await using site = await startSite({
      pages: {
        '/hang': hang,
        '/drip': drip({ everyMs: 1, bytes: 2, body: 'abcdef' }),
        '/again': endlessRedirect,
        '/cut': cutOff('half'),
        '/turns': inTurn(status(503, { 'retry-after': '1' }), 'here'),
      },
    })
    await expect(fetch(`${site.url}/hang`, { signal: AbortSignal.timeout(50) })).rejects.toThrow('timeout')
    expect(await (await fetch(`${site.url}/drip`)).text()).toBe('abcdef')
    const hop = await fetch(`${site.url}/again?n=41`, { redirect: 'manual' })
    expect(hop.headers.get('location')).toBe('/again?n=42')
    await expect(fetch(`${site.url}/cut`).then((response) => response.text())).rejects.toThrow('terminated')
    const turns = [await fetch(`${site.url}/turns`), await fetch(`${site.url}/turns`), await fetch(`${site.url}/turns`)]
    expect(turns.map((response) => response.status)).toEqual([503, 200, 200])
  })

  test('closes at once with requests that hang', async () => {
    const site = await startSite({ pages: { '/hang': hang, '/drip': drip({ everyMs: 5 }) } })
    const asked = Promise.allSettled([
      fetch(`${site.url}/hang`),
      fetch(`${site.url}/drip`).then((response) => response.text()),
    ])
    await expect.poll(() => site.requests.length).toBe(2)
    await site.close()
    expect((await asked).map((result) => result.status)).toEqual(['rejected', 'rejected'])
    await expect(fetch(site.url)).rejects.toThrow('fetch failed')
  })
})

describe('startGeneratedSite', () => {
  test('every page is reachable by links and holds the addresses that it promises', async () => {
    await using generated = await startGeneratedSite({ seed: 7, hosts: 3, pagesPerHost: 40, linksPerPage: 6 })
    const found: string[] = []
    const seen = new Set<string>()
    const waiting = [generated.startUrls[0]!]
    for (let url = waiting.pop(); url !== undefined; url = waiting.pop()) {
      if (seen.has(url)) continue
      seen.add(url)
      const html = await (await fetch(url)).text()
      for (const [, href] of html.matchAll(/href="((?:https?:\/)?\/[^"]*)"/g)) waiting.push(new URL(href!, url).href)
      for (const address of new Set(html.match(/[\w.]+@[\w.-]+/g))) found.push(`${address} ${url}`)
    }
    expect(seen.size).toBe(120)
    expect(generated.pages).toBe(120)
    const promised = [...generated.placed()].map(({ address, sourceUrl }) => `${address} ${sourceUrl}`)
    expect(found.toSorted()).toEqual(promised.toSorted())
    const different = new Set([...generated.placed()].map(({ address }) => address)).size
    expect(different).toBeLessThan(promised.length)
    expect(different).toBeGreaterThan(promised.length * 0.6)
  })

  test('the same seed gives the same pages, another seed others, and the size is about what was asked', async () => {
    const bodies = []
    for (const seed of [1, 1, 2]) {
      await using generated = await startGeneratedSite({ seed, pageBytes: 40_000, linksPerPage: 60 })
      bodies.push(await (await fetch(`${generated.startUrls[0]}section-5/page-5.html`)).text())
    }
    expect(bodies[0]).toBe(bodies[1])
    expect(bodies[0]).not.toBe(bodies[2])
    expect(bodies[0]!.length).toBeGreaterThan(36_000)
    expect(bodies[0]!.length).toBeLessThan(46_000)
  })

  test.runIf(process.platform === 'linux')('hosts may have an address each', async () => {
    await using generated = await startGeneratedSite({ hosts: 3, pagesPerHost: 2, by: 'ip' })
    const statuses = await Promise.all(generated.startUrls.map(async (url) => (await fetch(url)).status))
    expect(statuses).toEqual([200, 200, 200])
    expect(new Set(generated.sites.map((site) => site.host)).size).toBe(3)
  })
})

/** Sends a request head as it is, which `fetch` would clean up first. */
function raw(port: number, head: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(`${head}\r\nHost: x\r\nConnection: close\r\n\r\n`))
    socket.on('data', (bytes) => (answer += bytes.toString()))
    socket.on('end', () => resolve(answer))
    socket.on('error', reject)
  })
}
