import { buffer, text } from 'node:stream/consumers'

import { expect, test } from 'vitest'

import { type BlobKey, blobKey, type Blobs } from '../../db/blobs.ts'

/** What every store of blobs has to keep. `open` gives an empty one each time. */
export function keepsTheContract(open: () => Promise<Blobs>): void {
  const key = blobKey('uploads', 'contract', 'one')

  test('gives back what was put, whole and by ranges', async () => {
    const blobs = await open()
    expect(await blobs.put(key, [Buffer.from('hello '), Buffer.from('world')])).toBe(11)
    expect(await blobs.size(key)).toBe(11)
    const read = async (start: number, end?: number) =>
      text((await blobs.get(key, end === undefined ? { start } : { start, end }))!)
    expect(await text((await blobs.get(key))!)).toBe('hello world')
    expect(await read(6)).toBe('world')
    expect(await read(2, 5)).toBe('llo')
    expect(await read(10, 99)).toBe('d')
    expect(await read(11)).toBe('')
    expect(await read(99)).toBe('')
    expect(await read(3, 3)).toBe('')
  })

  test('keeps every byte of a large blob', async () => {
    const blobs = await open()
    const chunk = Buffer.alloc(64 * 1_024)
    const chunks = Array.from({ length: 200 }, (_, i) => Buffer.from(chunk.fill(i)))
    expect(await blobs.put(key, chunks)).toBe(200 * chunk.length)
    expect((await buffer((await blobs.get(key))!)).equals(Buffer.concat(chunks))).toBe(true)
  })

  test('takes an empty blob for one that is there', async () => {
    const blobs = await open()
    expect(await blobs.put(key, [])).toBe(0)
    expect(await blobs.size(key)).toBe(0)
    expect(await text((await blobs.get(key))!)).toBe('')
  })

  test('knows what is not there', async () => {
    const blobs = await open()
    const missing = blobKey('results', 'nowhere')
    expect(await blobs.get(missing)).toBeNull()
    expect(await blobs.size(missing)).toBeNull()
    await blobs.delete(missing)
    expect(await Array.fromAsync(blobs.list('uploads/nothing/'))).toEqual([])
  })

  test('stores nothing of a source that breaks, and leaves what was there', async () => {
    const blobs = await open()
    await blobs.put(key, [Buffer.from('old')])
    const broken = async function* () {
      yield Buffer.from('half of the new')
      throw new Error('the line went dead')
    }
    await expect(blobs.put(key, broken())).rejects.toThrow('the line went dead')
    expect(await text((await blobs.get(key))!)).toBe('old')
    const fresh = blobKey('uploads', 'contract', 'fresh')
    await expect(blobs.put(fresh, broken())).rejects.toThrow('the line went dead')
    expect(await blobs.size(fresh)).toBeNull()
    expect((await Array.fromAsync(blobs.list('uploads/'))).map((entry) => entry.key)).toEqual([key])
  })

  test('a reader of a blob that is replaced reads the old one to its end', async () => {
    const blobs = await open()
    const old = Buffer.alloc(3_000_000, 'o')
    await blobs.put(key, [old])
    const reader = (await blobs.get(key))!
    const chunks = reader[Symbol.asyncIterator]()
    const first = (await chunks.next()).value as Buffer
    await blobs.put(key, [Buffer.from('new')])
    const rest: Buffer[] = []
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) rest.push(next.value as Buffer)
    expect(Buffer.concat([first, ...rest]).equals(old)).toBe(true)
    expect(await text((await blobs.get(key))!)).toBe('new')
  })

  test('one of many who put the same key at once wins whole', async () => {
    const blobs = await open()
    const letters = ['a', 'b', 'c', 'd', 'e']
    await Promise.all(letters.map((letter) => blobs.put(key, [Buffer.alloc(200_000, letter)])))
    const stored = await text((await blobs.get(key))!)
    expect(letters.map((letter) => letter.repeat(200_000))).toContain(stored)
  })

  test('lists by whole parts of keys, with sizes and times, and deletes', async () => {
    const blobs = await open()
    const before = Date.now() - 2_000
    const keys = ['a', 'ab', 'a/deep'].map((name): BlobKey => blobKey('uploads', ...`listed/${name}s`.split('/')))
    for (const [i, listed] of keys.entries()) await blobs.put(listed, [Buffer.alloc(i + 1)])
    const found = await Array.fromAsync(blobs.list('uploads/listed/'))
    expect(new Map(found.map((entry) => [entry.key, entry.sizeBytes]))).toEqual(new Map(keys.map((k, i) => [k, i + 1])))
    for (const { modifiedAt } of found) expect(modifiedAt.getTime()).toBeGreaterThan(before)
    expect((await Array.fromAsync(blobs.list('uploads/listed/a/'))).map((entry) => entry.key)).toEqual([keys[2]])
    expect(await Array.fromAsync(blobs.list('results/'))).toEqual([])
    for (const listed of keys) await blobs.delete(listed)
    expect(await Array.fromAsync(blobs.list('uploads/listed/'))).toEqual([])
    await blobs.put(keys[2]!, [Buffer.from('again')])
    expect(await blobs.size(keys[2]!)).toBe(5)
  })

  test.each([
    'uploads/../../etc/passwd',
    'uploads/..',
    'uploads/.hidden',
    'uploads/a..b',
    'uploads/a.',
    '/etc/passwd',
    'postgres/pg_hba.conf',
    'uploads',
    'uploads/',
    'uploads//a',
    'uploads/A',
    'uploads/a b',
    'uploads/a\\b',
    'uploads/a\0',
    'uploads/a\n',
    'uploads/ü',
    `uploads/${'a'.repeat(101)}`,
  ])('refuses the key %j', async (bad) => {
    const blobs = await open()
    await expect(blobs.put(bad as BlobKey, [])).rejects.toThrow('not a key')
    await expect(blobs.get(bad as BlobKey)).rejects.toThrow('not a key')
    await expect(blobs.size(bad as BlobKey)).rejects.toThrow('not a key')
    await expect(blobs.delete(bad as BlobKey)).rejects.toThrow('not a key')
  })
}
