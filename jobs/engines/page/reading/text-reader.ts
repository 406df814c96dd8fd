import { urlsInText } from '../links.ts'
import { PageContent } from './page-content.ts'
import { marksOf } from './text-marks.ts'

/** Reads plain text: every line is a block. */
export function readPlainText(body: string): PageContent {
  const content = new PageContent(body, true)
  for (let start = 0; start < body.length;) {
    const end = body.indexOf('\n', start)
    const stop = end < 0 ? body.length : end
    content.text.add(start, stop, false, false, marksOf(body.slice(start, stop)))
    content.text.endBlock(0)
    start = stop + 1
  }
  if (body.includes('BEGIN:VCARD')) content.addSource({ way: 'vcard', value: body })
  for (const url of urlsInText(body)) content.addLink(url)
  return content
}
