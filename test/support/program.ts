import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export interface Program {
  url: string
  port: number
  /** As `kill -9` of the whole program's main process; what it started notices by itself. */
  kill(): Promise<void>
  /** As Ctrl-C. */
  stop(): Promise<void>
  pid: number
}

const root = join(import.meta.dirname, '../..')

/** The program as `npm start` runs it. Resolves when it says that it is ready; rejects with its log when it ends before. */
export async function startProgram(env: Record<string, string>): Promise<Program> {
  const port = env['PORT'] ? Number(env['PORT']) : await freePortPair()
  const child: ChildProcess = spawn(process.execPath, ['server/main.ts'], {
    cwd: root,
    env: { ...process.env, LOG_LEVEL: 'info', ...env, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const gone = once(child, 'exit')
  const lines: string[] = []
  const ready = Promise.withResolvers<void>()
  createInterface({ input: child.stderr! }).on('line', (line) => {
    if (lines.length < 1_000) lines.push(line)
    if (line.includes('Mailquarry is ready')) ready.resolve()
  })
  void gone.then(() => ready.reject(new Error(`the program ended:\n${lines.join('\n')}`)))
  ready.promise.catch(() => {})
  await ready.promise
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    await gone
  }
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    pid: child.pid!,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGINT'),
  }
}

/** A port with the next one free too, for the sample site. */
export async function freePortPair(): Promise<number> {
  for (;;) {
    const first = createServer().listen(0, '127.0.0.1')
    await once(first, 'listening')
    const port = (first.address() as { port: number }).port
    const second = createServer().listen(port + 1, '127.0.0.1')
    // `once` rejects when the port is taken
    const both = await once(second, 'listening').then(
      () => true,
      () => false,
    )
    first.close()
    second.close()
    await once(first, 'close')
    if (both) return port
  }
}
