/** What a style says of its element, as far as it changes which letters are seen. */
export const HIDES = 1
export const REVERSES = 2

/**
 * Of a `style` attribute or the body of a rule. Only `bidi-override` turns Latin letters round: `direction: rtl` alone sets Arabic pages.
 */
export function effectOfStyle(style: string): number {
  const plain = style.replace(/\s+/g, '').toLowerCase()
  let effect = 0
  if (/display:none|visibility:hidden/.test(plain)) effect |= HIDES
  if (plain.includes('bidi-override') && (plain.includes('direction:rtl') || plain.includes('isolate-override')))
    effect |= REVERSES
  return effect
}

/**
 * Rules of a style sheet in the page that hide or turn round what carries one class or id, by `.class` or `#id`. Anything but single simple
 * selectors is left out: we would have to know where the element stands.
 */
export function readStyleRules(css: string, rules: Map<string, number>): void {
  if (!/display|visibility|bidi-override/i.test(css)) return
  let from = 0
  for (;;) {
    const open = css.indexOf('{', from)
    if (open < 0) return
    const close = css.indexOf('}', open)
    if (close < 0) return
    const effect = close - open < 2000 ? effectOfStyle(css.slice(open + 1, close)) : 0
    if (effect !== 0) addSelectors(css.slice(Math.max(from, open - 2000), open), effect, rules)
    from = close + 1
  }
}

function addSelectors(selectors: string, effect: number, rules: Map<string, number>): void {
  // what stands before the last ";" or "*/" belongs to something else
  const own = selectors.slice(Math.max(selectors.lastIndexOf(';'), selectors.lastIndexOf('*/') + 1) + 1)
  for (const selector of own.split(',')) {
    const simple = /^(?:[a-z][a-z\d]*)?([.#][\w-]+)$/i.exec(selector.trim())
    if (simple) rules.set(simple[1]!, (rules.get(simple[1]!) ?? 0) | effect)
  }
}
