import { isRole } from '../../address/local-part.ts'

/** How well a name fits a local part: 2 both parts of the name, 1 one of them, 0 not at all. */
export function likeness(name: string, local: string): 0 | 1 | 2 {
  const stem = fold(local.split('+', 1)[0]!, false).replace(/\d+$/, '')
  const squeezed = stem.replace(/[^\p{L}\d]/gu, '')
  if (squeezed.length < 2) return 0
  let best: 0 | 1 | 2 = 0
  // "Müller" writes himself mueller or muller
  for (const german of [true, false]) {
    const words = fold(name, german)
      .split(/[^\p{L}\d]+/u)
      .filter((word) => word !== '')
    const score = words.length === 0 ? 0 : compare(words, stem, squeezed)
    if (score > best) best = score
  }
  return best
}

function compare(words: string[], stem: string, squeezed: string): 0 | 1 | 2 {
  const first = words[0]!
  const last = words.at(-1)!
  if (words.length > 1) {
    const whole = words.join('')
    const initials = words.map((word) => word[0]!).join('')
    const forms = [
      whole,
      first + last,
      last + first,
      first[0]! + last,
      last + first[0]!,
      first + last[0]!,
      last[0]! + first,
      initials.slice(0, -1) + last,
      first[0]! + words.slice(1).join(''),
      words.slice(1).join('') + first,
    ]
    // two letters fit too many
    if (squeezed.length > 3 && forms.includes(squeezed)) return 2
    const parts = stem.split(/[^\p{L}\d]+/u).filter((part) => part.length > 1)
    if (parts.length > 1 && parts.every((part) => words.includes(part))) return 2
    if (squeezed.length > 4 && squeezed.length < last.length + 2 && (first[0]! + last).startsWith(squeezed)) return 1
    if (initials.length > 2 && squeezed === initials) return 1
  }
  if (words.some((word) => word.length > 2 && word === squeezed)) return 1
  return 0
}

/**
 * Whether a short text may be somebody's name: two to five words that begin large, none of which is a word of menus and cards, and the last
 * no abbreviation such as CD-ROM.
 */
export function looksLikeName(text: string): boolean {
  if (text.length < 4 || text.length > 50 || /[\d@!?:;/|"<>{}=_*#]/.test(text)) return false
  const words = text.split(/[\s,]+/).filter((word) => word !== '')
  if (words.length < 2 || words.length > 5) return false
  let large = 0
  for (const word of words) {
    if (particles.has(word.toLowerCase())) continue
    if (!/^\p{Lu}[\p{L}'’.-]*$|^[\p{Lo}\p{M}]+$/u.test(word)) return false
    const lower = word.toLowerCase().replace(/\.$/, '')
    if (ordinary.has(lower) || isRole(lower)) return false
    large++
  }
  return large >= 2 && !isAbbreviation(words.at(-1)!)
}

/** CD-ROM, but no family name that is written large, as in "Jeanne DUPONT-ROY" and "Jane LI-XU": each of its parts can be spoken. */
function isAbbreviation(word: string): boolean {
  if (!/^\p{Lu}{1,3}(?:-\p{Lu}{1,3})+$/u.test(word)) return false
  const parts = word.normalize('NFD').split('-')
  return !parts.every((part) => part.length > 1 && /[AEIOUYÆŒØАЕИОУЫЭЮЯΑΕΗΙΟΥΩ]/.test(part))
}

/** Name without what leads to it, titles before and degrees after it: "By Prof. Dr. Jane Doe, M.Sc." */
export function bareName(text: string): string {
  let name = text.trim().replace(/^(?:(?:(?:written|posted|published|edited) )?by|contact)\s+/i, '')
  for (let i = 0; i < 5; i++) {
    const shorter = name
      .replace(
        /^(?:prof|dr|mr|mrs|ms|miss|mx|sir|herr|frau|herrn|hr|fr|dipl|ing|mag|mme|m|mlle|sr|sra|sig|dott|dott\.ssa|avv|rev|hon|mgr|inż|don|doña)(?:\.-?|\s|$)(?:[-.\s])*(?:(?:ing|inf|kfm|kff|psych|päd|biol|phys|chem|med|rer|nat|h\.?c|jur|phil|pol)\.?(?:\s|-|$))*/i,
        '',
      )
      .replace(
        /\s*,?\s*\(?(?:ph\.?\s?d|m\.?\s?sc|b\.?\s?sc|m\.?\s?a|b\.?\s?a|mba|ll\.?\s?m|ll\.?\s?b|md|m\.d|jr|sr|ii|iii|cpa|esq|dds)\.?\)?$/i,
        '',
      )
      .trim()
    if (shorter === name) break
    name = shorter
  }
  return name
}

/** Letters without marks, in lower case; with `german` as umlauts are spelled out. */
function fold(text: string, german: boolean): string {
  const lower = text.toLowerCase()
  const spelled = german ? lower.replace(/[äöü]/g, (letter) => umlauts[letter]!) : lower
  return spelled
    .replace(/[ßæøåœłđð]/g, (letter) =>
      german && letter === 'ø' ? 'oe' : german && letter === 'å' ? 'aa' : others[letter]!,
    )
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
}

const umlauts: Record<string, string> = { ä: 'ae', ö: 'oe', ü: 'ue' }
const others: Record<string, string> = { ß: 'ss', æ: 'ae', ø: 'o', å: 'a', œ: 'oe', ł: 'l', đ: 'd', ð: 'd' }

const particles = new Set(
  'von van de der den del della di da dos das du la le el al bin ibn ten ter zu zur y e und af av von der'.split(' '),
)

const ordinary = new Set(
  `about address adresse all and anfahrt ansprechpartner anschrift assistant board business career careers center centre chief ceo cfo coo
  cto company contact contacts customer customers department developer director do e-mail email en engineer enquiries events fax for
  general get head help home hours how impressum in info inquiries job jobs kontakt legal mail management manager media mobile more
  news office officer online open opening our owner partner phone president press privacy product products professor request sales school
  secretary send service services site social staff street support team technical tel telefon telephone the to us vice visit web website
  welcome with write you your policy list lists user users devel announce bugs mailing project group author authors leiter leiterin leitung geschäftsführer geschäftsführung geschäftsführerin vertrieb verkauf
  direction directeur directrice responsable service secretariat ufficio direzione oficina ventas`.split(/\s+/),
)
