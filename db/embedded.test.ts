import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'

import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import type { ProgramLine } from '../test/support/embedded-program.ts'

const program = join(import.meta.dirname, '..', 'test', 'support', 'embedded-program.ts')
const nobody = 65534
const isRoot = process.getuid?.() === 0
/** Whether an ordinary user can read the checkout. */
const nobodyCanRun = isRoot && spawnSync('test', ['-r', program], { uid: nobody, gid: nobody }).status === 0

const users = [
  { who: isRoot ? 'root' : 'an ordinary user', uid: process.getuid?.() ?? -1, runs: true },
  { who: 'an ordinary user', uid: nobody, runs: nobodyCanRun },
].filter(({ runs }) => runs)

const directories: string[] = []
const programs = new Set<Program>()

afterEach(async () => {
  for (const running of programs) {
    running.child.kill('SIGKILL')
    await running.ended
  }
  programs.clear()
})
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true, maxRetries: 20 })
})

describe.each(users)('as $who', ({ uid }) => {
  /** One directory for the tests that need a cluster with a past; each leaves it without a server. */
  let dataDir: string
  let rows = 0

  beforeAll(async () => {
    dataDir = newDirectory(uid)
    const first = run(dataDir, uid)
    await query(await first.url(), `create table kept (id int primary key)`)
    await first.stop()
  })

  /** A row that must be there whatever happens after. */
  async function keepRow(url: string): Promise<void> {
    await query(url, `insert into kept values (${++rows})`)
  }
  async function expectRows(url: string): Promise<void> {
    expect(await query(url, `select count(*)::int as n from kept`)).toEqual([{ n: rows }])
  }

  test('starts, stops and starts again with its data', async () => {
    for (let round = 0; round < 2; round++) {
      const running = run(dataDir, uid)
      const url = await running.url()
      await expectRows(url)
      await keepRow(url)
      await running.stop()
      expect(running.lines.at(-1)).toMatchObject({ event: 'exited', expected: true })
      expect(existsSync(join(dataDir, 'postgres', 'data', 'postmaster.pid'))).toBe(false)
    }
  })

  test('is durable, keeps UTC, and lets nobody in without the password', async () => {
    const running = run(dataDir, uid)
    const url = await running.url()
    expect(
      await query(
        url,
        `select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commits, current_setting('TimeZone') as zone,
           current_setting('listen_addresses') as addresses, current_setting('unix_socket_directories') as sockets`,
      ),
    ).toEqual([{ fsync: 'on', commits: 'on', zone: 'UTC', addresses: '127.0.0.1', sockets: '' }])
    const wrong = new URL(url)
    wrong.password = 'guessed'
    await expect(query(wrong.href, 'select 1')).rejects.toThrow('password authentication failed')
    const open = ['', 'password', 'data'].filter((entry) => statSync(join(dataDir, 'postgres', entry)).mode & 0o077)
    expect(open).toEqual([])
    await running.stop()
  })

  test('the server ends when its program is killed, and the next program waits for that; twice in a row', async () => {
    for (let round = 0; round < 2; round++) {
      const running = run(dataDir, uid)
      await keepRow(await running.url())
      const server = postmaster(dataDir)
      running.child.kill('SIGKILL')
      await running.ended
      const next = run(dataDir, uid)
      await expectRows(await next.url())
      expect(postmaster(dataDir)).not.toBe(server)
      expect(isAlive(server)).toBe(false)
      next.child.kill('SIGKILL')
      await next.ended
      await until(() => !existsSync(join(dataDir, 'postgres', 'data', 'postmaster.pid')))
    }
  })

  test('the program learns that the server was killed, and can be started again', async () => {
    const running = run(dataDir, uid)
    await keepRow(await running.url())
    process.kill(postmaster(dataDir), 'SIGKILL')
    expect(await running.exit()).toMatchObject({ expected: false, reason: 'killed by SIGKILL' })
    const next = run(dataDir, uid)
    await expectRows(await next.url())
    await next.stop()
  })

  test('the program learns that the supervisor was killed, and no server is left behind', async () => {
    const running = run(dataDir, uid)
    await keepRow(await running.url())
    const server = postmaster(dataDir)
    process.kill(parentOf(server), 'SIGKILL')
    expect(await running.exit()).toMatchObject({ expected: false })
    expect(isAlive(server)).toBe(false)
    const next = run(dataDir, uid)
    await expectRows(await next.url())
    await next.stop()
  })

  test('ends a server that lost both its program and its supervisor', async () => {
    const running = run(dataDir, uid)
    await keepRow(await running.url())
    const server = postmaster(dataDir)
    running.child.kill('SIGSTOP') // or it would learn of its supervisor's end
    process.kill(parentOf(server), 'SIGKILL')
    running.child.kill('SIGKILL')
    await running.ended
    expect(isAlive(server)).toBe(true)
    const next = run(dataDir, uid)
    await expectRows(await next.url())
    expect(isAlive(server)).toBe(false)
    await next.stop()
  })

  test('survives that everything is killed; twice in a row', async () => {
    for (let round = 0; round < 2; round++) {
      const running = run(dataDir, uid)
      await keepRow(await running.url())
      const server = postmaster(dataDir)
      for (const pid of [parentOf(server), running.child.pid!, server, ...childrenOf(server)]) killHard(pid)
      await running.ended
    }
    const next = run(dataDir, uid)
    await expectRows(await next.url())
    await next.stop()
  })

  test('a number in postmaster.pid that now belongs to somebody else does not block the start', async () => {
    const pidFile = join(dataDir, 'postgres', 'data', 'postmaster.pid')
    writeFileSync(pidFile, `${process.pid}\n${join(dataDir, 'postgres', 'data')}\n1700000000\n5432\n`)
    chownSync(pidFile, uid, uid)
    const running = run(dataDir, uid)
    await expectRows(await running.url())
    await running.stop()
  })

  test('of two programs at once, the second is told who is there', async () => {
    const fresh = newDirectory(uid)
    const both = [run(fresh, uid), run(fresh, uid)]
    const outcomes = await Promise.all(both.map((each) => each.first()))
    const winner = both[outcomes.findIndex(({ event }) => event === 'started')]!
    const refused = outcomes.filter(({ event }) => event === 'refused')
    expect(refused).toEqual([
      {
        event: 'refused',
        name: 'DataDirInUse',
        pid: winner.child.pid,
        directory: fresh,
        message: expect.stringContaining(fresh),
      },
    ])
    expect(await query(await winner.url(), 'select 1 as one')).toEqual([{ one: 1 }])
    await winner.stop()
  })

  test('of two programs that follow a killed one at once, exactly one starts', async () => {
    const running = run(dataDir, uid)
    await keepRow(await running.url())
    running.child.kill('SIGKILL')
    const both = [run(dataDir, uid), run(dataDir, uid)]
    const outcomes = await Promise.all(both.map((each) => each.first()))
    expect(outcomes.map((line) => (line.event === 'refused' ? line.name : line.event)).sort()).toEqual([
      'DataDirInUse',
      'started',
    ])
    const winner = both[outcomes.findIndex(({ event }) => event === 'started')]!
    await expectRows(await winner.url())
    await winner.stop()
  })

  test('a first start that is killed half way leaves nothing that counts', async () => {
    const fresh = newDirectory(uid)
    const draft = () => readdirSync(fresh).find((entry) => entry.startsWith('postgres.new-'))
    for (const sign of ['data/PG_VERSION', 'data/base/1']) {
      const killed = run(fresh, uid)
      await until(() => existsSync(join(fresh, draft() ?? 'none', sign)))
      killed.child.kill('SIGKILL')
      await killed.ended
      expect(existsSync(join(fresh, 'postgres'))).toBe(false)
    }
    const running = run(fresh, uid)
    expect(await query(await running.url(), 'select 1 as one')).toEqual([{ one: 1 }])
    expect(draft()).toBeUndefined()
    await running.stop()
  })
})

describe.runIf(nobodyCanRun)('root, where a user namespace is no way', () => {
  test.each([
    { place: 'in a directory of another user', mode: 0o755 },
    { place: 'in a directory of another user below one that is closed to that user', mode: 0o700 },
  ])('runs the server as the owner, $place', async ({ mode }) => {
    const outer = newDirectory(0, mode)
    const dataDir = join(outer, 'data')
    mkdirSync(dataDir, { mode: 0o700 })
    chownSync(dataDir, nobody, nobody)
    for (let round = 0; round < 2; round++) {
      const running = run(dataDir, 0)
      await running.url()
      expect(statSync(`/proc/${postmaster(dataDir)}`).uid).toBe(nobody)
      expect(statSync(join(dataDir, 'postgres', 'data', 'PG_VERSION')).uid).toBe(nobody)
      await running.stop()
    }
  })
})

test('refuses a cluster of another version of PostgreSQL, and a directory that it cannot make', async () => {
  const dataDir = newDirectory()
  mkdirSync(join(dataDir, 'postgres', 'data'), { recursive: true })
  writeFileSync(join(dataDir, 'postgres', 'data', 'PG_VERSION'), '9.6\n')
  expect(await run(dataDir).first()).toMatchObject({
    event: 'refused',
    name: 'EmbeddedFailed',
    message: expect.stringContaining('9.6'),
  })
  expect(await run('/dev/null/data').first()).toMatchObject({ event: 'refused', name: 'EmbeddedFailed' })
})

test.runIf(nobodyCanRun)('refuses what belongs to another user, saying so', async () => {
  const closed = newDirectory(0, 0o755)
  expect(await run(closed, nobody).first()).toMatchObject({
    name: 'EmbeddedFailed',
    message: expect.stringContaining(closed),
  })
  const shared = newDirectory(0, 0o777)
  const first = run(shared, 0)
  await first.url()
  await first.stop()
  const second = await run(shared, nobody).first()
  expect(second).toMatchObject({
    name: 'EmbeddedFailed',
    message: expect.stringMatching(/in-use\.lock cannot be locked.*another user/),
  })
})

interface Program {
  child: ChildProcess
  lines: ProgramLine[]
  ended: Promise<unknown>
  /** What came of the start. */
  first(): Promise<ProgramLine>
  /** Of the started server; fails when there is none. */
  url(): Promise<string>
  exit(): Promise<ProgramLine>
  /** Lets it end in good order. */
  stop(): Promise<void>
}

function run(dataDir: string, uid = process.getuid?.()): Program {
  const child = spawn(process.execPath, [program, dataDir], { uid, gid: uid, stdio: ['pipe', 'pipe', 'inherit'] })
  const lines: ProgramLine[] = []
  const reader = createInterface(child.stdout)
  reader.on('line', (line) => lines.push(JSON.parse(line) as ProgramLine))
  const ended = once(child, 'exit')
  const line = async (number: number) => {
    await until(() => lines.length > number || child.exitCode !== null || child.signalCode !== null)
    await until(() => lines.length > number)
    return lines[number]!
  }
  const running: Program = {
    child,
    lines,
    ended,
    first: () => line(0),
    url: async () => {
      const first = await line(0)
      if (first.event !== 'started') throw new Error(JSON.stringify(first))
      return first.url
    },
    exit: () => line(1),
    stop: async () => {
      child.stdin.end()
      await ended
      programs.delete(running)
    },
  }
  programs.add(running)
  return running
}

function newDirectory(uid = process.getuid?.() ?? -1, mode = 0o700): string {
  const directory = mkdtempSync(join(tmpdir(), 'mailquarry embedded é-'))
  directories.push(directory)
  execFileSync('chmod', [mode.toString(8), directory])
  chownSync(directory, uid, uid)
  return directory
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end().catch(() => {})
  }
}

function postmaster(dataDir: string): number {
  return Number.parseInt(readFileSync(join(dataDir, 'postgres', 'data', 'postmaster.pid'), 'utf8'), 10)
}

function parentOf(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'ppid=', '-p', String(pid)], { encoding: 'utf8' }))
}

function childrenOf(pid: number): number[] {
  const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
  const rows = table
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
  return rows.filter(([, parent]) => parent === pid).map(([child]) => child!)
}

function killHard(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it followed the others already
  }
}

/** A zombie is not alive. */
function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
  return stdout.trim() !== '' && !stdout.startsWith('Z')
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 15_000
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('waited for 15 s in vain')
    await delay(5)
  }
}
