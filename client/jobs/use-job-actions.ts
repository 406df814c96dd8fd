import { useClientHandle } from '@urql/vue'
import { ref } from 'vue'
import type { Ref } from 'vue'

import { useOnReconnect } from '../connection.ts'
import { graphql } from '../graphql.ts'
import { wordsOfError } from '../ui/error-words.ts'
import type { JobAction } from './job-words.ts'

const JobResult = graphql(`
  fragment JobResult on JobResult @_unmask {
    __typename
    ... on UserError {
      message
    }
    ... on JobSuccess {
      job {
        id
        state
      }
    }
  }
`)

const actionDocuments = {
  PAUSE: graphql(
    `
      mutation PauseJob($id: ID!) {
        result: pauseJob(id: $id) {
          ...JobResult
        }
      }
    `,
    [JobResult],
  ),
  CANCEL: graphql(
    `
      mutation CancelJob($id: ID!) {
        result: cancelJob(id: $id) {
          ...JobResult
        }
      }
    `,
    [JobResult],
  ),
  RESUME: graphql(
    `
      mutation ResumeJob($id: ID!) {
        result: resumeJob(id: $id) {
          ...JobResult
        }
      }
    `,
    [JobResult],
  ),
  RETRY: graphql(
    `
      mutation RetryJob($id: ID!) {
        result: retryJob(id: $id) {
          ...JobResult
        }
      }
    `,
    [JobResult],
  ),
  CLONE: graphql(
    `
      mutation CloneJob($id: ID!) {
        result: cloneJob(id: $id) {
          ...JobResult
        }
      }
    `,
    [JobResult],
  ),
  DELETE: graphql(`
    mutation DeleteJob($id: ID!) {
      result: deleteJob(id: $id) {
        __typename
        ... on UserError {
          message
        }
      }
    }
  `),
}

/** What may be asked of a job. The page learns of the outcome as it does of any change; a refusal is in `refusal`. */
export function useJobActions(id: string): {
  /** The action that is under way. */
  asking: Ref<JobAction | undefined>
  refusal: Ref<string | undefined>
  /** The id of the job that it was done to, or that was started by it; undefined when it was not done. */
  ask(action: JobAction): Promise<string | undefined>
} {
  const { client } = useClientHandle()
  const asking = ref<JobAction>()
  const refusal = ref<string>()
  let unreached = false
  useOnReconnect(() => {
    if (unreached) refusal.value = undefined
  })

  async function ask(action: JobAction): Promise<string | undefined> {
    if (asking.value) return undefined
    asking.value = action
    refusal.value = undefined
    const { data, error } = await client.mutation(actionDocuments[action], { id }).toPromise()
    asking.value = undefined
    unreached = error?.networkError !== undefined
    if (!data) {
      refusal.value = wordsOfError(error)
      return undefined
    }
    if ('message' in data.result) {
      // The page shows it still.
      refusal.value =
        data.result.__typename === 'NotFound' ? 'This job is there no more: it was deleted.' : data.result.message
      return undefined
    }
    return 'job' in data.result ? data.result.job.id : id
  }

  return { asking, refusal, ask }
}
