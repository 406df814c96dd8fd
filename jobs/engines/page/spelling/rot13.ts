/** Every letter thirteen places on; the way back is the same. */
export function rot13(text: string): string {
  return text.replace(/[a-z]/gi, (letter) => {
    const code = letter.charCodeAt(0)
    return String.fromCharCode((code | 0x20) < 0x6e ? code + 13 : code - 13)
  })
}

/**
 * Whether a domain with a top-level domain that does not exist is one of the commonest turned by ROT13: "npzr.pbz". `.com` as `.pbz`, `.net`,
 * `.de`, `.uk`, `.eu`, `.info`, `.edu` and `.gov`; none of the turned ones is delegated.
 */
export function looksLikeRot13(domain: string): boolean {
  return /\.(?:pbz|arg|qr|hx|rh|vasb|rqh|tbi)$/i.test(domain)
}
