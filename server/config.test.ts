import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { inspect } from 'node:util'

import { expect, onTestFinished, test } from 'vitest'

import { ConfigError, type ConfigProblem, parseConfig, readConfig } from './config.ts'

const token = 'a-token-of-many-letters'

test('an empty environment gives the defaults', () => {
  const values = Object.entries(parseConfig({}, '/srv/app')).filter(([, value]) => typeof value !== 'function')
  expect(Object.fromEntries(values)).toEqual({
    host: '127.0.0.1',
    port: 4000,
    dataDir: '/srv/app/data',
    databaseUrl: undefined,
    blobFolder: '/srv/app/data',
    secretKey: undefined,
    workers: availableParallelism(),
    workerSlots: 20,
    apiToken: undefined,
    allowHosts: [],
    allowedHosts: [],
    minDelayMs: 1000,
    hostsPerAddress: 8,
    userAgentContact: '',
    dnsServers: [],
    smtp: undefined,
    services: Object.fromEntries(
      ['mailsso', 'hunter', 'zerobounce', 'neverbounce', 'reacher'].map((name) => [
        name,
        { url: undefined, key: undefined },
      ]),
    ),
    introspection: true,
    logLevel: 'info',
    env: {},
  })
})

test.each([
  ['HOST', 'localhost', { host: 'localhost' }],
  ['HOST', ' ::1 ', { host: '::1' }],
  ['HOST', '[::1]', { host: '::1' }],
  ['HOST', '127.8.9.10', { host: '127.8.9.10' }],
  ['HOST', '::ffff:127.0.0.1', { host: '::ffff:127.0.0.1' }],
  ['HOST', '', { host: '127.0.0.1' }],
  ['PORT', '0', { port: 0 }],
  ['DATA_DIR', '/var/lib/x', { dataDir: '/var/lib/x' }],
  [
    'DATABASE_URL',
    'postgresql://u:p@h:5433/d?sslmode=verify-full',
    { databaseUrl: 'postgresql://u:p@h:5433/d?sslmode=verify-full' },
  ],
  ['DATABASE_URL', 'postgres:///d?host=/run/postgresql', { databaseUrl: 'postgres:///d?host=/run/postgresql' }],
  ['DATA_DIR', '/var/lib/x', { blobFolder: '/var/lib/x' }],
  ['BLOBS_URL', 'file:///var/lib/a%20b', { blobFolder: '/var/lib/a b' }],
  ['BLOBS_URL', 'file:files', { blobFolder: resolve('files') }],
  ['BLOBS_URL', 'file:./files/', { blobFolder: resolve('files') }],
  ['SECRET_KEY', 'k'.repeat(32), { secretKey: 'k'.repeat(32) }],
  ['WORKERS', '0', { workers: 0 }],
  ['API_TOKEN', token, { apiToken: token }],
  [
    'ALLOW_HOSTS',
    'a.example, b.example:8080 127.0.0.1:80,::1,[::1]:9,bücher.example',
    {
      allowHosts: ['a.example', 'b.example:8080', '127.0.0.1:80', '::1', '[::1]:9', 'bücher.example'],
    },
  ],
  [
    'ALLOW_ORIGINS',
    'https://mail.example.com,http://localhost:5173,other.example',
    {
      allowedHosts: ['mail.example.com', 'localhost:5173', 'other.example'],
    },
  ],
  ['USER_AGENT_CONTACT', 'https://example.com/crawler?x=1', { userAgentContact: 'https://example.com/crawler?x=1' }],
  ['USER_AGENT_CONTACT', 'crawler@example.com', { userAgentContact: 'crawler@example.com' }],
  [
    'DNS_SERVERS',
    '192.0.2.1, 192.0.2.1:5353 ::1,[::1]:53',
    { dnsServers: ['192.0.2.1', '192.0.2.1:5353', '::1', '[::1]:53'] },
  ],
  ['RETENTION_DAYS', '14', { retentionDays: 14 }],
  ['INTROSPECTION', 'false', { introspection: false }],
  ['LOG_LEVEL', 'debug', { logLevel: 'debug' }],
  ['MAILQUARRY_WHATEVER', 'x', {}],
])('%s=%s is taken', (name, value, expected) => {
  expect(parseConfig({ [name]: value })).toMatchObject(expected)
})

test.each([
  ['HOST', 'not a host'],
  ['HOST', '127.0.0.256'],
  ['HOST', 'user@host'],
  ['PORT', '65536'],
  ['PORT', '-1'],
  ['PORT', '1e3'],
  ['PORT', '80.5'],
  ['WORKERS', '-1'],
  ['WORKERS', 'all'],
  ['WORKER_SLOTS', '0'],
  ['API_TOKEN', 'fifteen-letters'],
  ['API_TOKEN', 'sixteen letters with blanks'],
  ['API_TOKEN', 'sechzehn-zeichen-ü'],
  ['DATABASE_URL', 'mysql://u:p@h/d'],
  ['DATABASE_URL', 'postgres://u:p@h:99999/d'],
  ['BLOBS_URL', '/var/lib/x'],
  ['BLOBS_URL', 'file:'],
  ['BLOBS_URL', 'file://host/x'],
  ['BLOBS_URL', 's3://bucket'],
  ['SECRET_KEY', 'thirty-one-characters-are-few-.'],
  ['ALLOW_HOSTS', 'http://a.example'],
  ['SMTP_HELO', 'localhost'],
  ['SMTP_MAIL_FROM', 'postmaster'],
  ['SMTP_PORT', '0'],
  ['REACHER_BASE_URL', 'reacher.example.com'],
  ['HUNTER_BASE_URL', 'http://a.example/?x'],
  ['DNS_SERVERS', 'ns.example.com'],
  ['DNS_SERVERS', '192.0.2.1:0'],
  ['DNS_SERVERS', '[192.0.2.1]:53'],
  ['DNS_SERVERS', '::1:65536x'],
  ['ALLOW_HOSTS', 'a.example/path'],
  ['ALLOW_HOSTS', 'good.example,*.example'],
  ['ALLOW_HOSTS', 'a.example:0'],
  ['ALLOW_HOSTS', 'a.example:65536'],
  ['ALLOW_HOSTS', '10.0.0.0/8'],
  ['ALLOW_HOSTS', '[::1'],
  ['ALLOW_ORIGINS', 'https://a.example/'],
  ['ALLOW_ORIGINS', '*'],
  ['MIN_DELAY_MS', '1s'],
  ['HOSTS_PER_ADDRESS', '0'],
  ['USER_AGENT_CONTACT', 'me'],
  ['USER_AGENT_CONTACT', 'https://example.com/ (me)'],
  ['USER_AGENT_CONTACT', 'https://example.com/\r\nX-Injected: 1'],
  ['RETENTION_DAYS', '0'],
  ['INTROSPECTION', 'yes'],
  ['LOG_LEVEL', 'loud'],
])('%s=%j is refused, with an example', (name, value) => {
  expect(problems({ HOST: '', [name]: value })).toEqual([
    { name, problem: expect.stringMatching(/^must /), example: expect.stringMatching(/./) },
  ])
})

test('every example is one that would be taken, but for token and key, which must not be copied', () => {
  const all = problems({
    HOST: '?',
    PORT: 'x',
    DATA_DIR: 'x',
    DATABASE_URL: 'x',
    BLOBS_URL: 'x',
    SECRET_KEY: 'x',
    WORKERS: 'x',
    WORKER_SLOTS: 'x',
    ALLOW_HOSTS: '?',
    ALLOW_ORIGINS: '?',
    MIN_DELAY_MS: 'x',
    USER_AGENT_CONTACT: 'x',
    RETENTION_DAYS: 'x',
    INTROSPECTION: 'x',
    LOG_LEVEL: 'x',
    API_TOKEN: 'short',
  })
  expect(all.map(({ name }) => name)).toHaveLength(15)
  const examples = Object.fromEntries(all.map(({ name, example }) => [name, example]))
  expect(() => parseConfig({ ...examples, API_TOKEN: token, SECRET_KEY: 'k'.repeat(32) })).not.toThrow()
})

test.each(['0.0.0.0', '::', '[::]', '192.168.1.5', 'mail.example.com', '2001:db8::1', '::ffff:8.8.8.8'])(
  'listening on %s needs API_TOKEN',
  (HOST) => {
    expect(problems({ HOST })).toEqual([
      {
        name: 'API_TOKEN',
        problem: expect.stringContaining(`HOST=${HOST} lets other machines in`),
        example: expect.any(String),
      },
    ])
    expect(parseConfig({ HOST, API_TOKEN: token }).apiToken).toBe(token)
  },
)

test('all problems are told at once, each by name, with what was given unless it is secret', () => {
  const error = refusal({ HOST: '0.0.0.0', PORT: '70000', DATABASE_URL: 'mysql://u:hush@h/d', WORKERS: 'many' })
  expect(error.problems.map(({ name }) => name).sort()).toEqual(['API_TOKEN', 'DATABASE_URL', 'PORT', 'WORKERS'])
  expect(error.message).toContain('4 problems')
  expect(error.message).toContain('PORT must be a whole number from 0 to 65535, not "70000". Example: PORT=4000')
  expect(error.message).not.toContain('hush')
  expect(refusal({ API_TOKEN: 'too-short-hush' }).message).not.toContain('hush')
  expect(refusal({ HOST: '0.0.0.0' }).message).toContain('into .env goes what openssl rand -hex 24 prints')
})

test('printing a configuration, or a copy of it, shows no secret', () => {
  const config = parseConfig({
    API_TOKEN: token,
    DATABASE_URL: 'postgres://u:hush-hush@h/d',
    SECRET_KEY: 'hush-hush'.repeat(4),
    PORT: '4001',
  })
  for (const value of [config, { ...config }, { config }]) {
    for (const text of [inspect(value, { depth: 5 }), JSON.stringify(value)]) {
      expect(text).not.toContain(token)
      expect(text).not.toContain('hush-hush')
    }
  }
  expect(JSON.parse(JSON.stringify(config))).toMatchObject({
    port: 4001,
    apiToken: '[hidden]',
    databaseUrl: '[hidden]',
  })
  expect({ ...config }.apiToken).toBe(token)
})

test('.env in the working directory is read, and the environment wins', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'mailquarry-config-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  expect(readConfig(directory, {}).port).toBe(4000)
  await writeFile(join(directory, '.env'), '# ours\nPORT=4100\nLOG_LEVEL="warn"\nexport WORKERS=3\n')
  expect(readConfig(directory, { PORT: '4200' })).toMatchObject({
    port: 4200,
    logLevel: 'warn',
    workers: 3,
    dataDir: join(directory, 'data'),
  })
  expect(readConfig(directory, { PORT: '4200' }).env).toEqual({ PORT: '4200', LOG_LEVEL: 'warn', WORKERS: '3' })
})

function refusal(env: Record<string, string>): ConfigError {
  try {
    parseConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('it was taken')
}

function problems(env: Record<string, string>): ConfigProblem[] {
  return refusal(env).problems
}
