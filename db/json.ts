/**
 * JSON text that jsonb takes whatever the strings hold: Postgres refuses NUL and lone surrogates, which pages, mail and replies of
 * servers do contain; both become U+FFFD.
 */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(value)
  // Both are written as escapes, also by what only looks like one.
  return text === undefined || !suspicious.test(text) ? text : cleanText(value)
}

const suspicious = /\\u(?:0000|d[89a-f])/

function cleanText(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'string' ? storableText(inner) : inner))
}

/** The same for a text column. */
export function storableText(text: string): string {
  const wellFormed = text.isWellFormed() ? text : text.toWellFormed()
  return wellFormed.includes('\0') ? wellFormed.replaceAll('\0', '\ufffd') : wellFormed
}
