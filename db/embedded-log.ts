import { appendFileSync, renameSync, statSync } from 'node:fs'

export interface BoundedLog {
  write(bytes: Buffer): void
  /** The last lines, about 4 kB. */
  tail(): string
}

/** Appends to file, which is renamed to file.1 once it has maxBytes: two files, never more. */
export function boundedLog(file: string, maxBytes: number): BoundedLog {
  let size = statSync(file, { throwIfNoEntry: false })?.size ?? 0
  let last = ''
  return {
    write(bytes) {
      last = (last + bytes.toString()).slice(-4000)
      try {
        if (size >= maxBytes) {
          renameSync(file, `${file}.1`)
          size = 0
        }
        appendFileSync(file, bytes, { mode: 0o600 })
        size += bytes.length
      } catch {
        // a full disk must not end whoever writes the log; the tail is still there
      }
    },
    tail: () => last.trim(),
  }
}
