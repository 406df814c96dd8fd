/** How an address was written where it was found. The names are stored and shown; never rename one. */
export const methods = [
  'mailto',
  'text',
  'entities',
  'percent',
  'cloudflare',
  'at-words',
  'spaced',
  'full-width',
  'zero-width',
  'reversed',
  'rot13',
  'base64',
  'data-attribute',
  'script',
  'script-escape',
  'attribute',
  'link-parameter',
  'json-ld',
  'microdata',
  'rdfa',
  'hcard',
  'vcard',
  'json',
] as const
export type Method = (typeof methods)[number]

export type Quality = 'high' | 'medium' | 'low'

/** One address found in one way on one page. */
export interface FoundEmail {
  /** Normal form: see `parseAddress`. */
  address: string
  method: Method
  /** What stands around it, one line of at most 200 characters. */
  snippet: string
  /** 0 to 1, two decimals. */
  confidence: number
  quality: Quality
  /** For people, the most telling first. */
  reasons: string[]
  personName?: string
  position?: string
  phone?: string
  organisation?: string
}
