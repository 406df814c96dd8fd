import { isUtf8 } from 'node:buffer'

export interface DecodedBody {
  text: string
  /** The name by which `TextDecoder` knows it. */
  charset: string
}

/**
 * The text of a page: charset from its byte order mark, else the header, else what the page declares (`<meta>` or the XML declaration, in its first 4 KiB), else
 * UTF-8 where the bytes are that, else windows-1252. A declaration that the bytes belie counts for nothing: valid UTF-8 under the name of an eight-bit charset
 * (long text does not become valid UTF-8 by chance), mostly broken UTF-8, UTF-16 without a zero octet. Bytes that fit nothing become U+FFFD; never throws.
 */
export function decodeBody(bytes: Uint8Array, contentType: string | undefined): DecodedBody {
  const mark = byteOrderMark(bytes)
  if (mark) return decodeAs(mark, bytes)
  const header = known(headerCharset(contentType))
  const page = known(pageCharset(bytes))
  const declared = header && isBelied16(header, bytes) ? page : (header ?? page)
  if (declared === undefined || eightBit.test(declared)) {
    return decodeAs(isUtf8(bytes) ? 'utf-8' : (declared ?? 'windows-1252'), bytes)
  }
  const decoded = decodeAs(declared, bytes)
  if (declared !== 'utf-8' || isUtf8(bytes) || !isMostlyBroken(decoded.text)) return decoded
  return decodeAs(page === undefined || page === 'utf-8' ? 'windows-1252' : page, bytes)
}

const eightBit = /^(?:windows-|iso-8859-|koi8-|macintosh|x-mac-)/

/** Markup in UTF-16 has a zero in every other octet. */
function isBelied16(charset: string, bytes: Uint8Array): boolean {
  return charset.startsWith('utf-16') && !bytes.subarray(0, 1_024).includes(0)
}

/** Of what is beyond ASCII, more could not be read than could: not a slip in UTF-8, but another charset. */
function isMostlyBroken(text: string): boolean {
  let broken = 0
  let read = 0
  // oxlint-disable-next-line no-control-regex -- what is beyond ASCII, run by run
  for (const [run] of text.matchAll(/[^\x00-\x7f]+/g)) {
    const lost = run.split('\ufffd').length - 1
    broken += lost
    read += run.length - lost
  }
  return broken > read
}

function decodeAs(charset: string, bytes: Uint8Array): DecodedBody {
  return { text: decoderOf(charset).decode(bytes), charset }
}

const decoders = new Map<string, TextDecoder>()

function decoderOf(charset: string): TextDecoder {
  let decoder = decoders.get(charset)
  if (!decoder) decoders.set(charset, (decoder = new TextDecoder(charset)))
  return decoder
}

function byteOrderMark(bytes: Uint8Array): string | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8'
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be'
  return bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : undefined
}

function headerCharset(contentType: string | undefined): string | undefined {
  return /;\s*charset\s*=\s*["']?([^"';\s,]+)/i.exec(contentType ?? '')?.[1]
}

function pageCharset(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 4_096)).toString('latin1')
  const meta = /<meta\b[^>]*?\bcharset\s*=\s*["']?\s*([^"'\s/>;]+)/i.exec(head)?.[1]
  const label = meta ?? /^\s*<\?xml\b[^>]*?\bencoding\s*=\s*["']([^"']+)/i.exec(head)?.[1]
  // What was read in ASCII is not UTF-16, whatever it says (HTML §4.2.5.5).
  return label !== undefined && /^utf-?16/i.test(label) ? 'utf-8' : label
}

/** The canonical name of a label; undefined for one that nobody knows. */
function known(label: string | undefined): string | undefined {
  if (label === undefined) return undefined
  try {
    return new TextDecoder(label).encoding
  } catch {
    return undefined
  }
}
