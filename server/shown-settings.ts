import type { ShownSetting } from '../schema/shown-setting.ts'
import { aboutExample, exampleOf, variables } from './config-variables.ts'

interface SettingWords {
  group: string
  does: string
  /** Said as long as it is not set. */
  missing?: string
  /** Said instead, where it should be set because of what else is. */
  lacking?: (env: Env) => string | undefined
}

type Env = Record<string, string | undefined>

/** What people read beside each setting. */
const words: Record<keyof typeof variables.shape, SettingWords> = {
  HOST: { group: 'Server', does: 'Where to listen. Anything but loopback needs API_TOKEN.' },
  PORT: { group: 'Server', does: 'The port; the sample site takes the next one.' },
  API_TOKEN: {
    group: 'Server',
    does: 'Asked of every request when it is set.',
    missing: 'Whoever uses this machine can use this server; others cannot reach it.',
    lacking: ({ ALLOW_ORIGINS }) =>
      ALLOW_ORIGINS?.trim() && 'Whoever reaches this server by a name in ALLOW_ORIGINS can use it.',
  },
  ALLOW_ORIGINS: {
    group: 'Server',
    does: "Names besides loopback's that people reach the server by; loopback by another port, as through a tunnel, is one.",
  },
  INTROSPECTION: { group: 'Server', does: 'Whether clients may ask for the schema of the API.' },
  LOG_LEVEL: { group: 'Server', does: 'How much is logged.' },
  DATA_DIR: { group: 'Storage', does: 'The embedded database and files.' },
  DATABASE_URL: { group: 'Storage', does: 'A PostgreSQL of your own instead of the embedded one.' },
  BLOBS_URL: { group: 'Storage', does: 'The folder for files, as file:///path, where it is not DATA_DIR.' },
  SECRET_KEY: {
    group: 'Storage',
    does: 'Encrypts the keys of services that come with a job.',
    missing: 'A key is made and kept in the data folder.',
    lacking: ({ DATABASE_URL }) =>
      DATABASE_URL?.trim() &&
      'Without it no job can bring the key of a service; machines that share a database need the same one.',
  },
  RETENTION_DAYS: {
    group: 'Storage',
    does: 'Jobs that ended more days ago are deleted, hourly.',
    missing: 'Jobs are kept until somebody deletes them.',
  },
  WORKERS: { group: 'Workers', does: 'Worker processes that this program starts.' },
  WORKER_SLOTS: { group: 'Workers', does: 'Parts of jobs that each runs at the same time.' },
  USER_AGENT_CONTACT: {
    group: 'Crawling',
    does: 'A URL or an address that crawled sites can complain to.',
    missing: 'Set it before you crawl sites of others: it is in every request, so that their owners can reach you.',
  },
  MIN_DELAY_MS: { group: 'Crawling', does: 'Least pause between two requests to one host, in milliseconds.' },
  ALLOW_HOSTS: { group: 'Crawling', does: 'Your own hosts that may be crawled although they are private.' },
  HOSTS_PER_ADDRESS: { group: 'Crawling', does: 'Hosts at one IP address that are asked at the same time.' },
  DNS_SERVERS: { group: 'Verification', does: 'Name servers that verification asks, instead of those of the machine.' },
  SMTP_HELO: {
    group: 'Verification',
    does: 'The name that this machine gives to mail servers.',
    missing: 'Without it and SMTP_MAIL_FROM mailboxes are not asked after by SMTP.',
  },
  SMTP_MAIL_FROM: {
    group: 'Verification',
    does: 'The sender that mail servers are told when a mailbox is asked after.',
    missing: 'Without it and SMTP_HELO mailboxes are not asked after by SMTP.',
  },
  SMTP_PORT: { group: 'Verification', does: 'The port of mail servers.' },
  HUNTER_API_KEY: {
    group: 'Services',
    does: 'The key of Hunter, for verification.',
    missing: 'Hunter cannot be asked.',
  },
  MAILSSO_API_KEY: {
    group: 'Services',
    does: 'The key of mails.so, for verification.',
    missing: 'mails.so cannot be asked.',
  },
  MAILSSO_BASE_URL: { group: 'Services', does: "Where mails.so is asked, if not at its maker's." },
  HUNTER_BASE_URL: { group: 'Services', does: "Where Hunter is asked, if not at its maker's." },
  ZEROBOUNCE_API_KEY: {
    group: 'Services',
    does: 'The key of ZeroBounce, for verification.',
    missing: 'ZeroBounce cannot be asked.',
  },
  ZEROBOUNCE_BASE_URL: { group: 'Services', does: "Where ZeroBounce is asked, if not at its maker's." },
  NEVERBOUNCE_API_KEY: {
    group: 'Services',
    does: 'The key of NeverBounce, for verification.',
    missing: 'NeverBounce cannot be asked.',
  },
  NEVERBOUNCE_BASE_URL: { group: 'Services', does: "Where NeverBounce is asked, if not at its maker's." },
  REACHER_API_KEY: { group: 'Services', does: 'The key of Reacher, where it asks for one.' },
  REACHER_BASE_URL: {
    group: 'Services',
    does: 'Where your Reacher is, for verification.',
    missing: 'Reacher cannot be asked.',
  },
}

const groups = ['Server', 'Storage', 'Workers', 'Crawling', 'Verification', 'Services']

/** All settings that this program knows, by group. Of a secret nothing but whether it is set. */
export function shownSettings(env: Env): ShownSetting[] {
  const names = Object.keys(variables.shape) as (keyof typeof variables.shape)[]
  const settings = names.map((name): ShownSetting => {
    const variable = variables.shape[name]
    const { secret } = variable.meta() ?? {}
    const example = exampleOf(name)
    const about = aboutExample(example)
    const given = env[name]?.trim() || undefined
    const { group, does, missing, lacking } = words[name]
    const wrong = given === undefined ? lacking?.(env) || undefined : undefined
    const comesOfIt = given === undefined ? (wrong ?? missing) : undefined
    return {
      name,
      group,
      does,
      secret: secret === true,
      given: given !== undefined,
      value: secret === true ? null : (given ?? defaultOf(variable)),
      missing: comesOfIt === undefined ? null : comesOfIt + (about ? ` The line is ${about}.` : ''),
      worthALook: wrong !== undefined,
      example,
    }
  })
  return settings.toSorted((a, b) => groups.indexOf(a.group) - groups.indexOf(b.group))
}

function defaultOf(variable: { safeParse(value: unknown): { success: boolean; data?: unknown } }): string | null {
  const { data } = variable.safeParse(undefined)
  if (Array.isArray(data)) return data.length > 0 ? data.join(',') : null
  return typeof data === 'number' ? String(data) : typeof data === 'string' && data !== '' ? data : null
}
