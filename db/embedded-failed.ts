/** The embedded Postgres cannot be started; the message says why and what to do. */
export class EmbeddedFailed extends Error {
  override name = 'EmbeddedFailed'
  readonly code = 'EMBEDDED_FAILED'
}
