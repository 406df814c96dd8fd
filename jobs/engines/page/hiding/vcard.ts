import { oneLine } from '../spelling/letters.ts'
import type { PersonFacts } from './discovery.ts'
import { decodePercent } from './encodings.ts'

export interface Vcard {
  emails: string[]
  person: PersonFacts
  /** Place of the card in the text. */
  start: number
}

/** The cards in a text (RFC 6350, and versions 2.1 and 3.0 before it), whatever stands around them. */
export function readVcards(text: string): Vcard[] {
  const cards: Vcard[] = []
  const edge = /(?:BEGIN|END):VCARD/gi
  let start = -1
  for (let match = edge.exec(text); match !== null || start >= 0; match = edge.exec(text)) {
    const end = match?.index ?? text.length
    if (start >= 0) cards.push(readCard(text.slice(start, Math.min(end, start + longestCard)), start))
    if (match === null) break
    start = /^b/i.test(match[0]) ? end + match[0].length : -1
  }
  return cards
}

const longestCard = 20_000

function readCard(text: string, start: number): Vcard {
  const emails: string[] = []
  const person: PersonFacts = {}
  // a line that begins with white space goes on the one before; so does one after "=" in quoted-printable
  const lines = text
    .replace(/\r?\n[ \t]/g, '')
    .replace(/=\r?\n/g, '')
    .split(/\r?\n|\\n(?=[A-Z-]+[:;])/)
  for (const line of lines) {
    const property = /^(?:[\w-]+\.)?([A-Z-]+)((?:;[^:]*)?):(.*)$/i.exec(line)
    if (property === null) continue
    const value = readValue(property[3]!, property[2]!)
    if (value === '') continue
    switch (property[1]!.toUpperCase()) {
      case 'EMAIL':
        emails.push(value.replace(/^mailto:/i, ''))
        break
      case 'FN':
        person.personName = value
        break
      case 'N': {
        const [family, given] = value.split(';')
        person.personName ??= oneLine(`${given ?? ''} ${family ?? ''}`)
        break
      }
      case 'TITLE':
        person.position = value
        break
      case 'ROLE':
        person.position ??= value
        break
      case 'TEL':
        person.phone ??= value.replace(/^tel:/i, '')
        break
      case 'ORG':
        person.organisation = oneLine(value.split(';')[0]!)
        break
      default:
    }
  }
  // a card of a firm names it twice
  if (person.personName === person.organisation) delete person.personName
  return { emails, person, start }
}

function readValue(raw: string, parameters: string): string {
  const value = /quoted-printable/i.test(parameters) ? decodePercent(raw.replace(/=([\da-f]{2})/gi, '%$1')) : raw
  return oneLine(value.replace(/\\[nN]/g, ' ').replace(/\\([,;\\])/g, '$1'))
}
