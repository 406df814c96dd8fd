import { inspect } from 'node:util'

import pino, { type DestinationStream, type Logger } from 'pino'

import type { LogLevel } from './config-variables.ts'
import { secretSettings } from './config.ts'

/** Fields that never reach the log, on the first and the second level of a line. */
const secretFields = [...secretSettings, 'password', 'token', 'secret', 'apiKey', 'authorization', 'cookie']
const secretPaths = [
  ...secretFields.flatMap((field) => [field, `*.${field}`]),
  'req.headers.authorization',
  'req.headers.cookie',
]

/**
 * Lines of JSON for machines; on a terminal, lines for people. Secret fields are left out, and so are passwords in URLs, which get
 * into messages of errors. Standard error, since standard output belongs to what a command prints.
 */
export function createLog(
  level: LogLevel = 'info',
  stream: NodeJS.WritableStream & { isTTY?: boolean } = process.stderr,
): Logger {
  const destination: DestinationStream = stream.isTTY
    ? { write: (line) => void stream.write(readableLine(line)) }
    : { write: (line) => void stream.write(line) }
  return pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretPaths, censor: '[hidden]' },
      hooks: { streamWrite: hidePasswords },
    },
    destination,
  )
}

function hidePasswords(line: string): string {
  return line.replaceAll(/(:\/\/[^\s/:@"]*):[^\s/@"]+@/g, '$1:[hidden]@')
}

const colours: Record<string, 'red' | 'yellow' | 'green' | 'gray'> = {
  fatal: 'red',
  error: 'red',
  warn: 'yellow',
  info: 'green',
}

/** `12:03:04 INFO  message  field=value`, an error's stack below. The time is the terminal's. */
export function readableLine(json: string): string {
  const {
    level,
    time,
    pid: _,
    msg,
    err,
    ...fields
  } = JSON.parse(json) as {
    level: string
    time: string
    pid: number
    msg?: string
    err?: { stack?: string; message?: string }
    [field: string]: unknown
  }
  const [open, close] = inspect.colors[colours[level] ?? 'gray'] ?? [39, 39]
  const clock = new Date(time).toTimeString().slice(0, 8)
  const parts = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  const text = harmless([msg ?? err?.message ?? '', ...parts].join(' '))
  const head = `${clock} \u001B[${open}m${level.toUpperCase().padEnd(5)}\u001B[${close}m ${text}\n`
  const stack = err && (err.stack ?? err.message)
  return stack ? `${head}${harmless(stack).replaceAll(/^/gm, '    ')}\n` : head
}

/** Pages and servers get their words into the log, but no commands to the terminal. */
function harmless(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  return text.replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '\ufffd')
}
