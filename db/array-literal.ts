/**
 * An array of texts, numbers, booleans and nulls as Postgres reads it, undefined as null. Undefined for what has anything else in it. The driver's own way
 * takes each element through two searches; this is one pass of the runtime's own over all.
 */
export function arrayLiteral(values: readonly unknown[]): string | undefined {
  if (!values.every(isPlain)) return undefined
  const json = JSON.stringify(values)
  const body = json.includes('\\') ? json.replace(escape, plainer) : json
  return `{${body.slice(1, -1)}}`
}

function isPlain(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  return value === null || typeof value === 'string' || typeof value === 'boolean' || value === undefined
}

const escape = /\\(?:(["\\])|([bfnrt])|u([0-9a-f]{4}))/g
const letters: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

/** In an array a backslash makes whatever is behind it that very character: only of quotes and itself does JSON mean the same. */
function plainer(found: string, _same: string | undefined, letter: string | undefined, hex: string | undefined) {
  if (letter !== undefined) return letters[letter]!
  return hex === undefined ? found : String.fromCharCode(Number.parseInt(hex, 16))
}
