import { z } from 'zod'

import { type Depth, depths, engineNames, type Service, serviceNames, services } from '../engines/verify/terms.ts'
import type { NotSetUp, Settings, TitleFacts } from '../job-kind.ts'
import { type InputIssue, NotConfigured } from '../refusals.ts'
import { adapters } from './services/adapters.ts'

const mostPasted = 100_000

export const verifyInput = z
  .object({
    emails: z
      .array(z.string())
      .max(mostPasted)
      .optional()
      .meta({
        title: 'Addresses',
        description: 'Addresses to verify, one a line. What is no address comes back as such, with the reason.',
        examples: [['ada@example.com', 'grace@example.org']],
      }),
    upload: z.string().optional().meta({
      title: 'File',
      description:
        'A CSV with a column of addresses, or a text with an address a line. How it is read is shown; its other columns are kept.',
      upload: true,
    }),
    fromJob: z
      .string()
      .regex(/^[1-9]\d{0,14}$/, 'The id of a job is a number.')
      .optional()
      .meta({
        title: 'Results of a job',
        description: 'A job of yours that has looked for addresses: what it found is verified.',
        examples: ['12'],
        job: 'scrape-emails',
      }),
    text: z
      .string()
      .max(500)
      .optional()
      .meta({
        advanced: true,
        title: 'Only with the text',
        description:
          'Of addresses that jobs have found, those with this in the address; of the results of a job, or in the person, the position or the organisation.',
        examples: ['sales'],
      }),
    domain: z
      .string()
      .max(253)
      .optional()
      .meta({
        advanced: true,
        title: 'Only at the domain',
        description: 'Of addresses that jobs have found, those at this domain.',
        examples: ['example.com'],
      }),
    quality: z
      .array(z.enum(['high', 'medium', 'low']).meta({ typeName: 'FoundQuality' }))
      .max(3)
      .optional()
      .meta({
        advanced: true,
        title: 'Only of the quality',
        description: 'Of addresses that jobs have found, those that were found with one of these.',
        examples: [['high', 'medium']],
      }),
    method: z
      .array(z.string().max(100))
      .max(100)
      .optional()
      .meta({
        advanced: true,
        title: 'Only found by',
        description: 'Of addresses that jobs have found, those that were found in one of these ways.',
        examples: [['mailto', 'text']],
      }),
    depth: z
      .enum(depths)
      .optional()
      .meta({
        title: 'Depth',
        description:
          'How far a check goes: the text alone, the mail servers of the domain in DNS, or a talk with the mail server. DNS unless told; a service other than Builtin is always asked about the mailbox itself, which is SMTP.',
        examples: ['DNS'],
        unset: 'By the service',
      }),
    service: z
      .enum(engineNames)
      .default('builtin')
      .meta({
        title: 'Service',
        description:
          'Who finds out about mailboxes: Builtin is this program itself, the others are services that cost.',
        examples: ['builtin'],
      }),
    apiKey: z
      .string()
      .min(1)
      .max(500)
      .regex(/^[\x21-\x7e]+$/, 'A key has no blanks and nothing beyond ASCII.')
      .optional()
      .meta({
        title: 'Key of the service',
        description: 'Your own key; empty: the one that the operator has set.',
        secret: true,
      }),
    maxAgeDays: z
      .number()
      .int()
      .min(0)
      .max(3_650)
      .optional()
      .meta({
        title: 'Not older than, in days',
        description:
          'A stored verdict answers only where it is not older than this. Empty: for as long as it holds, which depends on what it says.',
        examples: [30],
      }),
    fromKnown: z
      .boolean()
      .default(false)
      .meta({
        title: 'All that was found',
        description: 'The addresses that any of your jobs has found are verified.',
        examples: [false],
      }),
    column: z
      .string()
      .max(1_000)
      .optional()
      .meta({
        title: 'Column',
        description:
          'Of a file: the header of the column with the addresses, or its number from 1, where it is not found by itself.',
        examples: ['email'],
      }),
    delimiter: z
      .string()
      .max(3)
      .optional()
      .meta({
        title: 'Delimiter',
        description: 'Of a file: the character between two cells, or tab, where it is not found by itself.',
        examples: [';'],
      }),
    header: z
      .enum(['yes', 'no'])
      .optional()
      .meta({
        title: 'Header',
        description: 'Of a file: whether the first row names the columns, where that is not found by itself.',
        examples: ['yes'],
        typeName: 'ListHeader',
      }),
    force: z
      .boolean()
      .default(false)
      .meta({
        title: 'Check again',
        description:
          'Checks every address anew, although there is a verdict that holds. Each address once a job all the same.',
        examples: [false],
      }),
  })
  .superRefine((input, context) => {
    const given = sourcesOf(input)
    if (given.length === 0)
      context.addIssue({
        code: 'custom',
        path: ['emails'],
        message: 'Give at least one address, or a file, or say whose results.',
      })
    for (const source of given.slice(1))
      context.addIssue({
        code: 'custom',
        path: [source],
        message: `There is a list already (${given[0]}): take one of them.`,
      })
    const found = given[0] === 'fromJob' || given[0] === 'fromKnown'
    for (const name of choosing)
      if (input[name] !== undefined && !found)
        context.addIssue({
          code: 'custom',
          path: [name],
          message: 'This chooses among addresses that jobs have found.',
        })
  })

/** What chooses among addresses that jobs have found, as the filters of their lists do. */
const choosing = ['text', 'domain', 'quality', 'method'] as const

/** The lists that an input names; it is to be one. */
function sourcesOf(input: {
  emails?: string[] | undefined
  upload?: string | undefined
  fromJob?: string | undefined
  fromKnown?: boolean
}) {
  const { emails = [], upload, fromJob, fromKnown } = input
  return [
    ...(emails.some((email) => email.trim() !== '') ? ['emails' as const] : []),
    ...(upload === undefined ? [] : ['upload' as const]),
    ...(fromJob === undefined ? [] : ['fromJob' as const]),
    ...(fromKnown ? ['fromKnown' as const] : []),
  ]
}

export type VerifyInput = z.infer<typeof verifyInput>

/** Whom to ask, how far: a service is asked about mailboxes. */
export function depthOf({ depth, service }: Pick<VerifyInput, 'depth' | 'service'>): Depth {
  return service === 'builtin' ? (depth ?? 'DNS') : 'SMTP'
}

/** Throws NotConfigured where the operator has not set up what the job needs. */
export function checkVerifyInput(input: VerifyInput, settings: Settings): InputIssue[] {
  const { depth, service, apiKey } = input
  if (service !== 'builtin' && depth !== undefined && depth !== 'SMTP') {
    const message = `${serviceNames[service]} is asked about mailboxes, which is depth SMTP; leave the depth out or take the service Builtin.`
    return [{ path: ['depth'], message, code: 'depth_of_service' }]
  }
  if (service !== 'builtin') {
    const missing = missingOf(service, settings).filter(({ ownKeyDoes }) => !ownKeyDoes || apiKey === undefined)
    if (missing.length > 0)
      throw new NotConfigured(
        needs(service, missing),
        missing.map(({ setting }) => setting),
      )
  }
  if (service === 'builtin' && depth === 'SMTP' && !settings.smtp)
    throw new NotConfigured(nobodyAsks, ['SMTP_HELO', 'SMTP_MAIL_FROM'])
  return []
}

/** What the form marks before anybody chooses it. */
export function verifyNotSetUp(settings: Settings): NotSetUp[] {
  const lacking = services.flatMap((service) => {
    const missing = missingOf(service, settings)
    return missing.length > 0 ? [{ field: 'service', value: service, words: needs(service, missing) }] : []
  })
  const noSmtp = { field: 'depth', value: 'SMTP', words: `${nobodyAsks} A service needs neither.` }
  return [...lacking, ...(settings.smtp ? [] : [noSmtp])]
}

const nobodyAsks =
  'Mail servers are not asked about mailboxes unless the settings SMTP_HELO and SMTP_MAIL_FROM say who is asking.'

interface MissingSetting {
  setting: string
  /** A key that comes with the job stands for it. */
  ownKeyDoes: boolean
}

function missingOf(service: Service, { services: accounts }: Settings): MissingSetting[] {
  const { url, needsKey } = adapters[service]
  const { url: ownUrl, key } = accounts?.[service] ?? {}
  const name = service.toUpperCase()
  return [
    ...(url === undefined && ownUrl === undefined ? [{ setting: `${name}_BASE_URL`, ownKeyDoes: false }] : []),
    ...(needsKey && key === undefined ? [{ setting: `${name}_API_KEY`, ownKeyDoes: true }] : []),
  ]
}

function needs(service: Service, missing: readonly MissingSetting[]): string {
  const own = missing.every(({ ownKeyDoes }) => ownKeyDoes) ? ', or a key of your own with the job' : ''
  return `${serviceNames[service]} needs the setting ${missing.map(({ setting }) => setting).join(' and ')}${own}.`
}

/** True where only some of the addresses that jobs have found are meant. */
export function chooses(input: VerifyInput): boolean {
  return choosing.some((name) => input[name] !== undefined)
}

/** `ada@example.com and 2 more`; the name of the file, where there is one. */
export function verifyTitle(input: VerifyInput, { fileName }: TitleFacts = {}): string {
  const { emails = [], upload, fromJob, fromKnown } = input
  if (upload !== undefined) return fileName ? shortened(fileName) : 'An uploaded list'
  const some = chooses(input)
  if (fromJob !== undefined) return `${some ? 'Some results' : 'Results'} of job ${fromJob}`
  if (fromKnown) return `${some ? 'Some' : 'All'} addresses that were found`
  const first = (emails.find((email) => email.trim() !== '') ?? '').trim()
  const short = shortened(first)
  return emails.length > 1 ? `${short} and ${emails.length - 1} more` : short
}

function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79).toWellFormed()}…` : text
}
