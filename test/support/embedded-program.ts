/**
 * A small program with an embedded Postgres, to be run and killed by tests: `node embedded-program.ts DATA_DIR`. Writes a line of
 * JSON for each thing that happens; ends in good order when its standard input ends.
 */
import { startEmbedded } from '../../db/embedded.ts'

export type ProgramLine =
  | { event: 'started'; url: string }
  | { event: 'exited'; expected: boolean; reason: string }
  | { event: 'refused'; name: string; message: string; pid?: number; directory?: string }

const say = (line: ProgramLine) => process.stdout.write(`${JSON.stringify(line)}\n`)

try {
  const embedded = await startEmbedded({ dataDir: process.argv[2]! })
  say({ event: 'started', url: embedded.url })
  process.stdin.once('end', () => void embedded.stop())
  process.stdin.resume()
  say({ event: 'exited', ...(await embedded.exited) })
  await embedded.stop()
} catch (error) {
  const { name, message, pid, directory } = error as Error & { pid?: number; directory?: string }
  say({ event: 'refused', name, message, pid, directory })
}
process.stdin.destroy()
