// npm run bench -- NAME [options]: measures ours against a named peer in one run, or checks against real input.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const benches: Record<string, string> = {
  crawl: './crawl/run.ts',
  app: './app/run.ts',
  export: './export/run.ts',
  live: './live/run.ts',
  queue: './queue/run.ts',
  'real-sites': '../real-sites/run.ts',
  verify: './verify/run.ts',
}

const [name = '', ...rest] = process.argv.slice(2)
const file = benches[name]
if (!file) {
  console.error(`There is no bench ${name}. There is: ${Object.keys(benches).join(', ')}`)
  process.exit(2)
}
const child = spawn(process.execPath, [join(import.meta.dirname, file), ...rest], { stdio: 'inherit' })
const [code] = (await once(child, 'exit')) as [number | null]
process.exit(code ?? 1)
