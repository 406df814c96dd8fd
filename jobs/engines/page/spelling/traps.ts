import { isRole } from '../../address/local-part.ts'

/** Why something that has the form of an address is none. Stored nowhere; tests and readers of the code go by these names. */
export type Trap =
  | 'image-name'
  | 'version'
  | 'file-name'
  | 'hash'
  | 'message-id'
  | 'error-tracker'
  | 'no-mailbox-service'
  | 'code-host'
  | 'user-info'
  | 'url-path'
  | 'remote-login'
  | 'remote-path'
  | 'handle'
  | 'hostmask'
  | 'channel'
  | 'other-protocol'
  | 'template'
  | 'code'
  | 'list-fragment'
  | 'principal'
  | 'algorithm'
  | 'number'

/** By the address alone; local part and domain in normal form. */
export function trapInAddress(local: string, domain: string): Trap | undefined {
  if (/^\d(?:\.\d)?x\./.test(domain)) return 'image-name'
  if (/^v?\d+\.\d+\.?/.test(domain) || /^v?\d{1,2}\.(?:dev|next|app|run|sh|md)$/.test(domain)) return 'version'
  if (/\.(?:zip|mov)$/.test(domain)) return 'file-name'
  if (/^(?:[a-f\d]{20,}|[a-f\d]{8}-[a-f\d]{4}-[a-f\d]{4}-[a-f\d]{4}-[a-f\d]{12})$/.test(local)) return 'hash'
  if (isMessageId(local, domain)) return 'message-id'
  if (/(?:^|\.)ingest\.(?:\w+\.)?sentry\.io$|^sentry[\w-]*\.(?!io$)/.test(domain)) return 'error-tracker'
  if (/(?:^|\.)(?:calendar\.google\.com|s\.whatsapp\.net|g\.us|c\.us|gserviceaccount\.com)$/.test(domain))
    return 'no-mailbox-service'
  if (/^__\w+__$/.test(local)) return 'template'
  if (localIsHost(local, domain)) return 'principal'
  if (algorithms.test(local)) return 'algorithm'
  if (/^0x[\da-f]+\.|^\d{1,2}\.[ap]m$/.test(domain) || (/^\d+$/.test(local) && /^\d{1,2}\.[a-z]+$/.test(domain)))
    return 'number'
  if (logins.has(local) && codeHosts.test(domain)) return 'code-host'
  return undefined
}

/** "HTTP/www.acme.com@ACME.COM": a service of Kerberos. */
function localIsHost(local: string, domain: string): boolean {
  return local.endsWith(`.${domain}`)
}

/** RFC 4251 §6: algorithms of SSH that somebody added are called name@domain. */
const algorithms =
  /^(?:(?:sk-)?(?:ssh|ecdsa|rsa|webauthn)-[a-z\d-]*|(?:hmac|umac|aes\d+|chacha20|rijndael|curve25519|sntrup\d+)-[a-z\d-]+|zlib|hostkeys(?:-prove)?-\d+|[a-z-]*cert-v\d+)$/

const logins = new Set(['git', 'hg', 'svn', 'bzr', 'cvs', 'anonymous', 'anoncvs', 'aur', 'gitlab', 'gitea', 'forgejo'])
const codeHosts =
  /^(?:(?:ssh|git|hg|svn|cvs|altssh|vs-ssh)\..*|(?:.*\.)?(?:github|gitlab|gitee|bitbucket|codeberg|sourceforge|launchpad|visualstudio|heroku)\.(?:com|org|net)|(?:.*\.)?(?:git\.sr\.ht|hub\.com|dev\.azure\.com|salsa\.debian\.org|savannah\.(?:gnu|nongnu)\.org|aur\.archlinux\.org))$/

/**
 * Mailers make Message-IDs that look like addresses, and archives of mail are full of them. By what known mailers write: Gmail, Gnus and Emacs,
 * Alpine and Pine, git send-email and GitGitGadget, Mutt, Thunderbird, Exim, Outlook, JavaMail, and whatever begins with a date and time.
 */
function isMessageId(local: string, domain: string): boolean {
  if (local.length < 12) return false
  if (domain === 'mail.gmail.com') return local.length > 30
  if (/^(?:alpine|pine)\.[a-z]{3}\.\d/.test(local) || /^\d?[a-z\d]{6,}\.(?:fsf|wl|gnu|ln)(?:_-_|-|$)/.test(local))
    return true
  if (/^(?:rfc-)?(?:patch|cover|pull)[.-](?:\d+[.-])*\d{6,}/.test(local) || /\.git\.[\w.-]*$/.test(local)) return true
  // 20170306084353.nrns455dvkdsfgo5, 20180107181459.222909-1-name, 20200207132152.GC2868, 1488999039-37631-1-git-send-email-name
  if (/^(?:19|20)\d{6}(?:\d{2,6}|t\d{6}z?)?[.\-_]/.test(local) || /^\d{9,}[.-]\d+/.test(local)) return true
  // 5577240D.7020309, 22708.8913.864049.452252, E16RdAL-0006pc-00
  if (/^[\da-f]{7,8}\.[\da-f]{5,8}$/.test(local) && /\d/.test(local)) return true
  if (/^\d+\.\d+\.\d+\.\d+$/.test(local) || /^e?1[a-z\d]{5}-[a-z\d]{6,11}-[a-z\d]{2,4}$/.test(local)) return true
  if (domain.endsWith('.prod.outlook.com')) return true
  if (/^(?:javamail|message|msgid|mid)[.-]/.test(local) || /javamail/.test(local)) return true
  // nobody's name, nor a task's: long, no separator that words would have, and digits all through it
  return local.length >= 20 && (local.match(/\d+/g)?.length ?? 0) >= 4 && !/[._-][a-z]{4,}/.test(local)
}

/** By what stands around it on one line: some 80 characters before and 20 after. The local part as written. */
export function trapAround(before: string, local: string, after: string): Trap | undefined {
  return (
    trapInNeighbours(before, local, after) ??
    trapInWords(before) ??
    (listFragment.test(local) ? 'list-fragment' : undefined)
  )
}

const listFragment = /^-(?:request|owner|bounces?|admin|subscribe|unsubscribe|join|leave)$/i

/** By the characters that touch it. */
function trapInNeighbours(before: string, local: string, after: string): Trap | undefined {
  const previous = before.at(-1) ?? ''
  switch (after.charAt(0)) {
    case '@':
      return 'handle'
    case ':':
      if (/^:[~/\w.$]/.test(after)) return 'remote-path'
      break
    case '(':
      // "jane@acme.com(Jane)" names somebody, "jane@acme.co.jp（代表）" an office
      if (!/^\((?:\p{Lu}\p{Ll}+[\s)]|[^\0-\x7f])/u.test(after) && !isRole(local.toLowerCase())) return 'code'
      break
    case '.':
      if (/^\.\w+\(/.test(after)) return 'code'
      break
    case "'":
    case '\u2019':
      if (after.startsWith('s password', 1)) return 'remote-login'
      break
    case ' ':
      if (previous === '[' && /^ [^\]]*\][#$%]/.test(after)) return 'remote-login'
      break
    default:
  }
  if (previous === '' || previous === ' ') return undefined
  if (previous === '@') return 'handle'
  // "joe:password@acme.com", where the scheme is left out
  if (previous === ':' && /^pass(?:word|wd|wort)?$/i.test(local)) return 'user-info'
  if (previous === '!') return 'hostmask'
  if (/(?:^|[\s"'(<[])#$/.test(before)) return 'channel'
  if ('$~{}%\\^`'.includes(previous) || /%\(\w{1,40}\)$/.test(before)) return 'template'
  return '/:=?&;#.,-+'.includes(previous) ? trapInUrl(before, previous) : undefined
}

/** By the run of characters that it ends. */
function trapInUrl(before: string, previous: string): Trap | undefined {
  const token = /[^\s"'<>()[\],]*$/.exec(before)![0]
  const scheme = token.lastIndexOf('://')
  if (scheme >= 0) {
    if (!/[/?#]/.test(token.slice(scheme + 3))) return 'user-info'
    return /[?&;](?:e-?mail|mail|to|cc|bcc|recipient|address)=$/i.test(token) ? undefined : 'url-path'
  }
  if (previous !== '/' || token.includes('@', 1)) return undefined
  return /^[/.@~]|www\.|\.[a-z]{2,}\//i.test(token) ? 'url-path' : undefined
}

/** By the words before it. */
function trapInWords(before: string): Trap | undefined {
  if (!tellingWords.test(before)) return undefined
  if (
    /\b(?:xmpp|jabber|sips?|acct|skype|im|irc|matrix|mastodon|fediverse|ssh|sftp|ftp|git|svn|rsync):\s*$/i.test(before)
  )
    return 'other-protocol'
  if (messageIdBefore.test(before)) return 'message-id'
  return isRemoteLogin(before) ? 'remote-login' : undefined
}

/** Quickly no: nearly all text has none of them. */
const tellingWords =
  /\b(?:ssh|scp|sftp|mosh|rsync|sshfs|autossh|slogin|rlogin|rsh|ssh-copy-id)\s|:\s*$|\b(?:message-?ids?|in-reply-to|references|msgid|mid)\b/i

/** "Message-ID: <", "References: ", "the Message-ID header is <": with a sign of a value, for the words are used alone as well. */
const messageIdBefore =
  /\b(?:message-?ids?|in-reply-to|references|msgid|mid)(?:\s+(?:header|field|line|value))?\s*(?:[:=]\s*(?:(?:of|is|was|like|reads?|such as)\s+)?(?:<[^<>\s]*>,?\s*)*["'`(]?<?|(?:(?:of|is|was|like|reads?|such as)\s+)?["'`(]?<)$/i

/** `ssh -p 22 user@host`, `scp file user@host`: a command, its options, and nothing that ends a sentence between. */
function isRemoteLogin(before: string): boolean {
  const words = before.trimEnd().split(/\s+/).slice(-6).reverse()
  for (const [i, word] of words.entries()) {
    if (/^[`"'(]*(?:ssh|scp|sftp|mosh|rsync|sshfs|autossh|ssh-copy-id|slogin|rlogin|rsh)$/.test(word)) {
      const between = words.slice(0, i).reverse()
      return between.every(
        (argument, at) =>
          argument.startsWith('-') || between[at - 1]?.startsWith('-') || /^(?:scp|rsync|sshfs)$/.test(word),
      )
    }
    if (/[.,;:!?]$/.test(word)) return false
  }
  return false
}
