import type { ResultOf } from 'gql.tada'
import type { RouteLocationRaw } from 'vue-router'

import { graphql } from '../graphql.ts'
import { filledIn } from './draft.ts'
import { fieldsOf, valuesOf } from './input-form.ts'
import type { InputField } from './input-form.ts'

/** What a job was started with and what came of it, with what its kind says of these. */
export const InputOfJob = graphql(`
  query InputOfJob($id: ID!) {
    job(id: $id) {
      id
      kind
      input
      summary
      owner
    }
    jobKinds {
      kind
      inputSchema
    }
  }
`)
type InputOfJob = ResultOf<typeof InputOfJob>

/** The fields that the input was typed into; none where there is no such job. */
export function fieldsOfJob({ job, jobKinds }: InputOfJob): InputField[] {
  return fieldsOf(jobKinds.find(({ kind }) => kind === job?.kind)?.inputSchema)
}

/** Fills in the form of a new job with this input, and says where it is. */
export function filledInFrom(found: InputOfJob): RouteLocationRaw | undefined {
  return found.job ? filledIn(found.job.kind, valuesOf(fieldsOfJob(found), found.job.input)) : undefined
}
