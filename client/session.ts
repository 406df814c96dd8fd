import { inject, readonly, ref } from 'vue'
import type { InjectionKey, Ref } from 'vue'

/** Whether the server lets this browser in. The cookie itself is out of the page's reach. */
export interface Session {
  locked: Readonly<Ref<boolean>>
  /** Rises at each login, so that what failed before is asked for again. */
  logins: Readonly<Ref<number>>
  lock: () => void
  /** Sends the token; the cookie comes with the answer. Returns what went wrong, in words for the user, or undefined. */
  logIn: (token: string) => Promise<string | undefined>
}

export const sessionKey: InjectionKey<Session> = Symbol('session')

export function createSession(loginUrl = '/login'): Session {
  const locked = ref(false)
  const logins = ref(0)
  return {
    locked: readonly(locked),
    logins: readonly(logins),
    lock: () => void (locked.value = true),
    async logIn(token) {
      let response: Response
      try {
        response = await fetch(loginUrl, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ token }),
        })
      } catch {
        return 'The server cannot be reached. Is it running?'
      }
      if (response.status === 401 || response.status === 403) return 'This token is not accepted.'
      if (response.status === 429) return 'Too many tries. Wait a minute, then try again.'
      if (!response.ok) return `The server answered ${response.status}.`
      locked.value = false
      logins.value++
      return undefined
    },
  }
}

export function useSession(): Session {
  const session = inject(sessionKey)
  if (!session) throw new Error('No session was provided')
  return session
}
