import { useClientHandle } from '@urql/vue'
import { ref } from 'vue'
import type { Ref } from 'vue'

import { graphql } from '../graphql.ts'
import { wordsOfError } from '../ui/error-words.ts'
import type { JobAction } from './job-words.ts'
import type { JobsFilter } from './jobs-filter.ts'

export type BulkAction = Exclude<JobAction, 'CLONE'>

const JobsResult = graphql(`
  fragment JobsResult on JobsResult @_unmask {
    __typename
    ... on UserError {
      message
    }
    ... on JobsSuccess {
      count
    }
  }
`)

const bulkDocuments = {
  PAUSE: graphql(
    `
      mutation PauseJobs($filter: JobFilter!, $dryRun: Boolean!) {
        result: pauseJobs(filter: $filter, dryRun: $dryRun) {
          ...JobsResult
        }
      }
    `,
    [JobsResult],
  ),
  CANCEL: graphql(
    `
      mutation CancelJobs($filter: JobFilter!, $dryRun: Boolean!) {
        result: cancelJobs(filter: $filter, dryRun: $dryRun) {
          ...JobsResult
        }
      }
    `,
    [JobsResult],
  ),
  RESUME: graphql(
    `
      mutation ResumeJobs($filter: JobFilter!, $dryRun: Boolean!) {
        result: resumeJobs(filter: $filter, dryRun: $dryRun) {
          ...JobsResult
        }
      }
    `,
    [JobsResult],
  ),
  RETRY: graphql(
    `
      mutation RetryJobs($filter: JobFilter!, $dryRun: Boolean!) {
        result: retryJobs(filter: $filter, dryRun: $dryRun) {
          ...JobsResult
        }
      }
    `,
    [JobsResult],
  ),
  DELETE: graphql(
    `
      mutation DeleteJobs($filter: JobFilter!, $dryRun: Boolean!) {
        result: deleteJobs(filter: $filter, dryRun: $dryRun) {
          ...JobsResult
        }
      }
    `,
    [JobsResult],
  ),
}

/** What may be asked of all jobs that pass a filter. */
export function useBulkActions(): {
  /** A question to the server is under way. */
  busy: Ref<boolean>
  /** Why the last one failed. */
  problem: Ref<string | undefined>
  /** How many jobs were changed, or would be in a dry run; undefined when it failed. */
  ask(action: BulkAction, filter: JobsFilter, dryRun: boolean): Promise<number | undefined>
} {
  const { client } = useClientHandle()
  const busy = ref(false)
  const problem = ref<string>()

  return {
    busy,
    problem,
    async ask(action, filter, dryRun) {
      if (busy.value) return undefined
      busy.value = true
      problem.value = undefined
      const { data, error } = await client.mutation(bulkDocuments[action], { filter, dryRun }).toPromise()
      busy.value = false
      if (data && 'count' in data.result) return data.result.count
      problem.value = data && 'message' in data.result ? data.result.message : wordsOfError(error)
      return undefined
    },
  }
}
