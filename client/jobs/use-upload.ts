import { computed, onScopeDispose, readonly, ref, shallowRef, watch } from 'vue'
import type { ComputedRef, Ref } from 'vue'

import { useOnReconnect } from '../connection.ts'
import { useStored, asRecord } from '../ui/stored.ts'
import { uploadFailure } from './upload-failure.ts'
import { findUploadedFile, removeUploadedFile } from './uploaded-file.ts'
import type { UploadedFile } from './uploaded-file.ts'

/** `waiting`: the line is cut, and it goes on by itself; `failed`: not without somebody's doing. */
export type UploadPhase = 'none' | 'sending' | 'paused' | 'waiting' | 'done' | 'failed'

export interface FileUpload {
  phase: Readonly<Ref<UploadPhase>>
  name: ComputedRef<string>
  sizeBytes: ComputedRef<number>
  sentBytes: Readonly<Ref<number>>
  /** In words for people, while `failed`. */
  problem: Readonly<Ref<string>>
  /** A file that was being sent when this page was left: chosen again, it goes on from where it was. */
  unfinished: ComputedRef<UploadedFile | undefined>
  send(file: File): Promise<void>
  /** Lets go of a file that can never be taken, as `remove` does, and says why. */
  refuse(why: string): void
  pause(): void
  goOn(): void
  /** Forgets the file, here and on the server unless a job uses it. */
  remove(): void
}

/** Each counts on the server once it is there: what is sent again after a cut is at most one of them. */
const chunkBytes = 8 * 1_024 * 1_024
const waitMs = 2_000

/**
 * Sends a file to /upload by tus, over cut lines, restarts of the server and reloads of the page. `id` is the id of the complete
 * upload, kept by the caller; empty: there is none.
 */
export function useUpload(id: Ref<string>, persistKey: string): FileUpload {
  const phase = ref<UploadPhase>(id.value ? 'done' : 'none')
  const sentBytes = ref(0)
  const problem = ref('')
  const shown = shallowRef<UploadedFile>()
  const started = useStored<UploadedFile | undefined>(`mailquarry.upload.${persistKey}`, parseFile)
  let upload: import('tus-js-client').Upload | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  async function send(file: File) {
    stop()
    id.value = ''
    problem.value = ''
    sentBytes.value = 0
    const { name, size: sizeBytes } = file
    shown.value = { name, sizeBytes }
    if (sizeBytes === 0) return fail(`“${name}” is empty.`)
    phase.value = 'sending'
    const { Upload } = await import('tus-js-client')
    const mine = new Upload(file, {
      endpoint: '/upload',
      chunkSize: chunkBytes,
      retryDelays: null,
      removeFingerprintOnSuccess: true,
      metadata: { filename: name, filetype: file.type || 'text/csv' },
      onProgress: (sent) => void (upload === mine && (sentBytes.value = sent)),
      onSuccess() {
        if (upload !== mine) return
        upload = undefined
        phase.value = 'done'
        started.value = undefined
        id.value = idOf(mine.url)
      },
      onError: (error) => upload === mine && onError(error),
    })
    upload = mine
    const [earlier] = await mine.findPreviousUploads()
    if (earlier) mine.resumeFromPreviousUpload(earlier)
    started.value = shown.value
    if (upload === mine) mine.start()
  }

  function onError(error: Error) {
    const failure = uploadFailure(error)
    if (failure !== undefined) return fail(failure)
    phase.value = 'waiting'
    timer = setTimeout(goOn, waitMs)
  }
  function fail(words: string) {
    phase.value = 'failed'
    problem.value = words
  }

  function goOn() {
    clearTimeout(timer)
    if (!upload) return
    problem.value = ''
    phase.value = 'sending'
    upload.start()
  }
  function pause() {
    clearTimeout(timer)
    phase.value = 'paused'
    void upload?.abort()
  }
  function stop() {
    clearTimeout(timer)
    const left = upload
    upload = undefined
    void left?.abort()
  }
  function letGo() {
    const url = upload?.url ?? (id.value ? `/upload/${id.value}` : undefined)
    stop()
    if (url) removeUploadedFile(url)
    id.value = ''
    started.value = undefined
  }
  function remove() {
    letGo()
    phase.value = 'none'
    shown.value = undefined
  }
  function refuse(why: string) {
    letGo()
    fail(why)
  }

  /** What the server knows of the file that the form names, as after a reload. */
  async function look() {
    const sought = id.value
    const file = await findUploadedFile(sought)
    // Meanwhile another file may have been chosen, or this one taken out.
    if (!file || id.value !== sought) return
    if (file === 'gone') {
      id.value = ''
      return fail('The file that was here is no longer on the server. Choose it again.')
    }
    shown.value = file
  }
  if (id.value) void look()
  // A form that is cleared lets go of its file.
  watch(id, (now) => {
    if (now === '' && phase.value === 'done') phase.value = 'none'
  })
  useOnReconnect(() => {
    if (phase.value === 'waiting') goOn()
    if (phase.value === 'done' && !shown.value) void look()
  })
  onScopeDispose(stop)

  return {
    phase: readonly(phase),
    name: computed(() => shown.value?.name ?? 'The uploaded file'),
    sizeBytes: computed(() => shown.value?.sizeBytes ?? 0),
    sentBytes: readonly(sentBytes),
    problem: readonly(problem),
    unfinished: computed(() => (phase.value === 'none' ? started.value : undefined)),
    send,
    refuse,
    pause,
    goOn,
    remove,
  }
}

function idOf(url: string | null): string {
  return url?.split('/').at(-1) ?? ''
}

function parseFile(found: unknown): UploadedFile | undefined {
  const { name, sizeBytes } = asRecord(found)
  return typeof name === 'string' && typeof sizeBytes === 'number' ? { name, sizeBytes } : undefined
}
