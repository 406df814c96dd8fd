import { defineAsyncComponent } from 'vue'
import type { Component } from 'vue'

const retryMs = 2_000

/**
 * A component in a chunk of its own. While the server is away it is tried again and nothing is shown in its place; where the app was
 * built anew since this page was loaded, its chunks have other names, and the page is loaded anew.
 */
export function lazily(load: () => Promise<{ default: Component }>): Component {
  return defineAsyncComponent({
    loader: load,
    suspensible: false,
    async onError(_error, retry) {
      if (await isBuiltAnew()) location.reload()
      else setTimeout(retry, retryMs)
    },
  })
}

/** Whether the server gives another build than the one that runs here. False while it is away. */
async function isBuiltAnew(): Promise<boolean> {
  const entry = document.querySelector('script[type=module][src]')?.getAttribute('src')
  const response = await fetch('/', { cache: 'no-store' }).catch(() => undefined)
  if (!entry || !response?.ok) return false
  const page = await response.text().catch(() => entry)
  return !page.includes(entry)
}
