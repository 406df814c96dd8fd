import { readFileSync } from 'node:fs'
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect, parseEnv } from 'node:util'

import { z } from 'zod'

export interface Config {
  /** As listen() takes it: no brackets around IPv6. */
  host: string
  /** 0: any free one. */
  port: number
  /** Absolute. */
  dataDir: string
  /** A server of the operator's; undefined: the embedded one. */
  databaseUrl: string | undefined
  /** Absolute: the folder that blobs are kept in, each kind of them in a folder of its own. */
  blobFolder: string
  /** What stored secrets are encrypted with; undefined: none can be stored, or the key file of the embedded database is used. */
  secretKey: string | undefined
  /** Worker processes; 0: none. */
  workers: number
  /** Running shards a worker process. */
  workerSlots: number
  /** Asked of every request. There wherever `host` is not loopback. */
  apiToken: string | undefined
  /** The operator's own hosts, that the outgoing guard lets through: `host`, `host:port`, `[::1]:port`. */
  allowHosts: string[]
  /** Names besides loopback's that the API is reached by, and whose pages may reach in: `host` or `host:port`. */
  allowedHosts: string[]
  /** Least pause between two requests to one origin. */
  minDelayMs: number
  hostsPerAddress: number
  /** A URL or an address that the User-Agent names; empty where the operator gave none. */
  userAgentContact: string
  /** Name servers to ask, as `address` or `address:port`; none: those of the system. */
  dnsServers: string[]
  /** Who we are to mail servers that are asked about mailboxes; undefined: none is asked. */
  smtp: { helo: string; mailFrom: string; port: number } | undefined
  /** Verification services by name: where they are, if not where their makers run them, and the operator's key. */
  services: Record<string, { url: string | undefined; key: string | undefined }>
  /** Jobs that ended more days ago than this are deleted; undefined: none is. */
  retentionDays: number | undefined
  /** Whether clients may ask for the schema of the API. */
  introspection: boolean
  logLevel: LogLevel
  /** What this was read from, .env included: for child processes. */
  env: Record<string, string | undefined>
}

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

/** Never shown when a configuration is printed, stringified or logged. */
export const secretSettings = [
  'services',
  'apiToken',
  'databaseUrl',
  'secretKey',
  'env',
] as const satisfies (keyof Config)[]

export interface ConfigProblem {
  name: string
  problem: string
  example: string
}

/** All that is wrong with the configuration, one line a variable. */
export class ConfigError extends Error {
  override name = 'ConfigError'
  readonly code = 'CONFIG_INVALID'
  readonly problems: ConfigProblem[]
  constructor(problems: ConfigProblem[]) {
    const lines = problems.map(({ name, problem, example }) => `  ${name} ${problem}. Example: ${name}=${example}`)
    super(
      `The configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n${lines.join('\n')}`,
    )
    this.problems = problems
  }
}

/** From the environment and the file .env in the working directory; the environment wins. Throws ConfigError. */
export function readConfig(directory = process.cwd(), environment: Environment = process.env): Config {
  return parseConfig({ ...readEnvFile(resolve(directory, '.env')), ...environment }, directory)
}

/** Throws ConfigError. Names that are not ours are ignored; an empty value is as good as none. */
export function parseConfig(env: Environment, directory = process.cwd()): Config {
  const given = Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value?.trim() ? [[name, value.trim()]] : [])),
  )
  const parsed = variables.safeParse(given)
  const problems = parsed.success ? [] : parsed.error.issues.map((issue) => problemOf(issue, given))
  if (!problems.some(({ name }) => name === 'HOST')) problems.push(...missingToken(given))
  if (!problems.some(({ name }) => name.startsWith('SMTP_'))) problems.push(...halfOfSmtp(given))
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems)
  const { data } = parsed
  const dataDir = resolve(directory, data.DATA_DIR)
  return hideSecrets({
    host: data.HOST,
    port: data.PORT,
    dataDir,
    databaseUrl: data.DATABASE_URL,
    blobFolder: data.BLOBS_URL === undefined ? dataDir : folderOf(data.BLOBS_URL, directory),
    secretKey: data.SECRET_KEY,
    workers: data.WORKERS,
    workerSlots: data.WORKER_SLOTS,
    apiToken: data.API_TOKEN,
    allowHosts: data.ALLOW_HOSTS,
    allowedHosts: data.ALLOW_ORIGINS,
    minDelayMs: data.MIN_DELAY_MS,
    hostsPerAddress: data.HOSTS_PER_ADDRESS,
    userAgentContact: data.USER_AGENT_CONTACT,
    dnsServers: data.DNS_SERVERS,
    smtp:
      data.SMTP_HELO !== undefined && data.SMTP_MAIL_FROM !== undefined
        ? { helo: data.SMTP_HELO, mailFrom: data.SMTP_MAIL_FROM, port: data.SMTP_PORT }
        : undefined,
    services: {
      mailsso: { url: data.MAILSSO_BASE_URL, key: data.MAILSSO_API_KEY },
      hunter: { url: data.HUNTER_BASE_URL, key: data.HUNTER_API_KEY },
      zerobounce: { url: data.ZEROBOUNCE_BASE_URL, key: data.ZEROBOUNCE_API_KEY },
      neverbounce: { url: data.NEVERBOUNCE_BASE_URL, key: data.NEVERBOUNCE_API_KEY },
      reacher: { url: data.REACHER_BASE_URL, key: data.REACHER_API_KEY },
    },
    retentionDays: data.RETENTION_DAYS,
    introspection: data.INTROSPECTION === 'true',
    logLevel: data.LOG_LEVEL,
    env,
  })
}

type Environment = Record<string, string | undefined>

const leastTokenLength = 16
const leastSecretLength = 32

/** Each variable with its rules; `example` and `secret` are in its metadata. */
export const variables = z.object({
  HOST: z
    .string()
    .transform(withoutBrackets)
    .refine(isHostName, 'must be an address or a host name')
    .default('127.0.0.1')
    .meta({ example: '127.0.0.1' }),
  PORT: wholeNumber(0, 65_535).default(4000).meta({ example: '4000' }),
  DATA_DIR: z.string().default('data').meta({ example: '/var/lib/mailquarry' }),
  DATABASE_URL: z
    .string()
    .refine((url) => /^postgres(ql)?:\/\//.test(url) && URL.canParse(url), 'must be the URL of a PostgreSQL database')
    .optional()
    .meta({ example: 'postgres://user:password@db.example.com:5432/mailquarry', secret: true }),
  BLOBS_URL: z
    .string()
    .refine(isFileUrl, 'must be file: with the path of a folder')
    .optional()
    .meta({ example: 'file:///var/lib/mailquarry' }),
  SECRET_KEY: z
    .string()
    .refine((key) => key.length >= leastSecretLength, `must have at least ${leastSecretLength} characters`)
    .optional()
    .meta({ example: '$(openssl rand -hex 32)', secret: true }),
  WORKERS: wholeNumber(0, 512).default(availableParallelism()).meta({ example: '4' }),
  WORKER_SLOTS: wholeNumber(1, 1000).default(20).meta({ example: '20' }),
  API_TOKEN: z
    .string()
    .refine((token) => token.length >= leastTokenLength && /^[\x21-\x7e]+$/.test(token), {
      error: `must have at least ${leastTokenLength} characters, no blanks and nothing beyond ASCII, so that it fits into a header`,
    })
    .optional()
    .meta({ example: '$(openssl rand -hex 24)', secret: true }),
  ALLOW_HOSTS: list(isHostEntry, 'must list hosts, each with or without a port, without a protocol, path or pattern')
    .default([])
    .meta({ example: 'intranet.example.com,127.0.0.1:8080,[::1]:8080' }),
  ALLOW_ORIGINS: list(
    (entry) => isHostEntry(entry.replace(/^https?:\/\//i, '')),
    'must list origins or hosts, without a path or pattern',
  )
    .transform((entries) => entries.map((entry) => entry.replace(/^https?:\/\//i, '')))
    .default([])
    .meta({ example: 'https://mail.example.com,https://localhost:5173' }),
  MIN_DELAY_MS: wholeNumber(0, 3_600_000).default(1000).meta({ example: '1000' }),
  HOSTS_PER_ADDRESS: wholeNumber(1, 10_000).default(8).meta({ example: '8' }),
  USER_AGENT_CONTACT: z
    .string()
    .refine(isContact, 'must be a URL or an e-mail address where the owner of a crawled site can reach you')
    .default('')
    .meta({ example: 'https://example.com/about-our-crawler' }),
  DNS_SERVERS: list(
    isAddressEntry,
    'must list IP addresses, each with or without a port: names need name servers first',
  )
    .default([])
    .meta({ example: '127.0.0.1:5353,[::1]:5353' }),
  SMTP_HELO: z
    .string()
    .refine(
      (name) => /^(?:[a-z\d](?:[a-z\d-]*[a-z\d])?\.)+[a-z][a-z\d-]*[a-z\d]$/i.test(name),
      'must be the host name by which this machine is known in DNS',
    )
    .optional()
    .meta({ example: 'mail.example.com' }),
  SMTP_MAIL_FROM: z
    .string()
    .refine((address) => /^[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+$/.test(address), 'must be an address of your own domain')
    .optional()
    .meta({ example: 'postmaster@example.com' }),
  SMTP_PORT: wholeNumber(1, 65_535).default(25).meta({ example: '25' }),
  MAILSSO_API_KEY: serviceKey(),
  MAILSSO_BASE_URL: serviceUrl(),
  HUNTER_API_KEY: serviceKey(),
  HUNTER_BASE_URL: serviceUrl(),
  ZEROBOUNCE_API_KEY: serviceKey(),
  ZEROBOUNCE_BASE_URL: serviceUrl(),
  NEVERBOUNCE_API_KEY: serviceKey(),
  NEVERBOUNCE_BASE_URL: serviceUrl(),
  REACHER_API_KEY: serviceKey(),
  REACHER_BASE_URL: serviceUrl(),
  RETENTION_DAYS: wholeNumber(1, 36_500).optional().meta({ example: '30' }),
  INTROSPECTION: z.enum(['true', 'false'], 'must be true or false').default('true').meta({ example: 'false' }),
  LOG_LEVEL: z
    .enum(logLevels, `must be one of ${logLevels.join(', ')}`)
    .default('info')
    .meta({ example: 'info' }),
})

function wholeNumber(least: number, most: number) {
  return z
    .string()
    .refine((text) => /^\d{1,9}$/.test(text) && Number(text) >= least && Number(text) <= most, {
      error: `must be a whole number from ${least} to ${most}`,
    })
    .transform(Number)
}

function serviceKey() {
  return z
    .string()
    .refine((key) => /^[\x21-\x7e]+$/.test(key), 'must have no blanks and nothing beyond ASCII')
    .optional()
    .meta({ example: 'the key from your account', secret: true })
}

function serviceUrl() {
  return z
    .string()
    .refine((url) => /^https?:\/\/[^?#]+$/.test(url) && URL.canParse(url), 'must be a URL without ? and #')
    .optional()
    .meta({ example: 'http://127.0.0.1:8080' })
}

/** Parts between commas or blanks. */
function list(accepts: (entry: string) => boolean, error: string) {
  return z
    .string()
    .transform((text) => text.split(/[\s,]+/).filter(Boolean))
    .refine((entries) => entries.every(accepts), { error })
}

/** `file:///absolute`, or `file:` with a path from the working directory on. */
function isFileUrl(url: string): boolean {
  return /^file:(?:\/\/\/|[^/])[^?#]*$/.test(url) && URL.canParse(url)
}

function folderOf(url: string, directory: string): string {
  return url.startsWith('file:///') ? fileURLToPath(url) : resolve(directory, url.slice('file:'.length))
}

function isHostEntry(entry: string): boolean {
  if (isIPv6(entry)) return true
  const match = /^(.+?)(?::(\d{1,5}))?$/.exec(entry)
  if (!match) return false
  const [, host, port] = match
  return isHostName(withoutBrackets(host!)) && (port === undefined || (Number(port) > 0 && Number(port) <= 65_535))
}

function isAddressEntry(entry: string): boolean {
  if (isIP(entry)) return true
  const match = /^(?:\[(.+)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(entry)
  const [, ipv6 = '', ipv4 = '', port = '53'] = match ?? []
  return (isIPv6(ipv6) || isIPv4(ipv4)) && Number(port) > 0 && Number(port) <= 65_535
}

function isHostName(host: string): boolean {
  if (isIP(host)) return true
  // letters beyond ASCII are for URL to judge; the rest of what it takes for a host, such as "a@b" or "0x7f.1", is no name here
  return (
    /^[\p{L}\p{N}_-]+(\.[\p{L}\p{N}_-]+)*\.?$/u.test(host) && !/^[\d.]+$/.test(host) && URL.canParse(`http://${host}`)
  )
}

function withoutBrackets(host: string): string {
  return /^\[.*\]$/.test(host) && isIPv6(host.slice(1, -1)) ? host.slice(1, -1) : host
}

/** It goes into a comment of the User-Agent header (RFC 9110 §10.1.5). */
function isContact(text: string): boolean {
  return (
    /^[\x21-\x7e]+$/.test(text) &&
    !/[()\\]/.test(text) &&
    (/^[^@/:]+@[^@/:]+$/.test(text) || /^(https?:\/\/|mailto:)./.test(text))
  )
}

function isLoopback(host: string): boolean {
  const loopback = new BlockList()
  loopback.addSubnet('127.0.0.0', 8)
  loopback.addAddress('::1', 'ipv6')
  return isIP(host) ? loopback.check(host, isIPv6(host) ? 'ipv6' : 'ipv4') : host.toLowerCase() === 'localhost'
}

/** A rule over two variables, asked by itself so that it is told together with whatever else is wrong. */
function missingToken({ HOST, API_TOKEN }: Environment): ConfigProblem[] {
  if (!HOST || API_TOKEN || isLoopback(withoutBrackets(HOST))) return []
  const problem = `must be set, since HOST=${HOST} lets other machines in; or leave HOST out to serve this machine alone`
  return [{ name: 'API_TOKEN', problem, example: exampleOf('API_TOKEN') }]
}

/** One without the other is a probe that nobody would answer. */
function halfOfSmtp({ SMTP_HELO, SMTP_MAIL_FROM }: Environment): ConfigProblem[] {
  if ((SMTP_HELO === undefined) === (SMTP_MAIL_FROM === undefined)) return []
  const [name, other] = SMTP_HELO === undefined ? ['SMTP_HELO', 'SMTP_MAIL_FROM'] : ['SMTP_MAIL_FROM', 'SMTP_HELO']
  return [{ name, problem: `must be set too where ${other} is`, example: exampleOf(name) }]
}

function problemOf({ path, message }: z.core.$ZodIssue, given: Environment): ConfigProblem {
  const name = String(path[0])
  const shown = metaOf(name)?.secret ? '' : `, not ${JSON.stringify(given[name])}`
  return { name, problem: message + shown, example: exampleOf(name) }
}

function exampleOf(name: string): string {
  return String(metaOf(name)?.example)
}

function metaOf(name: string): Record<string, unknown> | undefined {
  return variables.shape[name as keyof typeof variables.shape].meta()
}

/** Own properties, so that a copy made by spreading hides them too. */
function hideSecrets(config: Config): Config {
  return Object.assign(config, { toJSON: withoutSecrets, [inspect.custom]: withoutSecrets })
}

function withoutSecrets(this: Config): Record<string, unknown> {
  const secret: readonly string[] = secretSettings
  const shown = Object.entries(this).filter(([, value]) => typeof value !== 'function')
  return Object.fromEntries(
    shown.map(([name, value]) => [name, secret.includes(name) && value !== undefined ? '[hidden]' : value]),
  )
}

function readEnvFile(file: string): Environment {
  try {
    return parseEnv(readFileSync(file, 'utf8'))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return {}
    throw new ConfigError([{ name: file, problem: `cannot be read: ${message}`, example: 'PORT=4000 as a line of it' }])
  }
}
