import type { ShownSetting } from '../schema/shown-setting.ts'
import { variables } from './config-variables.ts'

/** What people read beside each setting. `missing`: said as long as it is not set. */
const words: Record<string, { group: string; does: string; missing?: string }> = {
  HOST: { group: 'Server', does: 'Where to listen. Anything but loopback needs API_TOKEN.' },
  PORT: { group: 'Server', does: 'The port; the sample site takes the next one.' },
  API_TOKEN: {
    group: 'Server',
    does: 'Asked of every request when it is set.',
    missing: 'Whoever uses this machine can use this server; others cannot reach it.',
  },
  ALLOW_ORIGINS: { group: 'Server', does: "Names besides loopback's that people reach the server by." },
  INTROSPECTION: { group: 'Server', does: 'Whether clients may ask for the schema of the API.' },
  LOG_LEVEL: { group: 'Server', does: 'How much is logged.' },
  DATA_DIR: { group: 'Storage', does: 'The embedded database and files.' },
  DATABASE_URL: { group: 'Storage', does: 'A PostgreSQL of your own instead of the embedded one.' },
  BLOBS_URL: { group: 'Storage', does: 'Where files go: a folder or an S3 bucket.' },
  SECRET_KEY: {
    group: 'Storage',
    does: 'Encrypts the keys of services that come with a job.',
    missing: 'A key is made and kept in the data folder; machines that share a database need the same one.',
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
  FIND_MAX_JOBS: { group: 'Services', does: 'Jobs of the kind find-emails that run at once.' },
  FIND_STARTS_PER_INTERVAL: { group: 'Services', does: 'Jobs of that kind that may be started per interval.' },
  FIND_INTERVAL_MS: { group: 'Services', does: 'That interval, in milliseconds.' },
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
    does: 'The key of Hunter, for people search and verification.',
    missing: 'Hunter cannot be asked.',
  },
  MAILSSO_API_KEY: {
    group: 'Services',
    does: 'The key of mails.so, for verification.',
    missing: 'mails.so cannot be asked.',
  },
  AI_BASE_URL: {
    group: 'AI',
    does: 'An endpoint that speaks the OpenAI protocol.',
    missing: 'Jobs that need an AI service cannot be started.',
  },
  AI_API_KEY: { group: 'AI', does: 'The key of that endpoint.' },
  AI_MODEL: { group: 'AI', does: 'The model that is asked there.' },
  IMPORT_DIR: {
    group: 'Mail',
    does: 'The folder below which mail archives may be read.',
    missing: 'Archives can be uploaded, but not read from a folder of the server.',
  },
  SMTP_URL: { group: 'Mail', does: 'The relay that sends mail.', missing: 'Nothing can be sent.' },
}

const groups = ['Server', 'Storage', 'Workers', 'Crawling', 'Verification', 'Services', 'AI', 'Mail', 'Other']

/** All settings that this program knows, by group. Of a secret nothing but whether it is set. */
export function shownSettings(env: Record<string, string | undefined>): ShownSetting[] {
  const settings = Object.entries(variables.shape).map(([name, variable]): ShownSetting => {
    const { example, secret } = variable.meta() ?? {}
    const given = env[name]?.trim() || undefined
    const { group = 'Other', does = '', missing } = words[name] ?? {}
    return {
      name,
      group,
      does,
      secret: secret === true,
      given: given !== undefined,
      value: secret === true ? null : (given ?? defaultOf(variable)),
      missing: given === undefined ? (missing ?? null) : null,
      example: typeof example === 'string' ? example : '',
    }
  })
  return settings.toSorted((a, b) => groups.indexOf(a.group) - groups.indexOf(b.group))
}

function defaultOf(variable: { safeParse(value: unknown): { success: boolean; data?: unknown } }): string | null {
  const { data } = variable.safeParse(undefined)
  if (Array.isArray(data)) return data.length > 0 ? data.join(',') : null
  return typeof data === 'number' ? String(data) : typeof data === 'string' && data !== '' ? data : null
}
