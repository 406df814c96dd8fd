import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
/** Where the built web app is. */
export const clientDir = join(root, 'client', 'dist')
const stampName = '.built-from'
const stampFile = join(clientDir, stampName)

/**
 * Builds the web app unless the present build was made from just these sources. `building` is called before it starts; `env` is the
 * environment of the builder.
 */
export async function buildClient(env: Record<string, string | undefined>, building: () => void): Promise<void> {
  const stamp = await hashSources()
  const built = existsSync(stampFile) ? await readFile(stampFile, 'utf8') : ''
  if (built === stamp) return
  building()
  // Aside and then put in place, since another program may serve the present one.
  const aside = `${clientDir}-${process.pid}`
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  const child = spawn(process.execPath, [vite, 'build', '--logLevel', 'warn', '--outDir', aside, '--emptyOutDir'], {
    cwd: root,
    // Whatever this program runs as, people get the app without its checks for developers, which are half as large again.
    env: { ...env, NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`the web app could not be built:\n${said}`)
  await writeFile(join(aside, stampName), stamp)
  await rm(clientDir, { recursive: true, force: true })
  await rename(aside, clientDir).catch((error: unknown) => {
    // Another program was quicker, with the same sources.
    if (!existsSync(stampFile)) throw error
  })
  await rm(aside, { recursive: true, force: true })
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
