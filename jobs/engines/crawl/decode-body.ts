import { isUtf8 } from 'node:buffer'

export interface DecodedBody {
  text: string
  /** The name by which `TextDecoder` knows it. */
  charset: string
}

/**
 * The text of a page: charset from its byte order mark, else the header, else what the page declares (`<meta>` or the XML declaration, in its first 4 KiB), else
 * UTF-8 where the bytes are that, else windows-1252. A page whose bytes are UTF-8 is read as such even where it says that it is in one of the eight-bit
 * charsets: long text does not become valid UTF-8 by chance. Bytes that fit nothing become U+FFFD; never throws.
 */
export function decodeBody(bytes: Uint8Array, contentType: string | undefined): DecodedBody {
  const mark = byteOrderMark(bytes)
  if (mark) return decodeAs(mark, bytes)
  const declared = known(headerCharset(contentType)) ?? known(pageCharset(bytes))
  if (declared?.startsWith('utf-16')) return decodeAs(declared, bytes)
  if (declared === undefined || eightBit.test(declared)) {
    if (isUtf8(bytes)) return decodeAs('utf-8', bytes)
    return decodeAs(declared ?? 'windows-1252', bytes)
  }
  return decodeAs(declared, bytes)
}

const eightBit = /^(?:windows-|iso-8859-|koi8-|macintosh|x-mac-)/

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
