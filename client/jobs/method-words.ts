/** How an address was written, in words, where the stored name is not one. */
const words: Record<string, string> = {
  entities: 'character references',
  percent: 'percent-encoded',
  cloudflare: 'Cloudflare',
  'at-words': 'words for the signs',
  spaced: 'spaced out',
  'full-width': 'full-width letters',
  'zero-width': 'invisible letters',
  reversed: 'backwards',
  rot13: 'ROT13',
  base64: 'Base64',
  'script-escape': 'escapes in a script',
  'json-ld': 'JSON-LD',
  rdfa: 'RDFa',
  hcard: 'hCard',
  vcard: 'vCard',
  json: 'JSON',
}

/** "at-words" → "words for the signs", "data-attribute" → "data attribute". */
export function methodWords(method: string): string {
  return words[method] ?? method.replaceAll('-', ' ')
}
