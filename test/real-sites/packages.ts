import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Documentation of a Debian package, as a site: real pages of real people, with a licence to use them. */
export interface DocPackage {
  name: string
  /** The version whose addresses were reviewed. */
  version: string
  /** Folder inside the package that becomes the root of the site. */
  root: string
  /** Start pages, given the root of the site. */
  startPaths(root: string): string[]
}

export const docPackages: DocPackage[] = [
  {
    name: 'debian-handbook',
    version: '11.20220922',
    root: 'usr/share/doc/debian-handbook/html',
    // No page leads from one language to another, and there is none above them: each language is a start.
    startPaths: (root) =>
      readdirSync(root)
        .toSorted()
        .filter((language) => existsSync(join(root, language, 'index.html')))
        .map((language) => `/${language}/index.html`),
  },
  {
    name: 'postfix-doc',
    version: '3.7.11-0+deb12u1',
    root: 'usr/share/doc/postfix/html',
    startPaths: () => ['/index.html'],
  },
  {
    name: 'exim4-doc-html',
    version: '4.96-1',
    root: 'usr/share/doc/exim4-doc-html/spec_html',
    startPaths: () => ['/index.html'],
  },
  { name: 'git-doc', version: '1:2.39.5-0+deb12u3', root: 'usr/share/doc/git-doc', startPaths: () => ['/index.html'] },
  {
    name: 'vim-doc',
    version: '2:9.0.1378-2+deb12u2',
    root: 'usr/share/doc/vim/html',
    startPaths: () => ['/index.html'],
  },
  {
    name: 'harden-doc',
    version: '3.19+nmu1',
    root: 'usr/share/doc/harden-doc/html',
    startPaths: (root) =>
      readdirSync(root)
        .toSorted()
        .map((language) => `/${language}/index.html`),
  },
  { name: 'xfig-doc', version: '1:3.2.8b-2', root: 'usr/share/doc/xfig/html', startPaths: () => ['/index.html'] },
  {
    name: 'ntpsec-doc',
    version: '1.2.2+dfsg1-1+deb12u1',
    root: 'usr/share/doc/ntpsec-doc/html',
    startPaths: () => ['/index.html'],
  },
]

/**
 * Folder with the files of a package below `into`: as it lies there already, else downloaded by apt and unpacked, without installing anything.
 * Throws, in words for a person, where there is no apt or the package cannot be had.
 */
export async function unpacked(docs: DocPackage, into: string): Promise<string> {
  const folder = join(into, docs.name)
  if (existsSync(join(folder, docs.root))) return folder
  mkdirSync(into, { recursive: true })
  try {
    await run('apt-get', ['download', `${docs.name}=${docs.version}`], { cwd: into }).catch(() =>
      run('apt-get', ['download', docs.name], { cwd: into }),
    )
    const file = readdirSync(into).find((name) => name.startsWith(`${docs.name}_`) && name.endsWith('.deb'))
    if (file === undefined) throw new Error('apt-get left no file')
    await run('dpkg', ['-x', join(into, file), folder])
  } catch (error) {
    const why = error instanceof Error ? error.message.trim() : String(error)
    throw new Error(
      `The Debian package ${docs.name} is not below ${into} and could not be downloaded with apt-get and dpkg: ${why}`,
      { cause: error },
    )
  }
  if (!existsSync(join(folder, docs.root))) throw new Error(`The Debian package ${docs.name} has no ${docs.root}`)
  return folder
}
