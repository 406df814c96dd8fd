import { setTimeout as sleep } from 'node:timers/promises'

import { z } from 'zod'

import type { Found } from './compare.ts'

/** Crawls a site by a job of a running server, over its GraphQL API, and gives what the job found. The server must allow the site's host and port. */
export async function findByJob(
  server: string,
  startUrls: string[],
  maxPages: number,
): Promise<{ jobId: string; found: Found[] }> {
  const jobId = await start(server, startUrls, maxPages)
  for (;;) {
    const { job } = await ask(
      server,
      `query ($id: ID!) { job(id: $id) { state } }`,
      { id: jobId },
      z.object({ job: z.object({ state: z.string() }) }),
    )
    if (job.state === 'COMPLETED') break
    if (job.state === 'FAILED' || job.state === 'CANCELLED') throw new Error(`job ${jobId} ended as ${job.state}`)
    await sleep(500)
  }
  return { jobId, found: await sightingsOf(server, jobId) }
}

async function start(server: string, startUrls: string[], maxPagesPerDomain: number): Promise<string> {
  const text = `mutation ($input: ScrapeEmailsInput!) {
    startScrapeEmails(input: $input) {
      outcome: __typename
      ... on StartJobSuccess { job { id } }
      ... on UserError { message }
    }
  }`
  const answer = z.object({
    startScrapeEmails: z.object({
      outcome: z.string(),
      job: z.object({ id: z.string() }).optional(),
      message: z.string().optional(),
    }),
  })
  const { startScrapeEmails: result } = await ask(server, text, { input: { startUrls, maxPagesPerDomain } }, answer)
  if (!result.job) throw new Error(`the job was not started: ${result.outcome}: ${result.message}`)
  return result.job.id
}

const pageInfo = z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() })
const sightings = z.object({ nodes: z.array(z.object({ sourceUrl: z.string() })), pageInfo })
const emails = z.object({ nodes: z.array(z.object({ address: z.string(), sightings })), pageInfo })

/** Every place of every address, page by page. */
async function sightingsOf(server: string, jobId: string): Promise<Found[]> {
  const text = `query ($id: ID!, $after: String, $first: Int!, $inner: String) {
    job(id: $id) {
      emails(first: $first, after: $after) {
        nodes { address sightings(first: 200, after: $inner) { nodes { sourceUrl } pageInfo { hasNextPage endCursor } } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }`
  const shape = z.object({ job: z.object({ emails }) })
  const found: Found[] = []
  let after: string | null = null
  for (let more = true; more;) {
    const page: z.infer<typeof emails> = (await ask(server, text, { id: jobId, after, first: 10 }, shape)).job.emails
    for (const email of page.nodes) {
      let part = email.sightings
      for (;;) {
        for (const { sourceUrl } of part.nodes) found.push({ address: email.address, sourceUrl })
        if (!part.pageInfo.hasNextPage) break
        const rest = await ask(server, text, { id: jobId, after, first: 10, inner: part.pageInfo.endCursor }, shape)
        part = rest.job.emails.nodes.find((other) => other.address === email.address)!.sightings
      }
    }
    more = page.pageInfo.hasNextPage
    after = page.pageInfo.endCursor
  }
  return found
}

async function ask<T>(
  server: string,
  query: string,
  variables: Record<string, unknown>,
  shape: z.ZodType<T>,
): Promise<T> {
  const response = await fetch(new URL('/graphql', server), {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ query, variables }),
  })
  const { data, errors } = z
    .object({ data: z.unknown(), errors: z.array(z.object({ message: z.string() })).optional() })
    .parse(await response.json())
  if (errors) throw new Error(errors.map((error) => error.message).join('; '))
  return shape.parse(data)
}
