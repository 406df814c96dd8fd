import { defineAsyncComponent } from 'vue'
import type { Component } from 'vue'

const retryMs = 2_000

/** A component in a chunk of its own. While the server is away it is tried again and nothing is shown in its place. */
export function lazily(load: () => Promise<{ default: Component }>): Component {
  return defineAsyncComponent({
    loader: load,
    suspensible: false,
    onError: (_error, retry) => void setTimeout(retry, retryMs),
  })
}
