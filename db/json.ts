/**
 * JSON text that jsonb takes whatever the strings hold: Postgres refuses NUL and lone surrogates, which pages, mail and replies of
 * servers do contain; both become U+FFFD.
 */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'string' ? storableText(inner) : inner))
}

/** The same for a text column. */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd')
}
