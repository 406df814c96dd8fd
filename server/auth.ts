import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

import type { Viewer } from '../schema/live-feed.ts'

const cookieName = 'mailquarry_session'
const cookieDays = 30
const triesPerMinute = 10

/** Whose all jobs are until there are accounts. */
export const localOwner = 'local'

export type LoginResult = { cookie: string } | 'wrong' | 'too many tries'

export interface Auth {
  /** Whether a token has to be shown at all. */
  required: boolean
  /** Who sends a request, by `Authorization: Bearer` or the cookie; undefined where neither will do. */
  viewer(headers: Pick<IncomingHttpHeaders, 'authorization' | 'cookie'>): Viewer | undefined
  /** Changes the token for a cookie, 10 tries a minute and address. `secure`: the browser came by https. */
  logIn(token: string, from: { address: string; secure: boolean }): LoginResult
  /** The cookie that ends a session. */
  logOutCookie: string
}

/**
 * With a token, everybody has to show it; without one (which is allowed on loopback alone) everybody is let in. The cookie holds not
 * the token but a value that only the token's owner can make, so that it ends when the token is changed.
 */
export function createAuth(apiToken: string | undefined): Auth {
  const viewer: Viewer = { owner: localOwner }
  const session = apiToken && createHmac('sha256', apiToken).update('mailquarry session').digest('base64url')
  const tries = new Map<string, { count: number; until: number }>()
  return {
    required: Boolean(apiToken),
    viewer({ authorization, cookie }) {
      if (!apiToken || !session) return viewer
      const bearer = /^Bearer +(\S+)\s*$/i.exec(authorization ?? '')?.[1]
      if (bearer !== undefined && equal(bearer, apiToken)) return viewer
      const kept = cookieNamed(cookieName, cookie)
      return kept !== undefined && equal(kept, session) ? viewer : undefined
    },
    logIn(token, { address, secure }) {
      const now = Date.now()
      for (const [key, { until }] of tries) if (until < now) tries.delete(key)
      const tried = tries.get(address) ?? { count: 0, until: now + 60_000 }
      if (tried.count >= triesPerMinute) return 'too many tries'
      if (!apiToken || !session || !equal(token, apiToken)) {
        tries.set(address, { ...tried, count: tried.count + 1 })
        return 'wrong'
      }
      return { cookie: setCookie(session, cookieDays * 86_400, secure) }
    },
    logOutCookie: setCookie('', 0, false),
  }
}

function setCookie(value: string, maxAgeSeconds: number, secure: boolean): string {
  return `${cookieName}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`
}

function cookieNamed(name: string, header: string | undefined): string | undefined {
  for (const part of (header ?? '').split(';')) {
    const [key, value] = part.trim().split('=', 2)
    if (key === name) return value
  }
  return undefined
}

/** Takes the same time whatever the difference, and whatever the lengths. */
function equal(given: string, secret: string): boolean {
  return timingSafeEqual(digest(given), digest(secret))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
