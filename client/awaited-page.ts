import { inject, readonly, shallowRef } from 'vue'
import type { InjectionKey, Ref } from 'vue'
import type { Router } from 'vue-router'

import type { Connection } from './connection.ts'
import { readStored, writeStored } from './ui/stored.ts'

/** The address that was loaded anew because its chunk was missing: twice would be a circle. */
const triedKey = 'mailquarry.tried'

interface Page {
  fullPath: string
  meta: { title?: string }
}

/** A page that was asked for and cannot be shown yet. Meanwhile the page before it stays. */
export interface AwaitedPage {
  page: Readonly<Ref<Page | undefined>>
  tryAgain: () => void
  stayHere: () => void
}

export const awaitedPageKey: InjectionKey<AwaitedPage> = Symbol('awaited page')

/**
 * Has pages whose chunk cannot be had loaded in full: the server has been built anew since, or is away; then the page comes as soon as the server
 * is back.
 */
export function awaitPages(routes: Router, connection: Connection): AwaitedPage {
  const awaited = shallowRef<Page>()

  async function load() {
    const page = awaited.value
    // Asked before: where nobody answers, the browser would put its own page in the place of ours.
    if (!page || !(await answers(connection)) || page !== awaited.value) return
    writeStored(triedKey, page.fullPath)
    location.assign(page.fullPath)
  }

  routes.onError((_error, to, from) => {
    // Somebody who has gone elsewhere meanwhile does not wait for it any more.
    if (routes.currentRoute.value.fullPath !== from.fullPath) return
    awaited.value = to
    if (readStored(triedKey) !== to.fullPath) void load()
  })
  routes.afterEach(() => {
    awaited.value = undefined
    writeStored(triedKey, undefined)
  })
  connection.onReconnect(() => void load())
  return {
    page: readonly(awaited),
    tryAgain: () => void load(),
    stayHere: () => void (awaited.value = undefined),
  }
}

function answers(connection: Connection): Promise<boolean> {
  return connection.fetch('/healthz', { cache: 'no-store' }).then(
    ({ ok }) => ok,
    () => false,
  )
}

export function useAwaitedPage(): AwaitedPage {
  const awaited = inject(awaitedPageKey)
  if (!awaited) throw new Error('Nothing awaits pages')
  return awaited
}
