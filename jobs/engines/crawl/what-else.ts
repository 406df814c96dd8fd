import { parseAddress } from '../address/parse.ts'

/** What a text is that is no domain, and what to give instead, as the rest of a sentence; empty where it is nothing that is often taken for one. */
export function whatElse(entry: string): string {
  if (entry.length > longest) return ''
  const address = parseAddress(entry.replace(/^mailto:/i, ''))
  if (address.ok) return `: it is an e-mail address; give its domain, ${address.domainUnicode}, or verify it`
  if (filePath.test(entry)) return ': it is the path of a file'
  const [, scheme] = schemeLike.exec(entry) ?? []
  if (scheme !== undefined) return `: it begins with ${scheme}, but URLs of sites begin with http:// or https://`
  const words = entry.split(/[\s,;]+/).filter(Boolean)
  if (words.length > 1)
    return words.every(isDotted) ? ': it is several; give each as an entry of its own' : ': it is several words'
  const [, host] = hostAndMore.exec(entry) ?? []
  return host === undefined ? '' : `: it goes on behind the host; give ${host} alone, or the URL with https:// in front`
}

/** No domain is longer than 253. */
const longest = 400

/** `/etc/hosts`, `./list.csv`, `~/list.csv`, `C:\list.csv`, `\\server\share`, `file:///etc/hosts`. */
const filePath = /^(?:[.~]{0,2}[\\/]|[a-z]:[\\/]|file:)/i

/** `htp://`, `ftp://`, and what slips of the fingers leave of `https://`. */
const schemeLike = /^([a-z][a-z\d+-]*:\/{1,3}|https?(?:[:;]\/{0,2}|\/\/))/i

const hostAndMore = /^([^\s/?#@\\:]+\.[^\s/?#@\\:.]+(?::\d+)?)[/?#]/

function isDotted(word: string): boolean {
  return word.includes('.') && !/[/?#@\\]/.test(word)
}
