import type { Page } from 'playwright-core'
import { expect } from 'vitest'

/** What a person reads off the page of a job. */
export interface JobView {
  /** A figure of the progress: Results, Done, Failed … */
  figure(label: string): Promise<number>
  stateIs(state: string, withinMs?: number): Promise<void>
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
  }
}

export interface JobTruth {
  state: string
  lastSeq: number
  progress: { done: number; results: number; failed: number }
}

/** What the server knows of a job. */
export async function jobTruth(url: string, id: string): Promise<JobTruth> {
  const query = `{ job(id: ${id}) { state lastSeq progress { done results failed } } }`
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  })
  const { data } = (await response.json()) as { data: { job: JobTruth } }
  return data.job
}

/** The page shows what the server knew at this moment, or more, within 3 s. */
export async function expectTruth(page: Page, url: string, id: string): Promise<void> {
  const began = performance.now()
  const { progress } = await jobTruth(url, id)
  const { figure } = jobView(page)
  const left = () => ({ timeout: Math.max(100, 3_000 - (performance.now() - began)), interval: 50 })
  await expect.poll(() => figure('Done').catch(() => -1), left()).toBeGreaterThanOrEqual(progress.done)
  await expect.poll(() => figure('Results').catch(() => -1), left()).toBeGreaterThanOrEqual(progress.results)
}
