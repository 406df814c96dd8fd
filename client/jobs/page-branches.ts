import { readable } from '../ui/readable-domain.ts'
import { wordsOfEnum } from './job-words.ts'
import type { ErrorCategory } from './job-words.ts'

/** What a branch is called in its level: the host, `team/`, `ann.html`. The page of a folder itself is `/`. */
export function nameOfBranch({ host, path, page }: { host: string; path: string; page: unknown }): string {
  if (path === '') return readable(host)
  const queryAt = path.indexOf('?')
  const ways = queryAt === -1 ? path : path.slice(0, queryAt)
  if (!page) return decoded(ways.slice(ways.lastIndexOf('/', ways.length - 2) + 1))
  return decoded(path.slice(ways.lastIndexOf('/') + 1)) || '/'
}

/** What went wrong with a page, or why it was left out; '' where nothing was. */
export function problemOfPage(page: { errorCategory: ErrorCategory | null; errorMessage: string | null }): string {
  const { errorCategory, errorMessage } = page
  return readable([errorCategory && wordsOfEnum(errorCategory), errorMessage].filter(Boolean).join(': '))
}

function decoded(name: string): string {
  try {
    return decodeURI(name)
  } catch {
    return name
  }
}
