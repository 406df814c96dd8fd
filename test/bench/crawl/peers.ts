import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

export interface PeerRun {
  pages: number
  seconds: number
  /** Different ones. */
  addresses: number
  peakRssMb: number
  cpuMs: number
}

export interface Peer {
  name: string
  /** One crawl by a process of its own that stores what it finds below a folder of its own; what is compiled as it runs crawls the one site before, to be warm. */
  crawl(origins: string[], warmUp: string[]): Promise<PeerRun>
}

const folder = join(import.meta.dirname, '../crawl-peer')

/** The peers that are installed; says of the others that they are missing. */
export async function openPeers(): Promise<Peer[]> {
  const peers: Peer[] = []
  if (spawnSync('scrapy', ['version']).error)
    console.log('Scrapy is missing: install the Debian package python3-scrapy to measure it')
  else peers.push(scrapy)
  if (await installCrawlee()) peers.push(crawlee)
  else console.log('Crawlee is missing: it could not be installed as test/bench/crawl-peer/package.json has it')
  return peers
}

const scrapy: Peer = {
  name: 'Scrapy',
  crawl: (origins) =>
    inFolder((cwd) => {
      const connections = String(origins.length)
      const settings = {
        ROBOTSTXT_OBEY: 'True',
        CONCURRENT_REQUESTS: connections,
        CONCURRENT_REQUESTS_PER_DOMAIN: connections,
        DOWNLOAD_DELAY: '0',
        AUTOTHROTTLE_ENABLED: 'False',
        TELNETCONSOLE_ENABLED: 'False',
        LOG_LEVEL: 'ERROR',
      }
      const start = origins.map((origin) => `${origin}/`).join(',')
      const hosts = [...new Set(origins.map((origin) => new URL(origin).hostname))].join(',')
      const args = ['runspider', join(folder, 'scrapy_spider.py'), '-o', 'pages.jsonl', '-a', `start=${start}`]
      args.push('-a', `hosts=${hosts}`)
      for (const [name, value] of Object.entries(settings)) args.push('-s', `${name}=${value}`)
      return run('scrapy', args, cwd)
    }),
}

const crawlee: Peer = {
  name: 'Crawlee',
  crawl: (origins, warmUp) =>
    inFolder((cwd) => {
      const starts = (of: string[]) => of.map((origin) => `${origin}/`)
      const options = JSON.stringify({
        startUrls: starts(origins),
        warmUp: starts(warmUp),
        concurrency: origins.length,
      })
      return run(process.execPath, [join(folder, 'crawlee.js'), options], cwd)
    }),
}

async function installCrawlee(): Promise<boolean> {
  if (existsSync(join(folder, 'node_modules'))) return true
  const npm = spawn('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'ignore' })
  return await once(npm, 'exit').then(
    ([code]) => code === 0,
    () => false,
  )
}

async function inFolder<Result>(use: (cwd: string) => Promise<Result>): Promise<Result> {
  const cwd = await mkdtemp(join(tmpdir(), 'mailquarry-bench-peer-'))
  try {
    return await use(cwd)
  } finally {
    await rm(cwd, { recursive: true, force: true })
  }
}

/** A run tells its figures in the last line that it prints. */
async function run(command: string, args: string[], cwd: string): Promise<PeerRun> {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] })
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit') as Promise<[number | null]>])
  if (code !== 0) throw new Error(`${command} ended with ${code}`)
  return JSON.parse(output.trim().split('\n').at(-1)!) as PeerRun
}
