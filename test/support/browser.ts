import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { chromium } from 'playwright-core'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { z } from 'zod'

/** Leads to 127.0.0.1, as that of another machine would: by plain http it is no secure context, which loopback is. */
export const nameOfThisMachine = 'mailquarry.test'
const namesHere = `--host-resolver-rules=MAP ${nameOfThisMachine} 127.0.0.1`

/**
 * A headless Chromium. On Linux it is the one that comes inside a package, with its own system libraries, so it runs on a bare machine and as root;
 * elsewhere the Chrome that is installed.
 */
export async function launchBrowser(): Promise<Browser> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return await chromium.launch({ channel: 'chrome', args: [namesHere] })
  const home = await unpackedChromium()
  return await chromium.launch({
    executablePath: join(home, 'chromium'),
    // Chromium refuses root with its sandbox on. The package's own default arguments would also switch web security off.
    args: ['--no-sandbox', namesHere],
    env: { ...process.env, LD_LIBRARY_PATH: join(home, 'al2023/lib'), FONTCONFIG_PATH: join(home, 'fonts') },
  })
}

export interface WatchedPageOptions extends BrowserContextOptions {
  width?: number
  height?: number
  colorScheme?: 'light' | 'dark'
  /** Origins that the page may ask, such as `http://127.0.0.1:4000`. All else is refused and is a problem. */
  origins: string[]
  /** Problems that the test provokes, such as the console's word about a server that it stopped. */
  expected?: RegExp[]
}

/** A page in a context of its own, with everything that no page of ours may do collected from all tabs of the context. */
export interface WatchedPage {
  page: Page
  context: BrowserContext
  /** Errors and warnings in the console, exceptions, requests to other places. */
  problems: string[]
  /** Closes the context; throws where there were problems. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Opens a blank page. Use it with `await using`, so that a test fails on any problem. */
export async function openWatchedPage(browser: Browser, options: WatchedPageOptions): Promise<WatchedPage> {
  const { width = 1280, height = 900, colorScheme = 'light', origins, expected = [], ...more } = options
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme,
    reducedMotion: 'reduce',
    ...more,
  })
  const problems: string[] = []
  const report = (problem: string) => {
    if (!expected.some((pattern) => pattern.test(problem))) problems.push(problem)
  }
  const allowed = new Set(origins.map((origin) => new URL(origin).host))
  const isOutside = (url: URL) => /^(?:https?|wss?|ftp):$/.test(url.protocol) && !allowed.has(url.host)

  await context.route(isOutside, async (route) => {
    report(`request to another place: ${route.request().url()}`)
    await route.abort('blockedbyclient')
  })
  await context.routeWebSocket(isOutside, async (socket) => {
    report(`WebSocket to another place: ${socket.url()}`)
    await socket.close()
  })
  context.on('console', (message) => {
    const { url } = message.location()
    if (message.type() === 'error' || message.type() === 'warning')
      report(`console ${message.type()}: ${message.text()} (${url})`)
  })
  context.on('weberror', (error) => report(`exception: ${error.error().stack ?? error.error().message}`))

  async function close() {
    await context.close()
    if (problems.length > 0) throw new Error(`the page had problems:\n${problems.join('\n')}`)
  }
  const page = await context.newPage()
  return { page, context, problems, close, [Symbol.asyncDispose]: close }
}

/**
 * Stops all processes of the browser, as a laptop's lid does; the returned function lets them go on. Freezing a page over the protocol
 * leaves its timers running in a headless browser.
 */
export async function putToSleep(browser: Browser): Promise<() => void> {
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  await session.detach()
  const pids = processInfo.map(({ id }) => id)
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  return () => {
    for (const pid of pids) process.kill(pid, 'SIGCONT')
  }
}

/**
 * Folder with the unpacked Chromium, made once for each version beside the installed packages. The package unpacks into TMPDIR and takes whatever
 * `chromium` lies there, and looks at the environment while it is imported: so it runs in a process of its own, with a TMPDIR of our own.
 */
async function unpackedChromium(): Promise<string> {
  const packageRoot = join(dirname(fileURLToPath(import.meta.resolve('@sparticuz/chromium'))), '..')
  const version = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'))).version
  const cache = join(packageRoot, '../../.cache')
  const home = join(cache, `chromium-${version}`)
  if (existsSync(home)) return home
  mkdirSync(cache, { recursive: true })
  const unfinished = mkdtempSync(`${home}-`)
  try {
    const unpack = `(await import('@sparticuz/chromium')).default.executablePath()`
    await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', `await ${unpack}`], {
      cwd: packageRoot,
      env: { ...process.env, TMPDIR: unfinished, AWS_LAMBDA_JS_RUNTIME: 'nodejs22.x' },
    })
    // The one it brings looks for fonts below /tmp alone. Without a font all text is 0 pixels high.
    writeFileSync(join(unfinished, 'fonts/fonts.conf'), fontsConf(home))
    renameSync(unfinished, home)
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true })
    // Another test process may have been first.
    if (!existsSync(home)) throw error
  }
  return home
}

/** Only the font that comes with the package, so that pages look the same on every machine. */
function fontsConf(home: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${home}/fonts/fonts</dir><cachedir>${home}/fonts-cache</cachedir></fontconfig>
`
}
