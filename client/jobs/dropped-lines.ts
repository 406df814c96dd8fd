/** As many as a job of any kind takes. */
const mostLines = 100_000
const mostBytes = 8_000_000

/**
 * The entries in a text file that somebody drops on a list: a line each, of a table (.csv, .tsv) the first column. Throws an Error in
 * words for people where the file is too large or no text.
 */
export async function linesOfFile(file: File): Promise<string[]> {
  if (file.size > mostBytes) throw new Error(`“${file.name}” is larger than ${mostBytes / 1_000_000} MB.`)
  const text = (await file.text()).replace(/^\uFEFF/, '')
  if (text.includes('\0')) throw new Error(`“${file.name}” is no text file.`)
  const isTable = /\.(csv|tsv)$/i.test(file.name)
  const lines = text
    .split(/\r\n|\r|\n/)
    .map((line) => (isTable ? firstCell(line) : line).trim())
    .filter((line) => line !== '')
  if (lines.length > mostLines) throw new Error(`“${file.name}” has more than ${mostLines.toLocaleString('en')} lines.`)
  return lines
}

/** “Ada <ada@example.com>”, or the address alone. */
const recipient = /^(?:[^<>@]*<([^<>\s]+@[^<>\s]+)>|([^<>\s]+@[^<>\s]+))$/

/** A text that is pasted into a list: where addresses stand side by side, as mail programs write recipients, each gets a line. Other lines stay as they are. */
export function linesOfPasted(text: string): string {
  return text
    .split(/\r\n|\r|\n/)
    .flatMap((line) => {
      const parts = line.split(line.includes(';') ? ';' : ',').map((part) => part.trim())
      const addresses = parts.filter(Boolean).map((part) => recipient.exec(part))
      const all = addresses.flatMap((match) => match?.[1] ?? match?.[2] ?? [])
      return all.length > 0 && all.length === addresses.length ? all : [line]
    })
    .join('\n')
}

/** Up to the first separator, quotes taken off. */
function firstCell(line: string): string {
  const quoted = /^\s*"((?:[^"]|"")*)"/.exec(line)?.[1]
  return quoted === undefined ? (line.split(/[,;\t]/)[0] ?? '') : quoted.replaceAll('""', '"')
}
