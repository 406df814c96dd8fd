import { join } from 'node:path'

import { startSite } from '../support/site.ts'
import type { Site } from '../support/site.ts'
import type { DocPackage } from './packages.ts'

export interface ServedDocs {
  site: Site
  startUrls: string[]
}

/** Serves the unpacked documentation on a loopback port of its own. Close the site when done. */
export async function serveDocs(docs: DocPackage, folder: string, port = 0): Promise<ServedDocs> {
  const root = join(folder, docs.root)
  const site = await startSite({ dir: root, port })
  return { site, startUrls: docs.startPaths(root).map((path) => site.url + path) }
}
