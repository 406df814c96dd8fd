import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { describe, expect, onTestFinished, test } from 'vitest'

import { keepsTheContract } from '../test/support/blob-contract.ts'
import { openBlobFolder } from './blob-folder.ts'
import { blobKey } from './blobs.ts'

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'blobs-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

describe('a folder', () => {
  keepsTheContract(async () => openBlobFolder(await emptyFolder()))

  test('holds a blob as a file by its key, and nothing else', async () => {
    const folder = await emptyFolder()
    await openBlobFolder(folder).put(blobKey('results', 'job_7.json'), [Buffer.from('{}')])
    expect(await readdir(folder, { recursive: true })).toEqual(['results', join('results', 'job_7.json')])
  })

  test('loses its folders of parts with their last blob', async () => {
    const folder = await emptyFolder()
    const blobs = openBlobFolder(folder)
    await blobs.put(blobKey('uploads', 'one', 'a'), [Buffer.from('a')])
    await blobs.put(blobKey('uploads', 'one', 'b'), [Buffer.from('b')])
    await blobs.delete(blobKey('uploads', 'one', 'a'))
    expect(await readdir(join(folder, 'uploads'))).toEqual(['one'])
    await blobs.delete(blobKey('uploads', 'one', 'b'))
    expect(await readdir(join(folder, 'uploads'))).toEqual([])
  })

  test('puts beside deletions that empty the same folder', async () => {
    const blobs = openBlobFolder(await emptyFolder())
    const key = (name: string) => blobKey('uploads', 'busy', name)
    await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        await blobs.put(key(`x${i}`), [Buffer.from('x')])
        await blobs.delete(key(`x${i}`))
      }),
    )
    expect(await Array.fromAsync(blobs.list('uploads/'))).toEqual([])
  })

  test(
    'shows nothing of a put whose process was killed, and clears it away a day later',
    { timeout: 60_000 },
    async () => {
      const folder = await emptyFolder()
      const blobs = openBlobFolder(folder)
      await blobs.put(blobKey('uploads', 'killed'), [Buffer.from('whole')])
      const program = join(folder, 'put.mjs')
      await writeFile(
        program,
        `const { openBlobFolder } = await import(${JSON.stringify(new URL('./blob-folder.ts', import.meta.url).href)})
       const endless = (async function* () { for (let i = 0; ; i++) { yield Buffer.alloc(1024); if (i === 9) process.send('writing'); await new Promise((r) => setTimeout(r, 5)) } })()
       await openBlobFolder(${JSON.stringify(folder)}).put('uploads/killed', endless)`,
      )
      const child = fork(program)
      await once(child, 'message')
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
      expect(await text((await blobs.get(blobKey('uploads', 'killed')))!)).toBe('whole')
      expect(await Array.fromAsync(blobs.list('uploads/'))).toHaveLength(1)
      const left = (await readdir(join(folder, 'uploads'))).find((name) => name.startsWith('.writing-'))!
      const file = join(folder, 'uploads', left)
      expect((await stat(file)).size).toBeGreaterThan(0)
      const longAgo = new Date(Date.now() - 25 * 3_600_000)
      await utimes(file, longAgo, longAgo)
      await Array.fromAsync(blobs.list('uploads/'))
      expect(await readdir(join(folder, 'uploads'))).toEqual(['killed'])
    },
  )

  test('says what is wrong with a folder that cannot be written', async () => {
    const folder = await emptyFolder()
    await writeFile(join(folder, 'uploads'), 'a file where a folder should be')
    await expect(openBlobFolder(folder).put(blobKey('uploads', 'a'), [])).rejects.toThrow(/EEXIST|ENOTDIR/)
  })
})
