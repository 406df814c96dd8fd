/** Why a text is no URL that can be crawled. */
export type UrlRefusal = 'not a URL' | 'not http or https' | 'longer than 2000 characters'

export type CanonicalUrl = { ok: true; url: string } | { ok: false; reason: UrlRefusal }

export const maxUrlLength = 2_000

/**
 * One form for all the URLs that lead to one page; what comes out is a fixed point. Fragment, default port, user-info, the dot behind a host name, tracking
 * parameters and session ids go; percent-encoding is brought to the normal form of RFC 3986 §6.2.2. Parameters keep their order, a slash at the end stays,
 * and so does the case of the path: a server may tell those apart.
 */
export function canonicalUrl(text: string, base?: string): CanonicalUrl {
  let url = URL.parse(text, base)
  if (!url) return refuse('not a URL')
  // Taking something out can bring something new together (`/a/..;jsessionid=1/` is `/a/../`), so it goes round until nothing changes.
  for (let rounds = 0; rounds < 8; rounds++) {
    if (url.protocol !== 'http:' && url.protocol !== 'https:') return refuse('not http or https')
    const before: string = url.href
    // Before the work below, which a hostile length would make long.
    if (before.length > maxUrlLength * 4) return refuse('longer than 2000 characters')
    const canonical = simplify(url)
    if (canonical === before)
      return before.length > maxUrlLength ? refuse('longer than 2000 characters') : { ok: true, url: before }
    url = URL.parse(canonical)
    if (!url) return refuse('not a URL')
  }
  return refuse('not a URL')
}

function refuse(reason: UrlRefusal): CanonicalUrl {
  return { ok: false, reason }
}

function simplify(url: URL): string {
  const host = url.port ? `${bareHost(url)}:${url.port}` : bareHost(url)
  return `${url.protocol}//${host}${simplifyPath(url.pathname)}${simplifyQuery(url.search)}`
}

function bareHost({ hostname }: URL): string {
  return hostname.endsWith('.') ? hostname.replace(/\.+$/, '') : hostname
}

// `;jsessionid=…` of servlets; `/(S(24 characters))/` of ASP.NET without cookies, also with A( and F( parts beside it
const pathSession = /;(?:jsessionid|phpsessid|sid|sessionid)=[^/;]*|\/\((?:[ASF]\([\w-]{8,}\))+\)(?=\/)/gi

function simplifyPath(path: string): string {
  const shorter = path.includes(';') || path.includes('/(') ? path.replace(pathSession, '') : path
  return normalPercent(shorter)
}

function simplifyQuery(search: string): string {
  if (search.length < 2) return ''
  const kept = search
    .slice(1)
    .split('&')
    .filter((pair) => pair !== '' && !isNoise(pair))
  return kept.length === 0 ? '' : `?${normalPercent(kept.join('&'))}`
}

/** True for parameters that say where a visitor came from or who he is, and nothing about the page. */
function isNoise(pair: string): boolean {
  const at = pair.indexOf('=')
  const name = (at < 0 ? pair : pair.slice(0, at)).toLowerCase()
  if (trackingNames.has(name) || name.startsWith('utm_') || name.startsWith('mtm_') || name.startsWith('pk_'))
    return true
  if (sessionNames.has(name) || name.startsWith('aspsessionid')) return true
  // `sid` and `s` also name sections: only what looks like a random token is a session.
  return maybeSessionNames.has(name) && at >= 0 && /^[0-9a-f]{26,}$/i.test(pair.slice(at + 1))
}

// Click and campaign ids of the advertisers, mailers and analytics products that document them.
const trackingNames = new Set(
  `gclid gclsrc dclid gbraid wbraid gad_source gad_campaignid srsltid _ga _gl fbclid msclkid yclid ysclid ttclid twclid li_fat_id igsh igshid epik rdt_cid
   mc_cid mc_eid mkt_tok _hsenc _hsmi __hssc __hstc __hsfp hsctatracking vero_id vero_conv oly_anon_id oly_enc_id _openstat wickedid s_cid s_kwcid ef_id
   trk_contact trk_msg trk_module trk_sid ml_subscriber ml_subscriber_hash _branch_match_id __s rb_clickid ir_clickid cjevent irclickid irgwc`.split(
    /\s+/,
  ),
)
const sessionNames = new Set(
  'phpsessid jsessionid sessionid session_id sessid oscsid zenid cfid cftoken cakephp xtcsid'.split(' '),
)
const maybeSessionNames = new Set('sid s session sess psid'.split(' '))

const percent = /%(?:([0-9a-f]{2})|)/gi

/** RFC 3986 §6.2.2.1 and §6.2.2.2: capital hex digits, unreserved characters plain. A `%` that encodes nothing becomes `%25`. */
function normalPercent(text: string): string {
  if (!text.includes('%')) return text
  return text.replace(percent, (_, hex: string | undefined) => {
    if (hex === undefined) return '%25'
    const char = String.fromCharCode(Number.parseInt(hex, 16))
    return /[A-Za-z0-9._~-]/.test(char) ? char : `%${hex.toUpperCase()}`
  })
}
