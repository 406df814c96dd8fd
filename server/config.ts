import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { inspect, parseEnv } from 'node:util'

import type { z } from 'zod'

import {
  aboutExample,
  exampleOf,
  folderOf,
  isLoopback,
  type LogLevel,
  metaOf,
  variables,
  withoutBrackets,
} from './config-variables.ts'

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
    const lines = problems.map(({ name, problem, example }) => {
      const about = aboutExample(example)
      return `  ${name} ${problem}. Example: ${name}=${example}${about ? ` (${about})` : ''}`
    })
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
