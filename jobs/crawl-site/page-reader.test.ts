import { expect, test } from 'vitest'

import { createPageReader, ReadTooLong } from './page-reader.ts'
import { type PageBytes, readPage } from './read-page.ts'

const url = 'https://example.org/'
const pageOf = (body: string): PageBytes => ({ url, body: Buffer.from(body), contentType: 'text/html; charset=utf-8' })
const long = pageOf(`<title>ü</title>${'<p>words '.repeat(100_000)} <a href="/team">ada@maker-works.com</a>`)

const goOn = new AbortController().signal

test('a large page is read as if it were a small one, without standing still', async () => {
  let turns = 0
  const ticking = setInterval(() => turns++, 1)
  const reader = createPageReader()
  const [first, second] = await Promise.all([
    reader.read(long, goOn),
    reader.read(pageOf('<p>eva@maker-works.com'), goOn),
  ])
  clearInterval(ticking)
  expect(first).toEqual(readPage(long))
  expect(first.emails.map(({ address }) => address)).toEqual(['ada@maker-works.com'])
  expect(second.emails).toHaveLength(1)
  expect(turns).toBeGreaterThan(1)
})

test('one that takes too long is left, and the next one is read', async () => {
  const reader = createPageReader({ mostMs: 1, largeBytes: 1_000 })
  await expect(reader.read(long, goOn)).rejects.toThrow(ReadTooLong)
  await expect(reader.read(pageOf('<p>eva@maker-works.com'), goOn)).resolves.toMatchObject({ emails: [{}] })
  await expect(reader.read(long, goOn)).rejects.toThrow(ReadTooLong)
})

test('a stop waits for no page that is being read, and for none before it', async () => {
  const reader = createPageReader({ largeBytes: 1_000 })
  const stop = new AbortController()
  const pages = [reader.read(long, stop.signal), reader.read(long, stop.signal)]
  stop.abort(new Error('stopped'))
  for (const page of pages) await expect(page).rejects.toThrow('stopped')
  await expect(reader.read(long, goOn)).resolves.toMatchObject({ emails: [{ address: 'ada@maker-works.com' }] })
})
