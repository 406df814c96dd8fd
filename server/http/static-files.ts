import { readdir, readFile, stat } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'

import { cacheForEver, type Content, content, revalidate } from './content.ts'

const types: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
}

export interface StaticFiles {
  /** The file at a path of a URL, such as `/assets/index-1a2b.js`; undefined where there is none. */
  find(path: string): Promise<Content | undefined>
  /** The app's page, for all of its routes; undefined while the app is not built. */
  index(): Promise<Content | undefined>
}

/**
 * The built web app, in memory. Files are looked up by the names that were found in the folder, so that no path from a request is ever
 * used as a path. A new build is noticed by its index.html.
 */
export function staticFiles(dir: string): StaticFiles {
  let builtAt: number | undefined
  let files: Promise<Map<string, Content>> = Promise.resolve(new Map())

  const current = async () => {
    const index = await stat(join(dir, 'index.html')).catch(() => undefined)
    if (index?.mtimeMs !== builtAt) {
      builtAt = index?.mtimeMs
      files = index ? readFiles(dir) : Promise.resolve(new Map())
    }
    return files
  }
  return {
    async find(path) {
      const known = (await files).get(path)
      return known?.cacheControl === cacheForEver ? known : (await current()).get(path)
    },
    index: async () => (await current()).get('/index.html'),
  }
}

async function readFiles(dir: string): Promise<Map<string, Content>> {
  const files = new Map<string, Content>()
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    const type = types[extname(entry.name)]
    if (!entry.isFile() || entry.name.startsWith('.') || !type) continue
    const file = join(entry.parentPath, entry.name)
    const path = file.slice(dir.length).split(sep).join('/')
    // Names of what lies in assets hold a hash of the content.
    files.set(path, content(await readFile(file), type, path.startsWith('/assets/') ? cacheForEver : revalidate))
  }
  return files
}
