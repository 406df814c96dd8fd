import type { Kysely, RawBuilder, Transaction } from 'kysely'
import type { Logger } from 'pino'
import type { z } from 'zod'

import type { Blobs } from '../db/blobs.ts'
import type { FoundChoice } from '../db/found-addresses.ts'
import type { DB } from '../db/types.ts'
import type { UploadReader } from '../db/upload-bytes.ts'
import type { Sought } from './engines/table/table-shape.ts'
import type { ErrorCategory } from './error-category.ts'
import type { Outgoing } from './outgoing.ts'
import type { InputIssue } from './refusals.ts'

/** Something that went wrong with one item: stored as an event, counted, and never the end of a job. */
export interface Finding {
  category: ErrorCategory
  message: string
  /** What it happened to: a URL, an address, an offset. */
  item?: string
  url?: string
  httpStatus?: number
}

/** A line for the job's event log. Slim: ids, URLs and counts, never result data. */
export interface Note {
  message: string
  url?: string
  counts?: Record<string, number>
}

/** Changes of a job's counters; all deltas. `done` is succeeded + failed + skipped and is added by the engine. */
export interface Counts {
  /** Newly known items. The total is shown once it is final: see `totalKnown` of a step. */
  total?: number
  succeeded?: number
  failed?: number
  skipped?: number
  bytesDone?: number
  /** New results, such as addresses that this job had not met. */
  results?: number
}

/** What only the database could tell of steps that it has stored. */
export interface Saved extends Counts {
  /** Where several shards may meet an item: those that have failed by these steps, and not before. What they find about another is not told; about each of these once. */
  failedItems?: readonly string[]
}

/** What a shard commits at once, in one transaction. Plain data. */
export interface Step<Batch, Checkpoint> {
  batch: Batch
  checkpoint: Checkpoint
  counts?: Counts
  findings?: Finding[]
  notes?: Note[]
  /** Keys of shards that have something new to do: created, or reopened where they had ended. */
  spawn?: string[]
  phase?: string
  /** Set once no further items can turn up: from then on the total, and a percentage, are shown. */
  totalKnown?: boolean
  /** Set on the last step where the run knows that it is the last: saves a transaction. */
  end?: RunEnd
}

/** How a run ends; what `run` returns. The runner adds sliced, paused, cancelled, retry and failed. */
export type RunEnd =
  | { end: 'done' }
  /** The shard waits without a slot until `at`; costs no attempt. `why` is shown to people. */
  | { end: 'later'; at: Date; why: string }

/** Undefined where there is no such upload, or it is not complete. */
export type OpenUpload = (uploadId: string) => Promise<UploadReader | undefined>

/** Whether jobs of the one who starts a job have found an address that fits. */
export type HasFound = (which: FoundChoice) => Promise<boolean>

/** How careful a run must be: after two crashes at one checkpoint a batch is one item; after three that item is given up. Holds for the first step of a run. */
export type Care = 'normal' | 'one-item' | 'give-up-one'

export interface RunArgs<Input, Checkpoint, Io> {
  jobId: number
  /** Key of the shard; the first shard of a job is `main`. */
  shard: string
  input: Input
  /** As committed last; undefined for the first run. */
  checkpoint: Checkpoint | undefined
  io: Io
  /** Trips on pause, cancel, shutdown and lost ownership. Yield what is in hand, then return or stop. */
  signal: AbortSignal
  care: Care
  /** Waits up to about 2 s inside the process with the slot lent to other shards; ends early when the signal trips. For longer: `later`. */
  wait(ms: number): Promise<void>
}

/** What a job would come to, told before it starts. */
export interface Estimate {
  /** Items at most; null where that cannot be known. */
  items: number | null
  /** Of what is different among the items: new, and known already, so that nobody is asked. Null where a kind asks for all. */
  fresh: number | null
  known: number | null
  /** Items that are nothing to ask for. Null where a kind asks for all. */
  unusable: number | null
  /** Items that are skipped: those that came before, those with nothing in them, those that no job may store. Null where a kind skips none so. */
  repeated: number | null
  empty: number | null
  suppressed: number | null
  /** Calls at most that a service is paid for; null where none is asked. */
  paidCalls: number | null
  /** About how long it takes; null where that cannot be known. */
  seconds: number | null
  /** What the numbers stand on, in words that go on after "that is". */
  basis: string
}

/** A choice of a field that may be made, although nothing comes of it before the operator has set something up. */
export interface NotSetUp {
  field: string
  /** As stored. */
  value: string
  /** For people: what is to be set. */
  words: string
}

/** What an estimate may look at. */
export interface Outlook {
  db: Kysely<DB>
  /** Who would start the job. */
  owner: string
  openUpload: OpenUpload
  settings: Settings
}

/** What a title may tell besides the input. */
export interface TitleFacts {
  /** Of the upload, as whoever sent it called it. */
  fileName?: string | undefined
  sampleSiteUrl?: string | undefined
}

export interface StartLimits {
  /** Jobs that run or are about to. */
  jobsAtOnce: number
  /** Starts within any `intervalMs`. */
  starts: number
  intervalMs: number
}

/** What an io is made from; the only way to the outside. */
export interface IoDeps {
  db: Kysely<DB>
  outgoing: Outgoing
  blobs: Blobs
  /** A field of the input that is marked as a secret and so is not in it; undefined where the job was started without. */
  secret(jobId: number, name: string): Promise<string | undefined>
  log: Logger
  /** Changes when the worker lost its connection and entered anew: ask each time. */
  workerId(): string
  /** For policies (90 days, 4 hours); leases take the database's clock. */
  now(): Date
  /** Lets work go on that a stop must not break off, such as a call that is paid for: no run waits for it, but a worker that shuts down does. */
  leaveBehind(work: Promise<unknown>): void
  settings: Settings
}

/** The part of the configuration that kinds may see. */
export interface Settings {
  /** Least pause between two requests to one origin. */
  minDelayMs: number
  /** URL or mailto that the User-Agent names. */
  userAgentContact: string
  /** Hosts that the operator owns, as `host` or `host:port`: robots rules may be set aside there. */
  ownHosts: string[]
  /** Start page of the site that comes with the program; undefined where it is not served. */
  sampleSiteUrl?: string | undefined
  /** Hosts at one IP address that are asked at the same time, over all jobs and workers. */
  hostsPerAddress: number
  /** Name servers to ask, as `address` or `address:port`; none: those of the system. */
  dnsServers?: string[]
  /** Who we are to mail servers that are asked about mailboxes; undefined: none is asked. */
  smtp?: SmtpSettings | undefined
  /** Verification services by name: where they are, if not where their makers run them, and the operator's key. */
  services?: Record<string, { url?: string | undefined; key?: string | undefined }>
}

export interface SmtpSettings {
  /** Our own name in EHLO. */
  helo: string
  /** Envelope sender. */
  mailFrom: string
  /** Of mail servers; 25 but in tests. */
  port: number
  /** For one reply of a mail server; 45 s unless told. */
  replyMs?: number
}

export interface SaveArgs {
  jobId: number
  /** Orders result rows by commit: store it and a place counted from 0 over the merged batches. */
  groupId: number
  workerId: string
}

/**
 * How the failed items of a job that has ended or stands still get another try. All by set-based SQL, since there may be hundreds of thousands, and in
 * one transaction with the shards that are reopened and the job's counters: each item has one fate before and after.
 */
export interface RetryFailed {
  /** Query of the keys, in a column `key`, of the shards that hold failed items. Read first: they are locked before `reopen` locks rows. */
  shards(jobId: number): RawBuilder<{ key: string }>
  /** Makes failed items open again, so that a run of their shard finds them. Returns how the counters change: `failed` is negative. */
  reopen(trx: Transaction<DB>, jobId: number): Promise<Pick<Counts, 'succeeded' | 'failed' | 'skipped'>>
  /** SQL over the column `checkpoint` (jsonb) of those shards: from where they go on. */
  checkpoint: RawBuilder<unknown>
  /** New items can turn up on the way, so that the total is not known until the end. */
  mayGrow: boolean
}

/**
 * One kind of job. `run` reads the world through `io` and changes it only by yielding steps; `save` stores batches inside the
 * step's transaction. Neither catches what it cannot handle: a thrown error is a retry with backoff.
 */
export interface JobKind<Input = unknown, Checkpoint = unknown, Batch = unknown, Io = unknown> {
  /** Stored name, never derived: `scrape-emails`. */
  kind: string
  title: string
  description: string
  /**
   * Labels, descriptions, defaults and examples come from zod's metadata and make the form. An optional text with the metadata
   * `secret: true` is stored encrypted and apart: `check` sees it, `titleOf` and `run` do not; `io` reads it by `secret`.
   * One with `upload: true` is the id of an upload: it is checked at the start, stays while the job is there, and is read by `openUpload`.
   * One with `job: 'scrape-emails'` is the id of a job of that kind, which is chosen from a list.
   */
  input: z.ZodType<Input>
  checkpoint: z.ZodType<Checkpoint>
  /** What zod cannot know, such as which hosts the operator allows; run before anything starts. Empty: nothing is wrong. */
  check?(input: Input, settings: Settings): InputIssue[]
  /** The same for what must be read first, such as the rows of an uploaded table or the results of a job; run after `check`, so that all problems are told at once. */
  inspect?(input: Input, settings: Settings, openUpload: OpenUpload, hasFound: HasFound): Promise<InputIssue[]>
  /** What of an input that passes is taken although it will come to nothing, such as texts of a list that are no addresses: told before a job starts. */
  remarks?(input: Input): InputIssue[]
  /** Which choices the form marks as not set up; `check` refuses them. Left out: none. */
  notSetUp?(settings: Settings): NotSetUp[]
  /** What is sought in the tables that people bring, for a look at one before a job starts. Left out: it reads none. */
  sought?(settings: Settings): Sought
  /** What an input that passes `check` comes to. Left out: nothing can be said. */
  estimate?(input: Input, outlook: Outlook): Estimate | Promise<Estimate>
  /** How many jobs of the kind may be started, whoever starts them; more are refused as RateLimited. Left out: any number. */
  limits?(settings: Settings): StartLimits
  /** One line that tells this job from others in a list. */
  titleOf(input: Input, known: TitleFacts): string
  io(deps: IoDeps): Io
  run(args: RunArgs<Input, Checkpoint, Io>): AsyncGenerator<Step<Batch, Checkpoint>, RunEnd>
  /**
   * Stores the batches of several steps, merged and sorted by their unique key so that concurrent transactions lock in one
   * order. Returns what only the database could tell. Locks nothing of the engine's tables.
   */
  save(trx: Transaction<DB>, args: SaveArgs, batches: Batch[]): Promise<Saved>
  /** Runs once, in the transaction that ends the job; the summary is shown with it, and the notes stand before its end in the log. */
  finish(
    trx: Transaction<DB>,
    jobId: number,
  ): Promise<{ counts?: Counts; notes?: Note[]; summary: Record<string, unknown> }>
  retryFailed: RetryFailed
  example: Example<Input>
}

/**
 * A small world that needs no network, from which the conformance suite proves a kind: at least 3 shards, 20 steps when
 * each is of one item, a result that several shards meet, and an item that fails.
 */
export interface Example<Input> {
  /** Web sites by path, each served at an origin of its own; a file that is not HTML tells its type by its name. */
  sites?: Record<string, string>[]
  /** What DNS says, by name; names that are not there do not exist. Without it the name servers of the test are not asked. */
  dns?: Record<string, ExampleName>
  /** The input, given the origins of the sites. The API shows it with origins of the kind `https://example.com`. */
  input(origins: string[]): Input
  /** Inputs that are refused, each with the path of what is wrong. */
  refused: { input: unknown; path: (string | number)[] }[]
  /** By table: the columns that are the same however a job is run. Not among them: worker, times, durations, ids. */
  compared: Record<string, string[]>
  /** Results that several shards have met. */
  duplicates(db: Kysely<DB>, jobId: number): Promise<number>
}

/** A name in the DNS of an example; what is left out has no data. */
export interface ExampleName {
  /** Preference and host. */
  mx?: [preference: number, exchange: string][]
  a?: string[]
  /** Its name servers fail. */
  fails?: true
}

/** A kind as the engine holds it, its type parameters forgotten. */
// oxlint-disable-next-line typescript/no-explicit-any -- the registry holds kinds of every input; each parses its own
export type AnyJobKind = JobKind<any, any, any, any>

/** Throw it when one shard must be tried again later: backoff with jitter, or `afterMs` where the other side said so. */
export class RetryLater extends Error {
  override name = 'RetryLater'
  readonly afterMs: number | undefined
  constructor(message: string, afterMs?: number) {
    super(message)
    this.afterMs = afterMs
  }
}

/** Throw it when the job itself cannot go on: input gone, storage or service refused for good. Failures of items never make it so. */
export class JobFailure extends Error {
  override name = 'JobFailure'
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}
