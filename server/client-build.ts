import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
/** Where the built web app is. */
export const clientDir = join(root, 'client', 'dist')
const stampFile = join(clientDir, '.built-from')

/** Builds the web app unless the present build was made from just these sources. `building` is called before it starts. */
export async function buildClient(building: () => void = () => {}): Promise<void> {
  const stamp = await hashSources()
  const built = existsSync(stampFile) ? await readFile(stampFile, 'utf8') : ''
  if (built === stamp) return
  building()
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  const child = spawn(process.execPath, [vite, 'build', '--logLevel', 'warn'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`the web app could not be built:\n${said}`)
  await writeFile(stampFile, stamp)
}

async function hashSources(): Promise<string> {
  const inClient = await readdir(join(root, 'client'), { recursive: true, withFileTypes: true })
  const files = inClient
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.startsWith(clientDir) && !file.includes('node_modules') && !file.endsWith('.test.ts'))
  files.push(...['vite.config.ts', 'package-lock.json', 'schema/schema.graphql'].map((file) => join(root, file)))
  const hash = createHash('sha256')
  for (const file of files.sort())
    hash
      .update(file.slice(root.length))
      .update('\0')
      .update(await readFile(file))
  return hash.digest('hex')
}
