import type { Page } from 'playwright-core'
import { expect } from 'vitest'

import { readable } from '../../client/ui/readable-domain.ts'

/** What a person reads off the page of a job. */
export interface JobView {
  /** A figure of the progress: Results, Done, Failed … */
  figure(label: string): Promise<number>
  stateIs(state: string, withinMs?: number): Promise<void>
  /** Addresses on the page of results, from the top. */
  results(): Promise<string[]>
  /** How many events the log says that it has loaded. */
  events(): Promise<number>
}

export function jobView(page: Page): JobView {
  return {
    async figure(label) {
      const text = await page
        .getByRole('region', { name: 'Progress' })
        .locator('dl > div')
        .filter({ has: page.getByText(label, { exact: true }) })
        .locator('dd > :first-child')
        .innerText()
      return Number(text.replaceAll(/\D/g, ''))
    },
    stateIs: (state, withinMs = 20_000) =>
      page.getByRole('main').locator('header').getByText(state, { exact: true }).waitFor({ timeout: withinMs }),
    results: () =>
      page.getByRole('region', { name: 'Results' }).locator('tbody button[title^="Where "]').allInnerTexts(),
    async events() {
      const words = await page.getByText(/\d findings? in/).innerText()
      return Number(/in ([\d,]+) events? loaded/.exec(words)?.[1]?.replaceAll(',', ''))
    },
  }
}

export interface JobTruth {
  state: string
  lastSeq: number
  progress: { done: number; results: number; failed: number }
}

/** What the server knows of a job. */
export async function jobTruth(url: string, id: string): Promise<JobTruth> {
  const { job } = await ask<{ job: JobTruth }>(
    url,
    `{ job(id: ${id}) { state lastSeq progress { done results failed } } }`,
  )
  return job
}

/** All addresses that a job has found, in their order. */
export async function foundAddresses(url: string, id: string): Promise<string[]> {
  const found: string[] = []
  for (let after = ''; ;) {
    const { job } = await ask<{ job: { emails: EmailPage } }>(
      url,
      `{ job(id: ${id}) { emails(orderBy: ADDRESS, first: 200, after: ${after || 'null'}) { nodes { address } pageInfo { hasNextPage endCursor } } } }`,
    )
    found.push(...job.emails.nodes.map(({ address }) => address))
    if (!job.emails.pageInfo.hasNextPage) return found
    after = JSON.stringify(job.emails.pageInfo.endCursor)
  }
}

interface EmailPage {
  nodes: { address: string }[]
  pageInfo: { hasNextPage: boolean; endCursor: string }
}

/** What the server answers, faults left aside. */
export async function ask<Data>(url: string, query: string, headers: Record<string, string> = {}): Promise<Data> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  })
  const { data } = (await response.json()) as { data: Data }
  return data
}

/**
 * A page is right within 3 s. Here the job's workers, the server and up to three browsers share two cores with the tests, at the end of a run that has kept them busy for a
 * quarter of an hour: twice that.
 */
const rightWithinMs = 6_000

/** What `expect.poll` has left of the time in which a page has to be right. */
function inTime() {
  const began = performance.now()
  return () => ({ timeout: Math.max(100, rightWithinMs - (performance.now() - began)), interval: 50 })
}

/** The page shows what the server knew at this moment, or more, soon. */
export async function expectTruth(page: Page, url: string, id: string): Promise<void> {
  const left = inTime()
  const { progress } = await jobTruth(url, id)
  const { figure } = jobView(page)
  await expect.poll(() => figure('Done').catch(() => -1), left()).toBeGreaterThanOrEqual(progress.done)
  await expect.poll(() => figure('Results').catch(() => -1), left()).toBeGreaterThanOrEqual(progress.results)
}

/** The log has every event that the server knew at this moment, or more, and none twice, soon. It has been followed from the first. */
export async function expectLogTruth(page: Page, url: string, id: string): Promise<void> {
  const left = inTime()
  const known = (await jobTruth(url, id)).lastSeq
  await expect
    .poll(
      async () => {
        const events = await jobView(page)
          .events()
          .catch(() => -1)
        // Numbers have no gap: more events than numbers would be doubles.
        return events >= known && events <= (await jobTruth(url, id)).lastSeq
      },
      { ...left(), interval: 200 },
    )
    .toBe(true)
}

/** The first page of results is what the server has, or had a moment ago, from its newest on: nothing left out, nothing twice; soon. */
export async function expectResultsTruth(page: Page, url: string, id: string): Promise<void> {
  const left = inTime()
  const known = await newestAddresses(url, id)
  await expect
    .poll(
      async () => {
        const shown = await jobView(page).results()
        const now = await newestAddresses(url, id)
        // What was found while the list was on its way stands above it.
        const from = now.indexOf(shown[0]!)
        const isNew = from >= 0 && from <= now.indexOf(known[0]!)
        return isNew && shown.every((address, index) => address === now[from + index])
      },
      { ...left(), interval: 200 },
    )
    .toBe(true)
}

async function newestAddresses(url: string, id: string): Promise<string[]> {
  const query = `{ job(id: ${id}) { emails(last: 200) { nodes { address } } } }`
  const { job } = await ask<{ job: { emails: Pick<EmailPage, 'nodes'> } }>(url, query)
  return job.emails.nodes.map(({ address }) => readable(address)).toReversed()
}
