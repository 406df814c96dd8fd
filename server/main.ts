import { flushCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'

import type { Logger } from 'pino'

import { openBlobFolder } from '../db/blob-folder.ts'
import { checkServer } from '../db/check-server.ts'
import { openDatabase } from '../db/database.ts'
import { startEmbedded } from '../db/embedded.ts'
import { migrate } from '../db/migrate.ts'
import { secretKeyFile } from '../db/secret-key-file.ts'
import { secretKeyOf } from '../db/secrets.ts'
import { type Engine, openEngine } from '../jobs/engine.ts'
import type { Settings } from '../jobs/job-kind.ts'
import { takeOverAtStart, takeOverFromProcess } from '../jobs/mending.ts'
import { createOutgoing } from '../jobs/outgoing.ts'
import { startWorker } from '../jobs/worker.ts'
import { buildClient, clientDir } from './client-build.ts'
import { type Config, readConfig } from './config.ts'
import { createLog } from './log.ts'
import { startSampleSite } from './sample-site.ts'
import { shownSettings } from './shown-settings.ts'
import { userAgentOf } from './user-agent.ts'
import { keepWorkers } from './worker-processes.ts'

/** What has been started, ended in the opposite order. */
type Shutdown = { name: string; stop(): Promise<unknown> }[]

/** What the person at the command line can mend. */
class UsageError extends Error {
  readonly code = 'USAGE'
}

/** A call to a service that is paid for may take 90 s, and would be paid for again. All others stop within a moment, and a second signal waits for nobody. */
const stopAtMostMs = 100_000

const roles = { all: runAll, api: runApi, worker: runWorker, migrate: runMigrate }

await main(process.argv[2] ?? 'all')

async function main(role: string): Promise<void> {
  const started: Shutdown = []
  let log: Logger | undefined
  let ending = false
  const end = async (code: number, why?: string) => {
    if (ending) process.exit(1)
    ending = true
    if (why && role !== 'worker') log?.info({ why }, 'stopping')
    for (const { name, stop } of started.reverse())
      await stop().catch((error: unknown) => log?.error({ err: error }, `${name} did not stop cleanly`))
    process.exit(code)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void end(0, signal))
  // A worker whose parent is gone ends too.
  process.on('disconnect', () => void end(0, 'the program that started this one is gone'))
  try {
    if (!(role in roles)) throw new UsageError(`There is no role ${role}. There are: ${Object.keys(roles).join(', ')}`)
    const config = readConfig()
    log = createLog(config.logLevel)
    await roles[role as keyof typeof roles]({ config, log, started, end })
    // Now, since a program that is killed writes nothing at its end.
    flushCompileCache()
  } catch (error) {
    // What the user can mend has a message made for reading; anything else needs its stack.
    const expected = error instanceof Error && 'code' in error && typeof error.code === 'string'
    process.stderr.write(`${expected ? (error as Error).message : ((error as Error).stack ?? String(error))}\n`)
    await end(1)
  }
}

interface Run {
  /** With the embedded database its secret key is filled in once that is started. */
  config: Config
  log: Logger
  started: Shutdown
  end(code: number): Promise<void>
}

async function runAll(run: Run): Promise<void> {
  const { config, log, started } = run
  const url = await openDatabaseServer(run)
  await migrate(url)
  await buildClient(config.env, () => log.info('building the web app; the first start takes a moment'))
  const sampleSite = await openSampleSite(run)
  const { engine, address } = await serve(run, url, sampleSite)
  const ownHosts = sampleSite ? [...config.allowHosts, new URL(sampleSite).host] : config.allowHosts
  const workers = keepWorkers({
    count: config.workers,
    main: fileURLToPath(import.meta.url),
    env: { ...config.env, DATABASE_URL: url, SECRET_KEY: config.secretKey, ALLOW_HOSTS: ownHosts.join(',') },
    log,
    died: (pid) =>
      void takeOverFromProcess(engine, pid).catch((error: unknown) =>
        log.warn({ err: error }, 'the other workers will take over'),
      ),
  })
  started.push({ name: 'workers', stop: () => workers.stop(stopAtMostMs) })
  log.info({ address, workers: config.workers }, `Mailquarry is ready: ${address}`)
}

async function runApi(run: Run): Promise<void> {
  const url = await openDatabaseServer(run)
  await migrate(url)
  await buildClient(run.config.env, () => run.log.info('building the web app; the first start takes a moment'))
  const { address } = await serve(run, url, undefined)
  run.log.info({ address }, `Mailquarry is ready: ${address}`)
}

async function runWorker({ config, log, started }: Run): Promise<void> {
  const url = config.databaseUrl
  if (!url) throw new UsageError('A worker of its own needs DATABASE_URL: the database that it shares with the others.')
  await checkServer(url)
  await migrate(url)
  const database = openDatabase(url, { max: 8, applicationName: 'mailquarry worker', prepare: true })
  started.push({ name: 'database', stop: () => database.close() })
  const engine = await openEngine({ ...stores(config, log), url, db: database.db, supervise: true })
  started.push({ name: 'queue', stop: () => engine.close() })
  const outgoing = createOutgoing({ allowHosts: config.allowHosts, userAgent: userAgentOf(config) })
  started.push({ name: 'connections', stop: () => outgoing.close() })
  const { workerSlots: slots, retentionDays } = config
  const worker = await startWorker({ engine, url, outgoing, slots, retentionDays })
  started.push({ name: 'worker', stop: () => worker.stop() })
  log.debug({ worker: worker.id() }, 'worker is ready')
}

async function runMigrate(run: Run): Promise<void> {
  const applied = await migrate(await openDatabaseServer(run))
  run.log.info({ applied }, applied.length > 0 ? 'migrated' : 'nothing to migrate')
  await run.end(0)
}

/** The operator's server, or the embedded one. */
async function openDatabaseServer({ config, log, started, end }: Run): Promise<string> {
  if (config.databaseUrl) {
    await checkServer(config.databaseUrl)
    return config.databaseUrl
  }
  let embedded = await startEmbedded({ dataDir: config.dataDir, log })
  started.push({ name: 'postgres', stop: () => embedded.stop() })
  config.secretKey ??= await secretKeyFile(config.dataDir)
  // Everything connects again by itself, so a server that died need not end the program; one that does not come up again does.
  const watch = async (): Promise<void> => {
    const { expected, reason } = await embedded.exited
    if (expected) return
    log.error({ reason }, 'the database ended; nothing that was committed is lost; starting it again')
    await embedded.stop()
    embedded = await startEmbedded({ dataDir: config.dataDir, log, port: embedded.port })
    return watch()
  }
  watch().catch((error: unknown) => {
    log.fatal({ err: error }, 'the database cannot be started again')
    void end(1)
  })
  return embedded.url
}

/** Its port is next to ours, so that a job on it that is resumed after a restart finds it where it was. */
async function openSampleSite({ config, log, started }: Run): Promise<string | undefined> {
  const port = config.port === 0 ? 0 : config.port + 1
  try {
    const site = await startSampleSite({ host: '127.0.0.1', port })
    started.push({ name: 'sample site', stop: () => site.close() })
    return site.url
  } catch (error) {
    log.warn({ err: error, port }, 'the sample site has no port; going on without it')
    return undefined
  }
}

async function serve({ config, log, started }: Run, url: string, sampleSiteUrl: string | undefined) {
  // Late, since workers are there sooner without.
  const [{ createHttp }, { createLive }] = await Promise.all([import('./http.ts'), import('./live.ts')])
  const database = openDatabase(url, { max: 10, applicationName: 'mailquarry api' })
  started.push({ name: 'database', stop: () => database.close() })
  const ownHosts = sampleSiteUrl ? [...config.allowHosts, new URL(sampleSiteUrl).host] : config.allowHosts
  const engine = await openEngine({
    ...stores({ ...config, allowHosts: ownHosts, sampleSiteUrl }, log),
    url,
    db: database.db,
    supervise: false,
  })
  started.push({ name: 'queue', stop: () => engine.close() })
  // Before anybody can look, so that nobody is shown who died with the program that was here before.
  await takeOverAtStart(engine, { startedDatabase: config.databaseUrl === undefined })
  const live = await createLive({ url, db: database.db, log })
  started.push({ name: 'live events', stop: () => live.close() })
  const settings = shownSettings(config.env)
  const http = createHttp({ config, engine, live, log, clientDir, settings })
  const { url: address } = await http.listen().catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error
    throw new UsageError(`${config.host}:${config.port} is in use by another program: give another PORT.`)
  })
  started.push({ name: 'http', stop: () => http.close() })
  return { engine, address }
}

/** What an engine stands on besides its database. */
function stores(config: Running, log: Logger): Pick<Engine, 'blobs' | 'secretKey' | 'settings' | 'log'> {
  const secretKey = config.secretKey === undefined ? undefined : secretKeyOf(config.secretKey)
  return { blobs: openBlobFolder(config.blobFolder), secretKey, settings: settingsOf(config), log }
}

type Running = Config & Pick<Settings, 'sampleSiteUrl'>

function settingsOf(config: Running): Settings {
  const { allowHosts: ownHosts, minDelayMs, hostsPerAddress, userAgentContact, dnsServers, smtp, services } = config
  const { sampleSiteUrl } = config
  return { minDelayMs, hostsPerAddress, userAgentContact, ownHosts, dnsServers, smtp, services, sampleSiteUrl }
}
