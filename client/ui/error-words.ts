import type { CombinedError } from '@urql/core'

/** Why a mutation brought no answer, in words for people. */
export function wordsOfError(error: CombinedError | undefined): string {
  if (error?.networkError) return 'The server cannot be reached: nothing has changed.'
  return error?.message.replace('[GraphQL] ', '') ?? 'The server gave no answer.'
}
