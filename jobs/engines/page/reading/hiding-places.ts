import { tag } from './html-tags.ts'
import type { Attributes } from './html-tokens.ts'
import { hiddenField, type PageContent } from './page-content.ts'
import { HAS_WORD, marksOf } from './text-marks.ts'

/**
 * Notes the attributes of a visible element that may hide an address: data for scripts, scripts, and texts that are shown in passing. True where
 * the element itself is the sign: `<i class="fa fa-at">`.
 */
export function addHidingPlaces(number: number, attributes: Attributes, content: PageContent): boolean {
  const { firstLetters, hasAt } = attributes
  if ((firstLetters & lettersIP) !== 0 && isEmailProperty(attributes)) content.structured = true
  const isJoomla = number === tag['joomla-hidden-mail']
  if ((firstLetters & letterD) !== 0 || (firstLetters & letterO) !== 0 || hasAt || isJoomla) {
    const names: string[] = []
    const values: string[] = []
    for (let i = 0; i < attributes.count; i++) {
      const name = attributes.nameAt(i)
      if (name === 'data-cfemail') content.addSource({ way: 'cloudflare', value: attributes.valueAt(i) })
      else if (name.startsWith('data-') || (isJoomla && /^(?:first|last|text)$/.test(name))) {
        names.push(name.replace('data-', ''))
        values.push(attributes.valueAt(i))
      } else if (hasAt && ofComponents.has(name)) {
        names.push(name)
        values.push(attributes.valueAt(i))
      } else if (name.startsWith('on') || (hasAt && name === 'x-data'))
        content.addSource({ way: 'script', value: attributes.valueAt(i) })
      else if (hasAt && readAsLink(number, name, attributes.valueAt(i), content)) continue
      else if (hasAt && shown.has(name)) addShown(number, name, attributes.valueAt(i), attributes, content)
    }
    if (names.length > 0 && (names.length > 1 || values[0]!.length > 5))
      content.addSource({ way: 'data', names, values })
  }
  // a title is shown in passing, and may be written in words
  const title = !hasAt && (firstLetters & letterT) !== 0 ? attributes.get('title') : undefined
  if (title !== undefined && (marksOf(title) & HAS_WORD) !== 0)
    content.addSource({ way: 'attribute', name: 'title', value: title })
  if ((firstLetters & letterC) === 0 || (number !== tag.i && number !== tag.span)) return false
  const classes = attributes.get('class')
  return classes !== undefined && classes.includes('at') && /(?:^|[\s-])(?:at|at-sign|at-symbol)(?:$|\s)/.test(classes)
}

/** Of microdata or RDFa. */
export function isEmailProperty(attributes: Attributes): boolean {
  const property = attributes.get('itemprop') ?? attributes.get('property')
  return property !== undefined && /e-?mail|mbox/i.test(property)
}

/** Whether a link may lead to an address, and not to a page: cheap, and rather yes. */
export function mayHideAddress(href: string): boolean {
  const code = href.charCodeAt(0) | 0x20
  // mailto:, javascript:, data:, znvygb: (the first of these in ROT13), and what white space stands before
  if ((code === 0x6d || code === 0x6a || code === 0x64 || code === 0x7a || code <= 0x20) && href.includes(':'))
    return true
  return href.includes('@') || href.includes('%40') || href.includes('/email-protection#')
}

/** Links in other attributes than those of anchors: `formaction`, `xlink:href`, `rdf:resource`, and expressions of frameworks such as `:href`. */
function readAsLink(number: number, name: string, value: string, content: PageContent): boolean {
  if (name === 'href' ? number === tag.a || number === tag.area || number === tag.link : name === 'action') return false
  if (!/mailto:/i.test(value)) return false
  content.addSource({ way: /^\s*mailto:/i.test(value) ? 'link' : 'script', value })
  return true
}

/** What components are given: of elements that a site makes up, of Astro and of Livewire. */
const ofComponents = new Set(['email', 'mail', 'address', 'props', 'wire:snapshot', 'wire:initial-data'])

/** Attributes whose value is shown to the reader, or read out. A `placeholder` is not: what a form proposes is no address of anybody. */
const shown = new Set(['alt', 'title', 'aria-label', 'value', 'content', 'label', 'summary'])

function addShown(number: number, name: string, value: string, attributes: Attributes, content: PageContent): void {
  // has its own way: see the builder
  if (!value.includes('@') || number === tag.meta || (number === tag.img && name === 'alt')) return
  if (name === 'content' && isEmailProperty(attributes)) return
  if (number === tag.input && attributes.get('type')?.toLowerCase() === 'hidden') {
    if (recipient.test(attributes.get('name') ?? '')) content.addSource({ way: 'attribute', name: hiddenField, value })
  } else content.addSource({ way: 'attribute', name, value })
}

/** Forms that mail their content tell their script whom to. */
const recipient = /recipient|mail_?to|send_?to|^to$|empfaenger|destinatario|destinataire/i

// bits of `Attributes.firstLetters`
const letterC = 1 << (0x63 & 31)
const lettersIP = (1 << (0x69 & 31)) | (1 << (0x70 & 31))
const letterD = 1 << (0x64 & 31)
const letterO = 1 << (0x6f & 31)
const letterT = 1 << (0x74 & 31)
