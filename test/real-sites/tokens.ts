/**
 * Everything in a text that might be meant as an address, cut out generously: a person decides what it is (see expected/). This shares nothing with the
 * product's extractor and is meant for review, not for speed: it takes what stands around each `@` and each "at" in brackets, and knows nothing of domains.
 * Lower case. URLs are left out with all that is in them.
 */
export function addressLikeTokens(text: string): Set<string> {
  const tokens = new Set<string>()
  const plain = text.replaceAll(/[a-z][a-z0-9+]*:\/\/[^\s<>"“”]*/giu, ' ').replaceAll('＠', '@')
  for (const piece of plain.split(delimiters)) {
    if (!piece.includes('@')) continue
    const token = piece.replace(/^[^\p{L}\p{N}]+/u, '').replace(/[^\p{L}\p{N}]+$/u, '')
    if (mayBeAddress(token)) tokens.add(token.toLowerCase())
  }
  for (const [phrase] of plain.matchAll(inWords)) tokens.add(phrase.replaceAll(/\s+/g, ' ').trim().toLowerCase())
  return tokens
}

const delimiters = /[\s<>()[\]{},;:"'`|\\“”‘’„«»…、。，（）「」]+/u

/** Something on both sides of an `@`, and a dot behind it. */
function mayBeAddress(token: string): boolean {
  return /[^@]@[^@]*[\p{L}\p{N}-]\.[\p{L}]{2,}/u.test(token)
}

/** Words for `@` and for the dot, a language a line. */
const spoken = [
  ['at|ät|klammeraffe', 'dot|punkt'],
  ['arobase|arobas', 'point'],
  ['arroba', 'punto|punt|ponto'],
  ['chiocciola', 'punto'],
  ['małpa', 'kropka'],
  ['zavináč|zavinac', 'tečka|bodka'],
  ['apenstaartje|snabel-a|krøllalfa', 'punt|punkt|punktum'],
  ['kukac', 'pont'],
  ['собака', 'точка'],
] as const
const ats = spoken.map(([at]) => at).join('|')
const dots = [...new Set(spoken.flatMap(([, dot]) => dot.split('|')))].join('|')
/** `name [at] host`, with or without dots in words; and `name at host dot tld` without brackets, both words of one language. */
const inWords = new RegExp(
  [
    `\\S+\\s*[[({<]\\s*(?:${ats}|@)\\s*[\\])}>]\\s*\\S+(?:\\s+[[({<]?(?:${dots})[\\])}>]?\\s+\\S+)*`,
    ...spoken.map(([at, dot]) => `\\S+\\s+(?:${at})\\s+\\S+(?:\\s+(?:${dot})\\s+\\S+)+`),
  ].join('|'),
  'giu',
)
