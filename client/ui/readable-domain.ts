import punycode from 'punycode.js'

/**
 * A text for people: international domains in it in their own letters, and not as DNS spells them (`xn--…`), but for those that could pass for
 * another. What is copied, searched or sent stays as it is.
 */
export function readable(text: string): string {
  if (!/xn--/i.test(text)) return text
  return text.replaceAll(/[a-z\d.-]+/gi, (part) => (/xn--/i.test(part) ? readableDomain(part.toLowerCase()) : part))
}

function readableDomain(domain: string): string {
  try {
    const letters = punycode.toUnicode(domain)
    // The browser knows which spelling is the right one (UTS 46).
    return hasOneAlphabet(letters) && new URL(`http://${letters}`).hostname === domain ? letters : domain
  } catch {
    return domain
  }
}

/** Latin as Europe, Turkey, Azerbaijan and Vietnam write it: its other letters look like those of ASCII. */
const latin = /^[a-z\d\u00df-\u00f6\u00f8-\u017f\u01a1\u01b0\u0219\u021b\u0259\u1e00-\u1eff-]+$/

/** With letters that look like Latin ones: they stand with no Latin beside them, be it that of `.com`. */
const likeLatin = ['Cyrillic', 'Greek', 'Armenian'].map(alphabetOf)

const scripts =
  'Hangul Arabic Hebrew Georgian Ethiopic Thai Lao Khmer Myanmar Tibetan Sinhala Devanagari Bengali Gurmukhi Gujarati Oriya Tamil Telugu Kannada Malayalam'
const unlikeLatin = [
  // The long vowel of Japanese is of no script.
  /^[\d\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\u30fc-]+$/u,
  ...scripts.split(' ').map(alphabetOf),
]

/** Stricter than UTS 39 §5.2, “moderately restrictive”: that lets a label mix Latin with another script. */
function hasOneAlphabet(domain: string): boolean {
  const labels = domain.split('.').filter((label) => /[^\d-]/.test(label))
  const others = labels.filter((label) => !latin.test(label))
  const fits = (alphabet: RegExp) => others.every((label) => alphabet.test(label))
  return unlikeLatin.some(fits) || (others.length === labels.length && likeLatin.some(fits))
}

function alphabetOf(script: string): RegExp {
  return new RegExp(`^[\\d\\p{scx=${script}}-]+$`, 'u')
}
