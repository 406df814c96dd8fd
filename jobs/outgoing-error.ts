import type { ErrorCategory } from './error-category.ts'

/** Why a request to the outside gave no answer that can be used. */
export class OutgoingError extends Error {
  override name = 'OutgoingError'
  readonly category: ErrorCategory
  /** For people who look into it: the code of the platform's error, the address, sizes. Plain JSON. */
  readonly details: Record<string, string | number>
  constructor(
    category: ErrorCategory,
    message: string,
    details: Record<string, string | number> = {},
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.category = category
    this.details = details
  }
}

/** Brings what sockets, TLS, DNS, the HTTP parser and the decoders throw into the closed set of categories. */
export function outgoingError(error: unknown, host: string): OutgoingError {
  if (error instanceof OutgoingError) return error
  const { code, message } = mostTelling(error)
  const [category, text] = known.get(code) ?? byFamily(code, message)
  return new OutgoingError(
    category,
    `${host}: ${text}`,
    { ...(code !== '' && { code }), ...(text !== message && { reason: message.slice(0, 300) }) },
    error,
  )
}

/** Several addresses were tried: their errors come together in one. */
function mostTelling(error: unknown): { code: string; message: string } {
  if (error instanceof AggregateError && error.errors.length > 0 && !('code' in error && known.has(String(error.code))))
    return mostTelling(error.errors[0])
  if (!(error instanceof Error)) return { code: '', message: String(error) }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return { code: code === '' && error.name === 'HTTPParserError' ? 'HPE_INVALID' : code, message: error.message }
}

const known = new Map<string, [ErrorCategory, string]>([
  ['ENOTFOUND', ['dns', 'the host name does not resolve']],
  ['ENODATA', ['dns', 'the host name has no address']],
  ['EAI_AGAIN', ['dns', 'the name server does not answer']],
  ['ECONNREFUSED', ['network', 'the connection was refused']],
  ['ECONNRESET', ['network', 'the connection was reset']],
  ['EPIPE', ['network', 'the connection was reset']],
  ['EHOSTUNREACH', ['network', 'the host cannot be reached']],
  ['ENETUNREACH', ['network', 'the network cannot be reached']],
  ['ETIMEDOUT', ['timeout', 'no connection in time']],
  ['UND_ERR_CONNECT_TIMEOUT', ['timeout', 'no connection in time']],
  ['UND_ERR_HEADERS_TIMEOUT', ['timeout', 'no answer in time']],
  ['UND_ERR_BODY_TIMEOUT', ['timeout', 'the answer stopped coming']],
  ['UND_ERR_HEADERS_OVERFLOW', ['too_large', 'the header of the answer is too large']],
  ['UND_ERR_SOCKET', ['network', 'the connection broke']],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', ['network', 'the answer is shorter than announced']],
  ['CERT_HAS_EXPIRED', ['tls', 'the certificate has expired']],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', ['tls', 'the certificate is self-signed']],
  ['SELF_SIGNED_CERT_IN_CHAIN', ['tls', 'the certificate is self-signed']],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', ['tls', 'the certificate cannot be verified']],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', ['tls', 'the certificate cannot be verified']],
  ['ERR_TLS_CERT_ALTNAME_INVALID', ['tls', 'the certificate is for another host']],
  ['EPROTO', ['tls', 'no TLS could be agreed on']],
  ['ERR_SSL_WRONG_VERSION_NUMBER', ['tls', 'it does not speak TLS: its URLs begin with http://']],
])

function byFamily(code: string, message: string): [ErrorCategory, string] {
  if (code.startsWith('EAI_') || code.startsWith('ESERVFAIL') || code === 'ETIMEOUT') return ['dns', message]
  if (/^(?:ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_CA)/.test(code))
    return ['tls', message]
  // So our own end closes a stream whose header has too many fields, or too many bytes, and tells nothing more.
  if (code === 'ERR_HTTP2_STREAM_ERROR' && /ENHANCE_YOUR_CALM|FRAME_SIZE_ERROR/.test(message))
    return ['too_large', 'the header of the answer is too large']
  // A status below 100 is caught by no more than an assertion.
  if (code === 'ERR_ASSERTION') return ['parse', 'the answer is no valid HTTP']
  if (code.startsWith('HPE_')) return ['parse', `the answer is no valid HTTP (${message})`]
  if (/^(?:Z_|ERR_BROTLI|ERR__ERROR|ZSTD_|ERR_ZSTD)/.test(code)) return ['parse', 'the compressed body is damaged']
  return ['network', message]
}
