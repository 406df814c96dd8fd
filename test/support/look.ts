import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

const folder = join(import.meta.dirname, '../browser/screenshots')
const variants = [
  { width: 1280, height: 860, colorScheme: 'light', judged: true },
  { width: 1280, height: 860, colorScheme: 'dark', judged: false },
  { width: 390, height: 844, colorScheme: 'dark', judged: true },
  { width: 390, height: 844, colorScheme: 'light', judged: false },
] as const
const takesPictures = process.env['PICTURES'] === '1'

/**
 * Looks at what a page shows at two widths, once light and once dark: nothing is wider than the screen, and axe finds nothing serious. With PICTURES=1 it
 * takes pictures of both widths, light and dark, for people to judge.
 */
export async function look(page: Page, name: string): Promise<void> {
  // Nothing is lit up by a pointer that the last click left there.
  await page.mouse.move(0, 0)
  for (const { width, height, colorScheme, judged } of variants) {
    if (!judged && !takesPictures) continue
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
    if (takesPictures) {
      mkdirSync(folder, { recursive: true })
      await page.screenshot({ path: join(folder, `${variant}.png`), animations: 'disabled' })
    }
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    expect(wider, `${variant} is wider than its screen`).toBeLessThanOrEqual(0)
    if (judged) expect(await seriousFindings(page), variant).toEqual([])
  }
  const [{ width, height, colorScheme }] = variants
  await page.setViewportSize({ width, height })
  await page.emulateMedia({ colorScheme })
}

/** In the page itself, which has no frames: axe is loaded once into each document, and does not tell of all that is well. */
async function seriousFindings(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe.source)
  const violations = await page.evaluate(async () => {
    const { axe: inPage } = globalThis as unknown as { axe: typeof axe }
    return (await inPage.run(document, { resultTypes: ['violations'] })).violations
  })
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`)
}
