import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

import { z } from 'zod'

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

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

export function folderOf(url: string, directory: string): string {
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

export function withoutBrackets(host: string): string {
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

export function isLoopback(host: string): boolean {
  const loopback = new BlockList()
  loopback.addSubnet('127.0.0.0', 8)
  loopback.addAddress('::1', 'ipv6')
  return isIP(host) ? loopback.check(host, isIPv6(host) ? 'ipv6' : 'ipv4') : host.toLowerCase() === 'localhost'
}

export function exampleOf(name: string): string {
  return String(metaOf(name)?.example)
}

/** A shell takes a command for what it prints; a file .env does not. */
export function aboutExample(example: string): string | undefined {
  const [, command] = /^\$\((.*)\)$/.exec(example) ?? []
  return command && `for a shell; into .env goes what ${command} prints`
}

export function metaOf(name: string): Record<string, unknown> | undefined {
  return variables.shape[name as keyof typeof variables.shape].meta()
}
