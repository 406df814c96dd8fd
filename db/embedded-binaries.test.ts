import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { linkLibraries, locateBinaries } from './embedded-binaries.ts'

function packageOf(links: { source: string; target: string }[] | undefined): string {
  const root = mkdtempSync(join(tmpdir(), 'mailquarry-package-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  mkdirSync(join(root, 'native', 'lib'), { recursive: true })
  writeFileSync(join(root, 'native', 'lib', 'libpq.so.5.18'), 'library')
  if (links) writeFileSync(join(root, 'native', 'pg-symlinks.json'), JSON.stringify(links))
  return root
}

test('makes the links that the install script would have made, also when several do it at once and again', async () => {
  const root = packageOf([
    { source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so' },
    { source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' },
  ])
  await Promise.all([linkLibraries(root), linkLibraries(root)])
  await linkLibraries(root)
  for (const name of ['libpq.so', 'libpq.so.5']) {
    expect(lstatSync(join(root, 'native', 'lib', name)).isSymbolicLink()).toBe(true)
    expect(readFileSync(join(root, 'native', 'lib', name), 'utf8')).toBe('library')
  }
})

test('a package that lists no links needs none', async () => {
  await expect(linkLibraries(packageOf(undefined))).resolves.toBeUndefined()
})

test('says what to do where a link cannot be made', async () => {
  const root = packageOf([{ source: 'native/lib/libpq.so.5.18', target: 'native/missing/libpq.so' }])
  await expect(linkLibraries(root)).rejects.toThrow(/Cannot make the link .*missing.*npm rebuild/)
})

test('finds the server that came from npm', async () => {
  expect(await locateBinaries()).toMatchObject({
    majorVersion: 18,
    postgres: expect.stringMatching(/native.bin.postgres/),
  })
})
