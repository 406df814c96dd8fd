import { randomBytes, randomUUID } from 'node:crypto'
import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'

import { EmbeddedFailed } from './embedded-failed.ts'

/**
 * What stands for SECRET_KEY beside an embedded database: a random text in a file of the data directory that its owner alone may read,
 * made when it is first asked for. The caller holds the directory's lock. Throws EmbeddedFailed where the file is no such text.
 */
export async function secretKeyFile(dataDir: string): Promise<string> {
  const file = join(dataDir, 'secret.key')
  const found = await readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new EmbeddedFailed(`${file} cannot be read: ${String(error)}`)
  })
  if (found === undefined) return makeFile(file)
  const text = found.trim()
  if (!/^[0-9a-f]{64}$/.test(text))
    throw new EmbeddedFailed(
      `${file} does not hold the key that was put there. Restore it; without it, remove the file: a new one is made, and secrets stored with jobs are lost.`,
    )
  return text
}

async function makeFile(file: string): Promise<string> {
  const text = randomBytes(32).toString('hex')
  const writing = `${file}.${randomUUID()}`
  const handle = await open(writing, 'wx', 0o600)
  try {
    await handle.writeFile(`${text}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(writing, file)
  return text
}
