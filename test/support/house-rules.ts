import { isBuiltin } from 'node:module'
import { posix } from 'node:path'

import { readCode } from './imports.ts'
import type { Code, ImportOf } from './imports.ts'

export interface HouseFile {
  /** From the top of the repository, with `/`. */
  path: string
  text: string
}

export interface Offence {
  rule: 'direction' | 'cycle' | 'network' | 'environment' | 'pure' | 'reach' | 'computed import' | 'name' | 'top level'
  path: string
  detail: string
}

type Zone = 'engines' | 'jobs' | 'db' | 'schema' | 'server' | 'client' | 'test' | 'top'

/** Who may import whom, besides itself. */
const directions: Record<Zone, readonly Zone[]> = {
  engines: [],
  db: [],
  jobs: ['engines', 'db'],
  schema: ['jobs', 'engines', 'db'],
  server: ['schema', 'jobs', 'engines', 'db'],
  client: [],
  test: ['engines', 'jobs', 'db', 'schema', 'server', 'client', 'top'],
  top: [],
}

/** Values in, values out: what engines may be made with. */
const purePackages = new Set([
  'cheerio',
  'disposable-email-domains-js',
  'csv-parse',
  'domelementtype',
  'domhandler',
  'domutils',
  'entities',
  'htmlparser2',
  'ipaddr.js',
  'tldts',
  'zod',
])
const pureBuiltins = new Set(['buffer', 'crypto', 'string_decoder', 'url', 'util'])

const networkBuiltins = new Set(['dgram', 'dns', 'http', 'http2', 'https', 'net', 'tls'])
const networkPackages = new Set([
  'dns2',
  'nodemailer',
  'pg',
  'pg-copy-streams',
  'pg-cursor',
  'pg-query-stream',
  's3mini',
  'smtp-server',
  'undici',
  'ws',
])
const networkGlobals = ['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest']

/** Names that say nothing about what is inside. */
const emptyNames = /(?:^|-)(?:utils?|helpers?|common|managers?|service|base|misc)$/

/** Everything in these files that breaks a rule of the house. */
export function offences(files: HouseFile[]): Offence[] {
  const codes = new Map(files.map(({ path, text }) => [path, readCode(path, text)]))
  const found: Offence[] = []
  for (const [path, code] of codes) {
    found.push(...nameOffences(path), ...directionOffences(path, code, codes), ...reachOffences(path, code))
  }
  return [...found, ...cycleOffences(codes)]
}

const topLevel =
  'server client schema jobs db test package.json tsconfig.json vite.config.ts README.md package-lock.json LICENSE'.split(
    ' ',
  )
/** Made by installing and running; none of them is committed. */
const madeHere = ['node_modules', 'data']

/** What is missing at the top of the repository, and what does not belong there. Names with a dot in front are free. */
export function topLevelOffences(names: string[]): Offence[] {
  const strange = names.filter((name) => !name.startsWith('.') && ![...topLevel, ...madeHere].includes(name))
  const missing = topLevel.filter((name) => !names.includes(name))
  return [
    ...strange.map((path): Offence => ({ rule: 'top level', path, detail: 'does not belong at the top' })),
    ...missing.map((path): Offence => ({ rule: 'top level', path, detail: 'is missing' })),
  ]
}

function nameOffences(path: string): Offence[] {
  const parts = path.split('/').map((part) => part.replace(/\..*$/, ''))
  const bad = parts.filter((part) => emptyNames.test(kebab(part)))
  return bad.map((part) => ({ rule: 'name', path, detail: `"${part}" does not say what is inside` }))
}

function directionOffences(path: string, code: Code, codes: Map<string, Code>): Offence[] {
  const from = zoneOf(path)
  const found: Offence[] = []
  for (const { specifier } of code.imports) {
    if (specifier === undefined) {
      if (from !== 'test' && !isTest(path))
        found.push({ rule: 'computed import', path, detail: 'import of a computed name cannot be checked' })
      continue
    }
    const target = targetOf(path, specifier, codes)
    if (target === undefined) continue
    const to = zoneOf(target)
    const allowed =
      to === from || directions[from].includes(to) || (isTest(path) && /^test\/(?:support|fixtures)\//.test(target))
    if (!allowed) found.push({ rule: 'direction', path, detail: `${from} may not import ${target}` })
  }
  return found
}

/** What a file reaches outside the program: the network, the environment, the file system. Tests may do it all. */
function reachOffences(path: string, code: Code): Offence[] {
  const zone = zoneOf(path)
  if (zone === 'test' || isTest(path)) return []
  const found: Offence[] = []
  const offend = (rule: Offence['rule'], detail: string) => found.push({ rule, path, detail })
  // The launcher passes the environment on to the program that it starts.
  if (code.readsEnvironment && path !== 'server/config.ts' && path !== 'server/launch.js')
    offend('environment', 'process.env is read in server/config.ts alone')
  for (const name of zone === 'client' || zone === 'server' || mayUseNetwork(path) ? [] : networkGlobals)
    if (code.globals.has(name)) offend('network', `${name} goes past the guard`)
  if (zone === 'engines' && code.globals.has('process')) offend('pure', 'process in an engine')

  for (const { specifier, by } of code.imports.filter(isOutside)) {
    const name = packageOf(specifier)
    const builtin = isBuiltin(specifier)
    if (zone === 'engines' && !(builtin ? pureBuiltins : purePackages).has(name))
      offend('pure', `${specifier} in an engine`)
    if (zone === 'client' && builtin) offend('reach', `${specifier} in the client`)
    if (
      zone === 'schema' &&
      path !== 'schema/print.ts' &&
      builtin &&
      /^(?:fs|child_process|worker_threads)$/.test(name)
    )
      offend('reach', `${specifier} in the schema`)
    if (by === 'type' || !(builtin ? networkBuiltins : networkPackages).has(name)) continue
    if (name.startsWith('pg') ? zone !== 'db' : zone !== 'server' && !mayUseNetwork(path))
      offend('network', `${specifier} goes past the guard`)
  }
  return found
}

function mayUseNetwork(path: string): boolean {
  return (
    zoneOf(path) === 'db' ||
    /^jobs\/outgoing(?:-[a-z]+)?\.ts$/.test(path) ||
    (/^jobs\/[^/]+\/io\.ts$/.test(path) && zoneOf(path) === 'jobs')
  )
}

/** One offence a circle of files, named by the file of it that comes first. */
function cycleOffences(codes: Map<string, Code>): Offence[] {
  const found: Offence[] = []
  const done = new Set<string>()
  const trail: string[] = []
  const walk = (path: string) => {
    const at = trail.indexOf(path)
    if (at >= 0) found.push({ rule: 'cycle', path, detail: [...trail.slice(at), path].join(' → ') })
    if (at >= 0 || done.has(path)) return
    trail.push(path)
    for (const { specifier, by } of codes.get(path)?.imports ?? []) {
      const target = specifier === undefined || by === 'start' ? undefined : targetOf(path, specifier, codes)
      if (target !== undefined && codes.has(target)) walk(target)
    }
    trail.pop()
    done.add(path)
  }
  for (const path of codes.keys()) walk(path)
  return found
}

function zoneOf(path: string): Zone {
  if (path.startsWith('jobs/engines/')) return 'engines'
  const [top, ...below] = path.split('/')
  if (below.length === 0) return 'top'
  return top === 'jobs' || top === 'db' || top === 'schema' || top === 'server' || top === 'client' || top === 'test'
    ? top
    : 'top'
}

function isTest(path: string): boolean {
  return path.endsWith('.test.ts')
}

/** The file of ours that an import names, whether it exists or not; undefined for a package. */
function targetOf(path: string, specifier: string, codes: Map<string, Code>): string | undefined {
  const bare = specifier.replace(/[?#].*$/, '')
  if (!/^\.{0,2}\//.test(bare) && bare !== '.' && bare !== '..') return undefined
  const target = bare.startsWith('/') ? bare.slice(1) : posix.join(posix.dirname(path), bare)
  // Vite finds files without their ending.
  return [target, `${target}.ts`, `${target}.vue`, `${target}/index.ts`].find((file) => codes.has(file)) ?? target
}

function isOutside(imported: ImportOf): imported is ImportOf & { specifier: string } {
  return imported.specifier !== undefined && !/^\.{0,2}\/|^\.{1,2}$/.test(imported.specifier)
}

/** `node:dns/promises` → `dns`, `@scope/name/deep` → `@scope/name`. */
function packageOf(specifier: string): string {
  const parts = specifier.replace(/^node:/, '').split('/')
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
}

/** `JobManager` → `job-manager`. */
function kebab(name: string): string {
  return name.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase()
}
