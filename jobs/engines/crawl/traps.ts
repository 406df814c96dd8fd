import { priorities, priorityOf } from './priority.ts'

export type Trap =
  | 'long'
  | 'repeated path'
  | 'deep path'
  | 'many parameters'
  | 'endless series'
  | 'far date'
  | 'action'
  | 'no page'

/** Whether such a link leads into a space without end, and not just to what is of no use. */
export function isEndless(trap: Trap): boolean {
  return trap !== 'action' && trap !== 'no page'
}

/** Deeper than a person would click. */
const deepestSeries = 30

/**
 * Why a link is not worth following: it leads into a space without end, does something when it is asked for, or is a file that holds no text. `depth` is that
 * of the page behind the link, `today` the present moment. Undefined for a link like others.
 */
export function trapIn(url: string, depth: number, today: Date): Trap | undefined {
  if (url.length > 1_000) return 'long'
  const start = url.indexOf('/', url.indexOf('//') + 2)
  const question = url.indexOf('?', start)
  const path = question < 0 ? url.slice(start) : url.slice(start, question)
  const query = question < 0 ? '' : url.slice(question + 1)
  if (fileWithoutText.test(path) || path.startsWith('/cdn-cgi/')) return 'no page'
  if (actionPath.test(path) || actionQuery.test(query)) return 'action'
  return pathTrap(path) ?? queryTrap(query) ?? dateTrap(path, query, today) ?? seriesTrap(url, depth)
}

const fileWithoutText =
  /\.(?:7z|aac|apk|avi|avif|bin|bmp|bz2|cab|css|deb|dmg|docx?|dwg|eot|epub|exe|flac|flv|gif|gz|ico|ics|iso|jar|jpe?g|js|key|m4[av]|map|mid|mjs|mkv|mobi|mov|mp[34]|mpe?g|msi|odp|ods|odt|og[agv]|opus|otf|pages|pdf|png|pps|pptx?|ps|psd|rar|rpm|rtf|svg|swf|tar|tgz|tiff?|torrent|ttf|wasm|wav|weba|webm|webp|wmv|woff2?|xlsx?|xz|zip)$/i
const actionPath = /\/(?:logout|log-out|signout|sign-out|abmelden|wp-login\.php|xmlrpc\.php|wp-json|wp-admin)(?:\/|$)/i
const actionQuery =
  /(?:^|&)(?:add-to-cart|add_to_wishlist|replytocom|remove_item|share|unsubscribe|do=logout|action=(?:edit|logout|delete|history|raw))(?:=|&|$)/i

/** `/a/b/a/b/a/b/` comes from relative links that a server answers at every level. */
function pathTrap(path: string): Trap | undefined {
  const segments = path.split('/').filter((segment) => segment !== '')
  if (segments.length > 20) return 'deep path'
  const times = new Map<string, number>()
  for (const segment of segments) {
    const count = (times.get(segment) ?? 0) + 1
    if (count === 3) return 'repeated path'
    times.set(segment, count)
  }
  return undefined
}

function queryTrap(query: string): Trap | undefined {
  if (query === '') return undefined
  const pairs = query.split('&')
  if (pairs.length > 10) return 'many parameters'
  return pairs.length - new Set(pairs).size >= 2 ? 'many parameters' : undefined
}

const calendarWord =
  /calend|kalend|agenda|event|termin|veranstalt|schedule|spielplan|eventi|evenement|month|monat|mese|mois|\bday\b|date|week|year|jahr|booking|reserv/i
// As a whole number of four digits, alone or before a month: /2031/, ?year=2031, 2031-05-17, 203105, 20310517
const yearIn =
  /(?:^|[^\d])((?:19|20|21|22|23)\d\d)(?:[-/._]?(?:0[1-9]|1[0-2]))?(?:[-/._]?(?:0[1-9]|[12]\d|3[01]))?(?=[^\d]|$)/g

// At the end, where nothing but the date is named: /2031/5/17/, 2031-05-17, 20310517
const dayAtEnd =
  /(?:^|[^\d])((?:19|20|21|22|23)\d\d)(?:([-/._])(0?[1-9]|1[0-2])\2(0?[1-9]|[12]\d|3[01])|(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01]))\/?$/
const dayMs = 86_400_000
const daysBack = 45
const daysAhead = 120

/**
 * Calendars lead on for ever: two years back and one ahead is what a site can have something to say about; of single days, which would be more than a thousand
 * pages, a season.
 */
function dateTrap(path: string, query: string, today: Date): Trap | undefined {
  const text = `${path}?${query}`
  if (!calendarWord.test(text)) return undefined
  const year = today.getUTCFullYear()
  for (const match of text.matchAll(yearIn)) {
    const named = Number(match[1])
    if (named < year - 2 || named > year + 1) return 'far date'
  }
  // year=2031&month=5&day=17
  const values = query.split('&').map((pair) => pair.slice(pair.indexOf('=') + 1))
  for (const ending of [path, values.join('-'), ...values]) {
    const [, named, , month, day, monthToo, dayToo] = dayAtEnd.exec(ending) ?? []
    if (named === undefined) continue
    const at = Date.UTC(Number(named), Number(month ?? monthToo) - 1, Number(day ?? dayToo))
    const days = (at - today.getTime()) / dayMs
    if (days < -daysBack || days > daysAhead) return 'far date'
  }
  return undefined
}

/** "Next page", "next month": each a step deeper. */
function seriesTrap(url: string, depth: number): Trap | undefined {
  return depth > deepestSeries && priorityOf(url) === priorities.unlikely ? 'endless series' : undefined
}
