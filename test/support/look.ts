import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

const folder = join(import.meta.dirname, '../browser/screenshots')
const variants = [
  { width: 1280, height: 860, colorScheme: 'light', axe: true },
  { width: 1280, height: 860, colorScheme: 'dark', axe: false },
  { width: 390, height: 844, colorScheme: 'dark', axe: true },
  { width: 390, height: 844, colorScheme: 'light', axe: false },
] as const

/**
 * Pictures of what a page shows at two widths, light and dark, for people to judge. In none of them is anything wider than the screen, and
 * axe finds nothing serious in two of them that differ in both.
 */
export async function look(page: Page, name: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  // Nothing is lit up by a pointer that the last click left there.
  await page.mouse.move(0, 0)
  for (const { width, height, colorScheme, axe } of variants) {
    await page.setViewportSize({ width, height })
    await page.emulateMedia({ colorScheme })
    await page.waitForFunction(
      (dark) => document.documentElement.classList.contains('dark') === dark,
      colorScheme === 'dark',
    )
    // The class is there a frame before its colours are.
    await page.evaluate(
      () => new Promise<void>((done) => requestAnimationFrame(() => requestAnimationFrame(() => done()))),
    )
    const variant = `${name}-${width}-${colorScheme}`
    await page.screenshot({ path: join(folder, `${variant}.png`), animations: 'disabled' })
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    expect(wider, `${variant} is wider than its screen`).toBeLessThanOrEqual(0)
    if (axe) expect(await seriousFindings(page), variant).toEqual([])
  }
  const [{ width, height, colorScheme }] = variants
  await page.setViewportSize({ width, height })
  await page.emulateMedia({ colorScheme })
}

async function seriousFindings(page: Page): Promise<string[]> {
  // In the page itself, which has no frames, and without telling of all that is well: in a third of the time.
  const { violations } = await new AxeBuilder({ page })
    .options({ resultTypes: ['violations'] })
    .setLegacyMode()
    .analyze()
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`)
}
