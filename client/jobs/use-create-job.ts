import { gql } from '@urql/core'
import type { TypedDocumentNode } from '@urql/core'
import { useClientHandle } from '@urql/vue'
import type { ResultOf } from 'gql.tada'
import { ref, shallowRef } from 'vue'
import type { Ref, ShallowRef } from 'vue'

import { graphql } from '../graphql.ts'
import { formatCounted } from '../ui/format.ts'
import { asRecord, readStored, writeStored } from '../ui/stored.ts'
import type { InputIssue } from './input-form.ts'
import { useRememberedJob } from './remembered-job.ts'

/** What every start mutation answers. */
const StartJobResult = graphql(`
  fragment StartJobResult on StartJobResult @_unmask {
    __typename
    ... on StartJobSuccess {
      replayed
      job {
        id
        title
      }
    }
    ... on ValidationError {
      message
      issues {
        path
        message
        code
      }
    }
    ... on UserError {
      message
    }
    ... on RateLimited {
      retryAfterSeconds
    }
  }
`)
type Answer = ResultOf<typeof StartJobResult>

export interface StartFailure {
  message: string
  issues: readonly InputIssue[]
}

/**
 * Starts jobs, and remembers the last one in local storage under `persistKey`, so that any later visit finds it again.
 * One submission is one job: a second click, a retry after a lost answer, or a reload in between send the same idempotency key.
 */
export function useCreateJob({ persistKey }: { persistKey: string }): {
  /** Of the job started last, also before this visit. */
  jobId: Ref<string | undefined>
  starting: Ref<boolean>
  failure: ShallowRef<StartFailure | undefined>
  /**
   * `kind` as the GraphQL enum names it; `kept` is what of the input may be kept on the device, to know it again. Returns the job's
   * id, or undefined: `failure` says why.
   */
  start: (kind: string, input: unknown, kept?: unknown) => Promise<string | undefined>
  forget: () => void
} {
  const { client } = useClientHandle()
  const jobId = useRememberedJob(persistKey)
  const starting = ref(false)
  const failure = shallowRef<StartFailure>()

  async function start(kind: string, input: unknown, kept = input): Promise<string | undefined> {
    if (starting.value) return undefined
    starting.value = true
    failure.value = undefined
    try {
      const submission = openSubmission(`mailquarry.${persistKey}.submission`, JSON.stringify([kind, kept]))
      const { data, error } = await client
        .mutation(startDocument(kind), { input, idempotencyKey: submission.key })
        .toPromise()
      if (!data) {
        // Whether it arrived is unknown: the submission stays open, and trying again cannot start a second job.
        failure.value = { message: lostWords(error), issues: [] }
        return undefined
      }
      submission.close()
      if (data.result.__typename === 'StartJobSuccess') {
        jobId.value = data.result.job.id
        return data.result.job.id
      }
      failure.value = failureOf(data.result)
      return undefined
    } finally {
      starting.value = false
    }
  }

  return { jobId, starting, failure, start, forget: () => void (jobId.value = undefined) }
}

/**
 * SCRAPE_EMAILS → `startScrapeEmails(input: ScrapeEmailsInput!, idempotencyKey: String)`. Made from the name, because the server
 * makes its start mutations from the list of kinds: a new kind needs nothing here.
 */
export function startDocument(
  kind: string,
): TypedDocumentNode<{ result: Answer }, { input: unknown; idempotencyKey: string }> {
  const name = nameOfKind(kind)
  return gql`
    mutation Start($input: ${name}Input!, $idempotencyKey: String) {
      result: start${name}(input: $input, idempotencyKey: $idempotencyKey) {
        ...StartJobResult
      }
    }
    ${StartJobResult}
  `
}

/** SCRAPE_EMAILS → ScrapeEmails */
export function nameOfKind(kind: string): string {
  return kind
    .split('_')
    .map((word) => word.charAt(0) + word.slice(1).toLowerCase())
    .join('')
}

/** The key that this input is sent with, kept until the end of the submission is known. */
function openSubmission(storageKey: string, content: string): { key: string; close: () => void } {
  const key = submissionKey(readStored(storageKey), content) ?? randomKey()
  writeStored(storageKey, { key, content })
  return { key, close: () => writeStored(storageKey, undefined) }
}

/** The key of a submission that was left open, if it was one of the same content: sent again, it starts nothing twice. */
export function submissionKey(left: unknown, content: string): string | undefined {
  const found = asRecord(left)
  return found.content === content && typeof found.key === 'string' ? found.key : undefined
}

/** crypto.randomUUID exists on https and localhost only. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function failureOf(answer: Exclude<Answer, { __typename: 'StartJobSuccess' }>): StartFailure {
  switch (answer.__typename) {
    case 'ValidationError':
      return { message: wordsOfIssues(answer.issues) ?? answer.message, issues: answer.issues }
    case 'RateLimited':
      return {
        message: answer.retryAfterSeconds
          ? `${answer.message} Try again in ${Math.ceil(answer.retryAfterSeconds)} s.`
          : answer.message,
        issues: [],
      }
    case 'NotConfigured':
    case 'QuotaExceeded':
    case 'IdempotencyMismatch':
    case 'Forbidden':
    default:
      return { message: answer.message, issues: [] }
  }
}

/** Said of issues and no problem by itself: a way out, and that there are more. */
const asides = ['bad_rows', 'more_issues']

/** `2 problems with the input`, where asides stand among the issues; undefined where the server has counted them right. */
export function wordsOfIssues(issues: readonly InputIssue[]): string | undefined {
  const problems = issues.filter(({ code = '' }) => !asides.includes(code)).length
  if (problems === issues.length) return undefined
  const more = issues.some(({ code }) => code === 'more_issues') ? 'More than ' : ''
  return `${more}${formatCounted(problems, 'problem')} with the input`
}

function lostWords(error: { networkError?: Error; message: string } | undefined): string {
  if (error?.networkError) {
    return 'The server cannot be reached. Nothing you typed is lost; trying again starts one job, not two.'
  }
  return error?.message.replace('[GraphQL] ', '') ?? 'The server gave no answer.'
}
