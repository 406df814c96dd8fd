import { useQuery } from '@urql/vue'
import { computed } from 'vue'
import type { ComputedRef, MaybeRef, Ref, ShallowRef } from 'vue'
import { useRouter } from 'vue-router'

import { graphql } from '../graphql.ts'
import { useCreateJob } from './use-create-job.ts'
import type { StartFailure } from './use-create-job.ts'

const SampleSite = graphql(`
  query SampleSite {
    sampleSite {
      url
    }
  }
`)

/** Where the web site that comes with the app is served; undefined where it is not, or as long as `asking` is true. */
export function useSampleUrl(pause: MaybeRef<boolean> = false): {
  sampleUrl: ComputedRef<string | undefined>
  asking: Ref<boolean>
} {
  const { data, fetching } = useQuery({ query: SampleSite, pause, requestPolicy: 'cache-first' })
  return { sampleUrl: computed(() => data.value?.sampleSite?.url), asking: fetching }
}

/** Starts a crawl of the sample site and shows its job; false where it did not start: `failure` says why. */
export function useSampleCrawl(url: Ref<string | undefined>): {
  crawl: () => Promise<boolean>
  starting: Ref<boolean>
  failure: ShallowRef<StartFailure | undefined>
} {
  const router = useRouter()
  const { start, starting, failure } = useCreateJob({ persistKey: 'last' })
  async function crawl() {
    const id = await start('SCRAPE_EMAILS', { startUrls: [url.value] })
    if (id === undefined) return false
    await router.push({ name: 'job', params: { id } })
    return true
  }
  return { crawl, starting, failure }
}
