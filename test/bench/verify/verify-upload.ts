import { setTimeout as sleep } from 'node:timers/promises'

import { z } from 'zod'

const started = z.object({
  startVerifyEmails: z.object({ job: z.object({ id: z.string() }).optional(), message: z.string().optional() }),
})
const state = z.object({
  job: z.object({ state: z.string(), summary: z.record(z.string(), z.unknown()).nullable() }),
})

/** Verifies an upload at depth DNS by a job of a running program: seconds from the mutation to its end. Throws where the job does not say what is expected. */
export async function verifyUpload(
  url: string,
  upload: string,
  expected: { addresses: number; fromStore: number },
): Promise<number> {
  const from = performance.now()
  const { startVerifyEmails } = started.parse(
    await ask(
      url,
      `mutation ($input: VerifyEmailsInput!) {
        startVerifyEmails(input: $input) { ... on StartJobSuccess { job { id } } ... on UserError { message } }
      }`,
      { input: { upload, depth: 'DNS' } },
    ),
  )
  if (!startVerifyEmails.job) throw new Error(`the job was not started: ${startVerifyEmails.message}`)
  for (;;) {
    const { job } = state.parse(
      await ask(url, 'query ($id: ID!) { job(id: $id) { state summary } }', { id: startVerifyEmails.job.id }),
    )
    if (job.state === 'FAILED') throw new Error('the job failed')
    if (job.state === 'COMPLETED') {
      const seconds = (performance.now() - from) / 1_000
      const { addresses, fromStore, byStatus } = job.summary ?? {}
      const all = { addresses, fromStore, byStatus }
      if (JSON.stringify(all) !== JSON.stringify({ ...expected, byStatus: { UNKNOWN: expected.addresses } }))
        throw new Error(`the job says ${JSON.stringify(all)}`)
      return seconds
    }
    await sleep(50)
  }
}

async function ask(url: string, query: string, variables: object): Promise<unknown> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    // A connection of its own: one that is kept may be closed at the very moment when it is used again.
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ query, variables }),
  })
  const { data, errors } = (await response.json()) as { data?: unknown; errors?: unknown }
  if (errors) throw new Error(JSON.stringify(errors))
  return data
}
