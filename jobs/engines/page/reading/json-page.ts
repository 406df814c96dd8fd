import { PageContent } from './page-content.ts'

/** A body of JSON; one that does not parse is left for a look as a script would be. */
export function readJsonPage(body: string, type: string): PageContent {
  const content = new PageContent(body, true)
  content.addScript(type.includes('ld+json') ? 'application/ld+json' : 'application/json', body)
  return content
}
