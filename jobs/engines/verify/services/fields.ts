/** Reads bodies that may be anything: a field of another type than expected is one that is not there. */
export type Fields = Readonly<Record<string, unknown>>

/** The body as an object; undefined for HTML, broken JSON, and JSON that is no object. Postgres can keep what comes out. */
export function parseObject(body: string): Fields | undefined {
  try {
    const object = asObject(JSON.parse(body))
    // NUL and halves of surrogate pairs are JSON, but not for Postgres; an escaped backslash in front makes them plain text.
    if (object === undefined || !/\\u(?:0000|d[89a-f])/i.test(body)) return object
    const storable = JSON.stringify(object).replace(
      /(\\\\)|\\u(?:0000|d[89a-f][\da-f]{2})/g,
      (_match, backslash: string | undefined) => backslash ?? '\ufffd',
    )
    return JSON.parse(storable) as Fields
  } catch {
    return undefined
  }
}

export function asObject(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined
}

export function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

/** In lower case, without space around it; null where it is no text or empty. */
export function word(value: unknown): string | null {
  return text(value)?.toLowerCase() ?? null
}

export function text(value: unknown): string | null {
  const trimmed = typeof value === 'string' ? value.trim() : ''
  return trimmed === '' ? null : trimmed
}

/** Services write yes and no as booleans, as "true" and "false", and as 1 and 0; null where it is neither. */
export function yesNo(value: unknown): boolean | null {
  if (value === true || value === 1) return true
  if (value === false || value === 0) return false
  const said = word(value)
  if (said === 'true' || said === '1' || said === 'yes') return true
  return said === 'false' || said === '0' || said === 'no' ? false : null
}

/** A score from 0 to 100, as a number or as text; null where it is none. */
export function percent(value: unknown): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && number >= 0 && number <= 100 ? number : null
}

/** An address that is suggested instead; null where it is none. */
export function suggested(value: unknown): string | null {
  const address = text(value)
  return address !== null && address.includes('@') ? address.slice(0, 320) : null
}

/** Only what was said to be so: `{ role: true }`. */
export function flags<Name extends string>(said: Record<Name, boolean | null>): Partial<Record<Name, boolean>> {
  const found: Partial<Record<Name, boolean>> = {}
  for (const name in said) if (said[name] === true) found[name] = true
  return found
}
