/** What a style does to its element, as far as it changes which letters are seen. Bits. */
export const HIDES = 1
export const TURNS = 2
/** Cannot be seen where it stands: meant on a piece of a line, but on a block it may be what a script fades or slides in. */
export const HIDES_PIECE = 4

/** What a page's own style sheets say of elements with one class or id, by `.class` or `#id`. */
export interface StyleRule {
  effect: number
  /** Text that is shown before and after the element's own: texts, and names of attributes whose value is. */
  before?: GeneratedPart[]
  after?: GeneratedPart[]
}

export type GeneratedPart = { text: string } | { attribute: string }

export type StyleRules = Map<string, StyleRule>

/** Of a `style` attribute or the body of a rule. Only `bidi-override` turns Latin letters: `direction: rtl` alone sets Arabic pages. */
export function effectOfStyle(style: string): number {
  if (!mayChangeLetters.test(style)) return 0
  const plain = style.replace(/\s+/g, '').toLowerCase()
  let effect = 0
  if (/display:none|visibility:hidden/.test(plain)) effect |= HIDES
  if (isUnseen(plain)) effect |= HIDES_PIECE
  if (/bidi:(?:bidi|isolate)-override/.test(plain) && plain.includes('direction:rtl')) effect |= TURNS
  return effect
}

const mayChangeLetters =
  /display|visibility|bidi-override|isolate-override|font-size\s*:\s*0|opacity\s*:\s*0|position\s*:\s*(?:absolute|fixed)|overflow\s*:\s*hidden/i

/** Without white space. Too small, too clear, too far off, or without room. */
function isUnseen(plain: string): boolean {
  if (/font-size:0(?:px|pt|r?em|%)?(?:[;!]|$)|opacity:0(?:\.0+)?(?:[;!]|$)/.test(plain)) return true
  if (/position:(?:absolute|fixed)/.test(plain) && /(?:^|;)(?:left|top):-\d{3,}/.test(plain)) return true
  return plain.includes('overflow:hidden') && /(?:^|;|max-)(?:width|height):0(?:px)?(?:[;!]|$)/.test(plain)
}

/**
 * Reads a style sheet for rules that hide, turn or generate text. Only selectors of one class or id are understood; for others we would have to
 * know where the element stands. What holds on paper or at some widths alone is left out. Linear.
 */
export function readStyleRules(css: string, rules: StyleRules): void {
  if (!mayChangeLetters.test(css) && !/content\s*:/i.test(css)) return
  let from = 0
  /** How many groups of rules are open around us, and from which one on they hold elsewhere than on a screen. */
  let groups = 0
  let elsewhere = Infinity
  let open = css.indexOf('{')
  let close = css.indexOf('}')
  while (close >= 0) {
    if (open < 0 || open > close) {
      if (groups > 0) groups--
      if (groups < elsewhere) elsewhere = Infinity
      from = close + 1
      close = css.indexOf('}', from)
      continue
    }
    const before = css.slice(Math.max(from, open - longestRule), open)
    const inner = css.indexOf('{', open + 1)
    if (inner >= 0 && inner < close) {
      groups++
      if (!holdsOnScreens.test(before.slice(before.lastIndexOf('@')))) elsewhere = Math.min(elsewhere, groups)
      from = open + 1
    } else {
      if (groups < elsewhere && close - open < longestRule) readRule(before, css.slice(open + 1, close), rules)
      from = close + 1
      close = css.indexOf('}', from)
    }
    open = inner
  }
}

/** Of a group of rules, what stands before its brace. */
const holdsOnScreens = /^@(?:media\s+(?:only\s+)?(?:screen|all)\s*$|supports\b|layer\b)/i

const longestRule = 2000

function readRule(selectors: string, body: string, rules: StyleRules): void {
  const effect = effectOfStyle(body)
  const content = /(?:^|[;\s])content\s*:\s*([^;]+)/i.exec(body)
  const generated = content ? readGenerated(content[1]!) : undefined
  if (effect === 0 && generated === undefined) return
  // what stands before the last ";" or the end of a comment belongs to something else
  const own = selectors.slice(Math.max(selectors.lastIndexOf(';'), selectors.lastIndexOf('/')) + 1)
  for (const selector of own.split(',')) {
    const simple = /^(?:[a-z][a-z\d]*)?([.#][\w-]+)(?:::?(before|after))?$/i.exec(selector.trim())
    if (simple === null) continue
    const [, name, place] = simple
    const rule = rules.get(name!) ?? { effect: 0 }
    rules.set(name!, rule)
    if (place === undefined) rule.effect |= effect
    else if (generated !== undefined) rule[place.toLowerCase() as 'before' | 'after'] = generated
  }
}

/** `attr(data-user) "\40" "acme.com"` */
function readGenerated(value: string): GeneratedPart[] | undefined {
  const parts: GeneratedPart[] = []
  for (const [, double, single, attribute] of value.matchAll(
    /"((?:[^"\\]|\\[^])*)"|'((?:[^'\\]|\\[^])*)'|attr\(\s*([\w-]+)[^)]*\)/g,
  )) {
    if (attribute !== undefined) parts.push({ attribute: attribute.toLowerCase() })
    else parts.push({ text: unescapeCss(double ?? single!) })
  }
  // icons and ornaments are no letters of an address
  return parts.some((part) => 'attribute' in part || /^[\w.@+ -]+$/.test(part.text)) ? parts : undefined
}

/** CSS Syntax §4.3.7 */
function unescapeCss(text: string): string {
  return text.replace(/\\([\da-f]{1,6})\s?|\\([^])/gi, (_, hex: string | undefined, char: string | undefined) => {
    if (hex === undefined) return char!
    const code = Number.parseInt(hex, 16)
    return code > 0 && code < 0x110000 ? String.fromCodePoint(code) : '\ufffd'
  })
}
