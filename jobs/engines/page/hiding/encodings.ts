/** Percent-encoded text decoded as far as it can be; what is malformed stays as it is. Never throws. */
export function decodePercent(text: string): string {
  if (!text.includes('%')) return text
  return text.replace(/(?:%[\da-f]{2})+/gi, (run) => {
    try {
      return decodeURIComponent(run)
    } catch {
      // Latin-1, as old pages have it
      return run.replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    }
  })
}

/** Text with its letters for the codes that JSON and scripts write: `\u0040`, `\x40`. */
export function decodeEscapes(text: string): string {
  if (!text.includes('\\')) return text
  return text.replace(/\\(?:u([\da-f]{4})|x([\da-f]{2}))/gi, (_, long: string | undefined, short: string) =>
    String.fromCharCode(Number.parseInt(long ?? short, 16)),
  )
}

/**
 * Text out of base64, undefined where it is something else: a word, a number, a picture. The first of every four characters stays below "g" as
 * long as the text begins its groups in ASCII, which tells nearly all other values apart before anything is decoded.
 */
export function decodeBase64(value: string, least = 8): string | undefined {
  const text = value.trim()
  if (text.length < least || text.length > 4000 || text.length % 4 === 1 || !/^[\w+/-]+={0,2}$/.test(text))
    return undefined
  for (let i = 0; i < text.length; i += 4) {
    const code = text.charCodeAt(i)
    if (!((code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x66))) return undefined
  }
  return printable(Buffer.from(text, 'base64').toString('utf8'))
}

/** Text out of hexadecimal digits, undefined where it is a number or a colour. */
export function decodeHex(value: string): string | undefined {
  if (value.length < 12 || value.length > 2000 || value.length % 2 !== 0 || !/^[\da-f]+$/i.test(value)) return undefined
  return printable(Buffer.from(value, 'hex').toString('utf8'))
}

/** Text out of character codes: "105,110,102,111,64". */
export function decodeCodes(value: string): string | undefined {
  if (!/^(?:&?#?\d{2,3}[\s,;.|-]{1,2}){5,300}\d{0,3}$/.test(value)) return undefined
  const codes = value.match(/\d+/g)!.map(Number)
  return codes.every((code) => code < 256) ? printable(String.fromCharCode(...codes)) : undefined
}

/**
 * Cloudflare's "email protection": hexadecimal bytes, of which the first is laid over all others by XOR. Undefined where it is not that.
 * https://developers.cloudflare.com/waf/tools/scrape-shield/email-address-obfuscation/
 */
export function decodeCloudflare(value: string): string | undefined {
  if (value.length < 8 || value.length > 1200 || value.length % 2 !== 0 || !/^[\da-f]+$/i.test(value)) return undefined
  const bytes = Buffer.from(value, 'hex')
  const key = bytes[0]!
  return printable(Buffer.from(bytes.subarray(1).map((byte) => byte ^ key)).toString('utf8'))
}

/**
 * TYPO3's spam protection, `linkTo_UnCryptMailto('…')` and `data-mailto-token`: a shift inside three ranges of ASCII, by an amount that the site
 * sets. It always hides a "mailto:", by which the amount is found.
 */
export function decodeTypo3(value: string): string | undefined {
  if (value.length < 10 || value.length > 2000) return undefined
  for (let shift = -25; shift <= 25; shift++) {
    if (shiftInRanges(value.slice(0, 7), shift) === 'mailto:') return shiftInRanges(value, shift)
  }
  return undefined
}

const ranges = [
  [0x2b, 0x3a],
  [0x40, 0x5a],
  [0x61, 0x7a],
] as const

function shiftInRanges(value: string, shift: number): string {
  let shifted = ''
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    const range = ranges.find(([first, last]) => code >= first && code <= last)
    if (range === undefined) shifted += value[i]!
    else {
      const [first, last] = range
      const count = last - first + 1
      shifted += String.fromCharCode(first + ((((code - first + shift) % count) + count) % count))
    }
  }
  return shifted
}

function printable(text: string): string | undefined {
  // oxlint-disable-next-line no-control-regex -- control characters are what tells bytes from text
  return /[\x00-\x08\x0e-\x1f\x7f\ufffd]/.test(text) ? undefined : text
}
