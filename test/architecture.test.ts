import { globSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { offences, topLevelOffences } from './support/house-rules.ts'
import type { HouseFile, Offence } from './support/house-rules.ts'

const root = join(import.meta.dirname, '..')

describe('the house', () => {
  test('keeps to its directions, its reach and its names', { timeout: 60_000 }, () => {
    const paths = globSync('{server,client,schema,jobs,db,test}/**/*.{ts,mts,js,mjs,vue}', {
      cwd: root,
      exclude: ['**/node_modules/**', 'client/dist/**', '**/*.d.ts', 'test/fixtures/**', 'server/sample-site/**'],
    })
    const files = paths.map((path) => ({
      path: path.replaceAll('\\', '/'),
      text: readFileSync(join(root, path), 'utf8'),
    }))
    expect(files.length).toBeGreaterThan(10)
    expect(listed(offences(files))).toEqual([])
  })

  test('has exactly the agreed things at the top', () => {
    expect(listed(topLevelOffences(readdirSync(root)))).toEqual([])
  })
})

describe('the rules find', () => {
  const offending: [what: string, rule: Offence['rule'], path: string, text: string][] = [
    [
      'an engine that imports db',
      'direction',
      'jobs/engines/page/emails.ts',
      `import { pages } from '../../../db/pages.ts'`,
    ],
    [
      'an engine that imports a kind',
      'direction',
      'jobs/engines/page/emails.ts',
      `import type { Input } from '../../crawl-site/job.ts'`,
    ],
    ['db that imports jobs', 'direction', 'db/jobs.ts', `export { kinds } from '../jobs/registry.ts'`],
    ['jobs that import schema', 'direction', 'jobs/control.ts', `export * from '../schema/job.ts'`],
    [
      'jobs that import the server',
      'direction',
      'jobs/worker.ts',
      `const { config } = await import('../server/config.ts')`,
    ],
    ['schema that imports the server', 'direction', 'schema/job.ts', `import '../server/log.ts'`],
    [
      'a worker started across a border',
      'direction',
      'db/embedded.ts',
      `fork(new URL('../jobs/worker.ts', import.meta.url))`,
    ],
    [
      'a type taken across a border',
      'direction',
      'db/jobs.ts',
      `export type Kind = import('../jobs/job-kind.ts').JobKind`,
    ],
    ['a require across a border', 'direction', 'db/jobs.ts', `const kinds = require('../jobs/registry.ts')`],
    [
      'the client that imports schema',
      'direction',
      'client/jobs/list.ts',
      `import { builder } from '../../schema/builder.ts'`,
    ],
    [
      'a component that imports db',
      'direction',
      'client/jobs/JobCard.vue',
      `<template><p /></template><script setup lang="ts">\nimport { jobs } from '../../db/jobs.ts'\n</script>`,
    ],
    [
      'the plain script of a component with two',
      'direction',
      'client/A.vue',
      `<script lang="ts">import '../jobs/registry.ts'</script><script setup lang="ts">let a = 1</script>`,
    ],
    [
      'a component whose script lies elsewhere',
      'direction',
      'client/A.vue',
      `<script src="../server/config.ts"></script>`,
    ],
    ['a path from the root of the site', 'direction', 'client/main.ts', `import '/server/config.ts'`],
    [
      'a module that imports test',
      'direction',
      'server/main.ts',
      `import { startSite } from '../test/support/site.ts'`,
    ],
    [
      'a test that reaches past test/support',
      'direction',
      'jobs/worker.test.ts',
      `import { run } from '../test/bench/crawl.ts'`,
    ],
    ['a test of db that imports jobs', 'direction', 'db/jobs.test.ts', `import { kinds } from '../jobs/registry.ts'`],
    [
      'an import of a computed name',
      'computed import',
      'jobs/registry.ts',
      'const kind = await import(`./${name}/job.ts`)',
    ],

    ['a network module in a kind', 'network', 'jobs/crawl-site/job.ts', `import { request } from 'undici'`],
    ['a network module in an io of the engines', 'network', 'jobs/engines/io.ts', `import net from 'node:net'`],
    ['a network module in a deeper io', 'network', 'jobs/crawl-site/fetch/io.ts', `import net from 'node:net'`],
    ['a network module without its prefix', 'network', 'jobs/worker.ts', `import { lookup } from 'dns/promises'`],
    ['a network module that is passed on', 'network', 'schema/job.ts', `export { request } from 'node:https'`],
    [
      'a network module that is imported late',
      'network',
      'jobs/worker.ts',
      `const { connect } = await import('node:tls')`,
    ],
    ['Postgres outside db', 'network', 'server/live.ts', `import { Client } from 'pg'`],
    [
      'fetch outside the guard',
      'network',
      'jobs/crawl-site/job.ts',
      `export const body = await fetch('http://10.0.0.1/')`,
    ],
    ['fetch by its full name', 'network', 'jobs/worker.ts', `export const get = globalThis.fetch`],
    ['a WebSocket outside the guard', 'network', 'jobs/notices.ts', `new WebSocket('ws://x')`],

    ['process.env', 'environment', 'server/http.ts', `export const port = process.env.PORT`],
    ['process.env by brackets', 'environment', 'jobs/worker.ts', `export const port = process['env']['PORT']`],
    ['env taken out of process', 'environment', 'db/embedded.ts', `const { env: settings } = process`],
    ['env imported', 'environment', 'db/embedded.ts', `import { env } from 'node:process'`],
    ['env of the global process', 'environment', 'db/embedded.ts', `export const all = globalThis.process.env`],

    ['files in an engine', 'pure', 'jobs/engines/mbox/split.ts', `import { openSync } from 'node:fs'`],
    [
      'files in an engine, for the types alone',
      'pure',
      'jobs/engines/mbox/split.ts',
      `import type { Stats } from 'fs'`,
    ],
    ['a package of unknown ways in an engine', 'pure', 'jobs/engines/page/emails.ts', `import got from 'got'`],
    ['process in an engine', 'pure', 'jobs/engines/page/emails.ts', `export const now = () => process.hrtime()`],

    ['files in the schema', 'reach', 'schema/job.ts', `import { readFileSync } from 'node:fs'`],
    ["Node's modules in the client", 'reach', 'client/main.ts', `import { join } from 'node:path'`],

    ['an empty name', 'name', 'jobs/utils.ts', ''],
    ['an empty name behind a dash', 'name', 'jobs/page-helper.ts', ''],
    ['an empty name of a component', 'name', 'client/jobs/JobManager.vue', '<template><p /></template>'],
    ['an empty name of a folder', 'name', 'server/common/log.ts', ''],
    ['an empty name of a test', 'name', 'db/base.test.ts', ''],
  ]
  test.each(offending)('%s', (_what, rule, path, text) => {
    expect(offences([{ path, text }]).map((offence) => offence.rule)).toContain(rule)
  })

  test.each<[what: string, files: HouseFile[]]>([
    ['two files', [file('db/a.ts', `import './b.ts'`), file('db/b.ts', `import './a.ts'`)]],
    [
      'three files, one by its type',
      [
        file('jobs/a.ts', `import { b } from './b.ts'`),
        file('jobs/b.ts', `export * from './engines/c.ts'`),
        file('jobs/engines/c.ts', `import type { A } from '../a.ts'`),
      ],
    ],
    [
      'components',
      [
        file('client/A.vue', `<script setup lang="ts">import B from './ui/B.vue'</script>`),
        file('client/ui/B.vue', `<script setup lang="ts">const A = () => import('../A.vue')</script>`),
      ],
    ],
    ['a file with itself', [file('db/a.ts', `import './a.ts'`)]],
  ])('a circle of %s', (_what, files) => {
    expect(offences(files).filter((offence) => offence.rule === 'cycle')).toHaveLength(1)
  })

  test('what is missing at the top, and what is too much', () => {
    const names = [
      'server',
      'client',
      'schema',
      'jobs',
      'db',
      'test',
      'package.json',
      'tsconfig.json',
      'vite.config.ts',
      'package-lock.json',
      'LICENSE',
    ]
    expect(listed(topLevelOffences([...names, '.gitignore', 'node_modules', 'data', 'scripts']))).toEqual([
      'scripts: top level: does not belong at the top',
      'README.md: top level: is missing',
    ])
  })
})

describe('the rules allow', () => {
  test.each<[what: string, path: string, text: string]>([
    [
      'an engine its parsers',
      'jobs/engines/page/emails.ts',
      `import { Parser } from 'htmlparser2'; import { createHash } from 'node:crypto'; import './links.ts'`,
    ],
    [
      'a kind the engines and db',
      'jobs/crawl-site/job.ts',
      `import '../engines/page/emails.ts'; import '../../db/pages.ts'; import '../job-kind.ts'`,
    ],
    ['the io of a kind the network', 'jobs/crawl-site/io.ts', `import { request } from 'undici'`],
    [
      'the guard the network',
      'jobs/outgoing.ts',
      `import net from 'node:net'; import { Agent } from 'undici'; await fetch('http://x')`,
    ],
    ['db Postgres', 'db/database.ts', `import pg from 'pg'; import { Kysely } from 'kysely'`],
    [
      'types of the network',
      'jobs/worker.ts',
      `import type { Socket } from 'node:net'; import { type LookupAddress } from 'node:dns'`,
    ],
    [
      'the server a server',
      'server/sample-site.ts',
      `import { createServer } from 'node:http'; import { WebSocketServer } from 'ws'`,
    ],
    ['the configuration its environment', 'server/config.ts', `export const config = parseConfig(process.env)`],
    ['printing of the schema a file', 'schema/print.ts', `import { writeFileSync } from 'node:fs'`],
    [
      'a test beside the code its support',
      'jobs/engines/page/emails.test.ts',
      `import '../../../test/support/site.ts'; import fs from 'node:fs'`,
    ],
    [
      'test everything',
      'test/api/jobs.test.ts',
      `import '../../server/main.ts'; import '../../client/graphql.ts'; await fetch(process.env.URL)`,
    ],
    [
      'a function of our own called fetch',
      'jobs/crawl-site/job.ts',
      `export async function run({ fetch }) { await fetch('x'); io.fetch() }`,
    ],
    [
      'properties called like globals',
      'jobs/engines/crawl/robots.ts',
      `export const rule = { process: 1, fetch() {} }; rule.process`,
    ],
    ['a file to start itself anew', 'server/main.ts', `fork(new URL('./main.ts', import.meta.url))`],
    ['names that hold an empty word', 'jobs/engines/page/baseline.ts', ''],
  ])('%s', (_what, path, text) => {
    expect(listed(offences([file(path, text)]))).toEqual([])
  })
})

function file(path: string, text: string): HouseFile {
  return { path, text }
}

function listed(found: Offence[]): string[] {
  return found.map(({ path, rule, detail }) => `${path}: ${rule}: ${detail}`)
}
