/** What the readers must know of an element; several may hold at once. */
export const BLOCK = 1 // separates what stands before, inside and after
export const VOID = 2 // has no end tag
export const RAW = 4 // its content is text up to its own end tag; references are not decoded
export const RCDATA = 8 // the same, but references are decoded
export const ENDS_P = 16 // its start tag ends an open paragraph (HTML §13.1.2.4)
export const SCOPE = 32 // an end tag inside closes nothing outside (HTML §13.2.4.2)
export const HEADING = 64

const flagsByTag = {
  a: 0,
  abbr: 0,
  address: BLOCK | ENDS_P,
  area: VOID,
  article: BLOCK | ENDS_P,
  aside: BLOCK | ENDS_P,
  b: 0,
  base: VOID,
  bdo: 0,
  blockquote: BLOCK | ENDS_P,
  body: BLOCK,
  br: BLOCK | VOID,
  button: BLOCK,
  caption: BLOCK | SCOPE,
  center: BLOCK | ENDS_P,
  cite: 0,
  code: 0,
  col: VOID,
  colgroup: BLOCK,
  dd: BLOCK | ENDS_P,
  details: BLOCK | ENDS_P,
  dialog: BLOCK | ENDS_P,
  dir: BLOCK | ENDS_P,
  div: BLOCK | ENDS_P,
  dl: BLOCK | ENDS_P,
  dt: BLOCK | ENDS_P,
  em: 0,
  embed: VOID,
  fieldset: BLOCK | ENDS_P,
  figcaption: BLOCK | ENDS_P,
  figure: BLOCK | ENDS_P,
  font: 0,
  footer: BLOCK | ENDS_P,
  form: BLOCK | ENDS_P,
  frame: BLOCK | VOID,
  frameset: BLOCK,
  h1: BLOCK | ENDS_P | HEADING,
  h2: BLOCK | ENDS_P | HEADING,
  h3: BLOCK | ENDS_P | HEADING,
  h4: BLOCK | ENDS_P | HEADING,
  h5: BLOCK | ENDS_P | HEADING,
  h6: BLOCK | ENDS_P | HEADING,
  head: BLOCK,
  header: BLOCK | ENDS_P,
  hgroup: BLOCK | ENDS_P,
  hr: BLOCK | VOID | ENDS_P,
  html: BLOCK,
  i: 0,
  iframe: BLOCK | RAW,
  img: VOID,
  input: BLOCK | VOID,
  'joomla-hidden-mail': 0,
  label: 0,
  legend: BLOCK,
  li: BLOCK | ENDS_P,
  link: VOID,
  listing: BLOCK | ENDS_P,
  main: BLOCK | ENDS_P,
  menu: BLOCK | ENDS_P,
  meta: VOID,
  nav: BLOCK | ENDS_P,
  noembed: RAW,
  noframes: RAW,
  noscript: BLOCK,
  object: BLOCK | SCOPE,
  ol: BLOCK | ENDS_P,
  optgroup: BLOCK,
  option: BLOCK,
  p: BLOCK | ENDS_P,
  param: VOID,
  plaintext: BLOCK | ENDS_P | RAW,
  pre: BLOCK | ENDS_P,
  script: RAW,
  search: BLOCK | ENDS_P,
  section: BLOCK | ENDS_P,
  select: BLOCK,
  small: 0,
  source: VOID,
  span: 0,
  strong: 0,
  style: RAW,
  sub: 0,
  summary: BLOCK | ENDS_P,
  sup: 0,
  svg: BLOCK,
  table: BLOCK | ENDS_P | SCOPE,
  tbody: BLOCK,
  td: BLOCK | SCOPE,
  template: BLOCK | SCOPE,
  text: BLOCK, // of SVG
  textarea: BLOCK | RCDATA,
  tfoot: BLOCK,
  th: BLOCK | SCOPE,
  thead: BLOCK,
  title: BLOCK | RCDATA,
  tr: BLOCK,
  track: VOID,
  tt: 0,
  u: 0,
  ul: BLOCK | ENDS_P,
  video: BLOCK,
  wbr: VOID,
  xmp: BLOCK | ENDS_P | RAW,
} satisfies Record<string, number>

export type TagName = keyof typeof flagsByTag

/** Known names by their number; 0 stands for every other element, which is inline. */
export const tagNames: readonly string[] = ['', ...Object.keys(flagsByTag)]

/** Flags by number. */
export const tagFlags = Uint8Array.from([0, ...Object.values(flagsByTag)])

/** Number by name, for code that asks for one element. */
export const tag = Object.fromEntries(tagNames.slice(1).map((name, i) => [name, i + 1])) as Record<TagName, number>

// The tokenizer meets thousands of names a page: it hashes them while it walks over them, and here the hash finds the number without a
// string being made.
const slots = new Uint8Array(1024)
for (let number = 1; number < tagNames.length; number++) {
  let slot = hashTag(tagNames[number]!) & 1023
  while (slots[slot] !== 0) slot = (slot + 1) & 1023
  slots[slot] = number
}

const longestName = Math.max(...tagNames.map((name) => name.length))
const nameLengths = Uint8Array.from(tagNames, (name) => name.length)
/** The characters of each name, in a row of `longestName` each. */
const nameCodes = new Uint8Array(tagNames.length * longestName)
for (const [number, name] of tagNames.entries())
  for (let i = 0; i < name.length; i++) nameCodes[number * longestName + i] = name.charCodeAt(i)

/** One step of the hash: `code` is a character in lower case. */
export function addToHash(hash: number, code: number): number {
  return (Math.imul(hash, 33) ^ code) | 0
}

function hashTag(name: string): number {
  let hash = 0
  for (let i = 0; i < name.length; i++) hash = addToHash(hash, name.charCodeAt(i))
  return hash
}

/** Number of the name that stands at `start` to `end` in any case and has this hash; 0 for an unknown one. */
export function tagNumber(codes: Uint16Array, start: number, end: number, hash: number): number {
  for (let slot = hash & 1023; slots[slot] !== 0; slot = (slot + 1) & 1023) {
    const number = slots[slot]!
    if (nameLengths[number] !== end - start) continue
    const first = number * longestName - start
    let i = start
    // | 0x20 leaves digits and the hyphen as they are
    while (i < end && nameCodes[first + i] === (codes[i]! | 0x20)) i++
    if (i === end) return number
  }
  return 0
}
