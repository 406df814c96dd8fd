import type { introspection } from '../graphql-env.d.ts'
import { withAcronyms } from '../ui/format.ts'

type Enums = introspection['types']
export type JobState = Enums['JobState']['enumValues']
export type JobKind = Enums['JobKind']['enumValues']
export type JobAction = Enums['JobAction']['enumValues']
export type Quality = Enums['Quality']['enumValues']
export type PageStatus = Enums['PageStatus']['enumValues']
export type ErrorCategory = Enums['ErrorCategory']['enumValues']

/** As the API takes it; what is undefined lets everything through. */
export interface PageFilter {
  text?: string | undefined
  status?: PageStatus[] | undefined
}

export type Tone = 'info' | 'success' | 'warning' | 'error' | 'neutral'

/** Each state in words and colour; `moving` while something goes on by itself. */
export const stateWords: Record<JobState, { label: string; tone: Tone; moving: boolean }> = {
  PENDING: { label: 'Pending', tone: 'neutral', moving: true },
  RUNNING: { label: 'Running', tone: 'info', moving: true },
  PAUSING: { label: 'Pausing', tone: 'warning', moving: true },
  PAUSED: { label: 'Paused', tone: 'warning', moving: false },
  CANCELLING: { label: 'Cancelling', tone: 'neutral', moving: true },
  CANCELLED: { label: 'Cancelled', tone: 'neutral', moving: false },
  COMPLETED: { label: 'Completed', tone: 'success', moving: false },
  FAILED: { label: 'Failed', tone: 'error', moving: false },
}

/** States that people filter by, several stored ones under one word. */
export const stateGroups = {
  all: { label: 'All', states: undefined },
  active: { label: 'Active', states: ['PENDING', 'RUNNING', 'PAUSING', 'CANCELLING'] },
  paused: { label: 'Paused', states: ['PAUSED'] },
  completed: { label: 'Completed', states: ['COMPLETED'] },
  failed: { label: 'Failed', states: ['FAILED'] },
  cancelled: { label: 'Cancelled', states: ['CANCELLED'] },
} as const satisfies Record<string, { label: string; states: readonly JobState[] | undefined }>
export type StateGroup = keyof typeof stateGroups

/** What a job of a kind goes through and what it yields, in words. */
export interface KindWords {
  /** One of its items, and many. */
  item: readonly [one: string, many: string]
  result: readonly [one: string, many: string]
  /** Its items are pages, which have a tab of their own. */
  hasPages: boolean
  /** Said where every item failed. */
  allFailed: string
  /** What nobody is asked for, one and many. */
  unusable: readonly [one: string, many: string]
  /** What was skipped, where no page says it of each. */
  skipped?: string
}

const crawlWords: KindWords = {
  item: ['page', 'pages'],
  result: ['address', 'addresses'],
  hasPages: true,
  allFailed: 'No page could be read',
  unusable: ['row that cannot be crawled', 'rows that cannot be crawled'],
}
const verifyWords: KindWords = {
  item: ['entry', 'entries'],
  result: ['result', 'results'],
  hasPages: false,
  allFailed: 'No address could be checked',
  unusable: ['not an address', 'not an address'],
  skipped: 'repeated, empty or suppressed',
}

export function kindWords(kind: JobKind): KindWords {
  return kind === 'VERIFY_EMAILS' ? verifyWords : crawlWords
}

export const actionWords: Record<JobAction, { label: string; icon: string; says: string }> = {
  PAUSE: { label: 'Pause', icon: 'i-lucide-pause', says: 'Stops after what is in hand. It can go on at any time.' },
  RESUME: { label: 'Resume', icon: 'i-lucide-play', says: 'Goes on from the last saved step.' },
  CANCEL: {
    label: 'Cancel',
    icon: 'i-lucide-circle-stop',
    says: 'Ends the job after what is in hand. Results are kept, and it can still be resumed.',
  },
  RETRY: {
    label: 'Retry failed',
    icon: 'i-lucide-rotate-ccw',
    says: 'Gives what failed another try, and goes on with whatever else is open.',
  },
  CLONE: {
    label: 'Clone',
    icon: 'i-lucide-copy-plus',
    says: 'Starts a new job with the same input at once. To change it first: Input, New job from this.',
  },
  DELETE: { label: 'Delete', icon: 'i-lucide-trash', says: 'Removes the job with its results, pages and log.' },
}

export const qualityWords: Record<Quality, { label: string; tone: Tone }> = {
  HIGH: { label: 'High', tone: 'success' },
  MEDIUM: { label: 'Medium', tone: 'warning' },
  LOW: { label: 'Low', tone: 'neutral' },
}

export const pageStatusWords: Record<PageStatus, { label: string; tone: Tone }> = {
  QUEUED: { label: 'Queued', tone: 'neutral' },
  FETCHED: { label: 'Fetched', tone: 'success' },
  FAILED: { label: 'Failed', tone: 'error' },
  SKIPPED: { label: 'Skipped', tone: 'warning' },
}

/** SCRAPE_EMAILS → "Scrape emails", HTTP_4XX → "HTTP 4xx". */
export function wordsOfEnum(value: string): string {
  const words = value.toLowerCase().replaceAll('_', ' ')
  return withAcronyms(words.charAt(0).toUpperCase() + words.slice(1))
}

/** Reasons come as words for programs: "same-domain" → "same domain". */
export function reasonWords(reason: string): string {
  return reason.replaceAll(/[-_]/g, ' ')
}

export function isActive(state: JobState): boolean {
  return stateWords[state].moving
}

/** What of a job says how it fares. */
export interface JobFate {
  state: JobState
  progress: { succeeded: number; failed: number }
}

/** True where a job came to its end and nothing of it went well: that is no success, whatever its state is called. */
export function cameToNothing(job: JobFate): boolean {
  return job.state === 'COMPLETED' && job.progress.succeeded === 0 && job.progress.failed > 0
}

/** The colour of a job, wherever it is shown. */
export function toneOf(job: JobFate): Tone {
  return cameToNothing(job) ? 'warning' : stateWords[job.state].tone
}
