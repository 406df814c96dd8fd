import { isFreeProvider } from './mail-providers.ts'

/**
 * The popular domain that was meant, where this one differs from it by one slip of the fingers; undefined where it does not, or is
 * known itself. Deliberately blind to all other likeness: `email.com`, `hotmails.com` and `proton.com` are somebody's. A-labels, lower
 * case.
 */
export function meantDomain(domain: string): string | undefined {
  if (isFreeProvider(domain) || realNeighbours.has(domain)) return undefined
  const dot = domain.indexOf('.')
  const name = domain.slice(0, dot)
  const ending = domain.slice(dot + 1)
  if (name === 'gmail' && notGmail.has(ending)) return 'gmail.com'
  for (const [meant, endings] of popular) {
    if (name === meant) {
      const right = endings.find((each) => endingSlips[each]?.has(ending))
      if (right !== undefined) return `${meant}.${right}`
    } else if (endings.includes(ending) && (isSlip(name, meant) || seen[name] === meant)) return `${meant}.${ending}`
  }
  return undefined
}

/** Whether one slip turns the word that was meant into this one: two keys swapped, one missed, one struck twice, or a neighbour struck. */
function isSlip(given: string, meant: string): boolean {
  // Every word of three letters is near to another.
  if (meant.length < 5) return false
  let at = 0
  while (at < meant.length && given[at] === meant[at]) at++
  const rest = meant.slice(at)
  switch (given.length - meant.length) {
    case 0:
      if (given.slice(at) === `${rest[1] ?? ''}${rest[0] ?? ''}${rest.slice(2)}`) return true
      // The first letter is looked at.
      return at > 0 && given.slice(at + 1) === rest.slice(1) && areNeighbours(given[at]!, rest[0]!)
    case -1:
      return given.slice(at) === rest.slice(1) && (at > 0 || meant.length > 6)
    case 1:
      if (given.slice(at + 1) !== rest) return false
      if (given[at] === given[at - 1] || given[at] === rest[0]) return true
      return at > 0 && rest !== '' && (areNeighbours(given[at]!, meant[at - 1]!) || areNeighbours(given[at]!, rest[0]!))
    default:
      return false
  }
}

/** Keys side by side, on the same row or the next, of QWERTY. */
function areNeighbours(a: string, b: string): boolean {
  const [rowA, columnA] = place(a)
  const [rowB, columnB] = place(b)
  // Each row stands half a key further to the right than the one above.
  return (
    rowA >= 0 && rowB >= 0 && Math.abs(rowA - rowB) <= 1 && Math.abs(columnA + rowA / 2 - (columnB + rowB / 2)) <= 1
  )
}

function place(key: string): [row: number, column: number] {
  const row = keyboard.findIndex((keys) => keys.includes(key))
  return [row, row < 0 ? -1 : keyboard[row]!.indexOf(key)]
}

const keyboard = ['1234567890-', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm']

/** What people have at least a hundred times as often as anything one slip away, and whose name no other word is near to. */
const popular: readonly (readonly [name: string, endings: readonly string[]])[] = [
  ['gmail', ['com']],
  ['googlemail', ['com']],
  ['yahoo', ['com', 'co.uk', 'fr', 'de', 'it', 'es', 'ca', 'co.in', 'co.jp', 'com.br', 'com.au', 'com.mx', 'com.ar']],
  ['hotmail', ['com', 'co.uk', 'fr', 'de', 'it', 'es', 'com.br', 'com.ar']],
  ['outlook', ['com', 'fr', 'de', 'it', 'es', 'com.br']],
  ['icloud', ['com']],
  ['protonmail', ['com']],
  ['rocketmail', ['com']],
  ['rediffmail', ['com']],
  ['btinternet', ['com']],
  ['comcast', ['net']],
  ['verizon', ['net']],
  ['sbcglobal', ['net']],
  ['bellsouth', ['net']],
  ['earthlink', ['net']],
  ['t-online', ['de']],
  ['freenet', ['de']],
  ['wanadoo', ['fr']],
  ['laposte', ['net']],
  ['virgilio', ['it']],
  ['yandex', ['ru']],
  ['seznam', ['cz']],
  ['aol', ['com']],
  ['msn', ['com']],
]

/** Endings that a slip makes of the right one. Some are countries' (Colombia, Cameroon, Oman): there, only these names count as slips. */
const endingSlips: Record<string, ReadonlySet<string>> = {
  com: new Set('co cm om cmo ocm con comm coom ccom cim cpm clm vom xom dom fom cok con.com com.com'.split(' ')),
  net: new Set('ne et nt nte ent nett neet nnet met bet ner ney'.split(' ')),
}

/** Google gives mailboxes at gmail.com and googlemail.com alone. */
const notGmail = new Set('fr de it es nl be ca ch at net org co.uk com.br com.mx com.ar'.split(' '))

/** Misspellings of more than one slip that mail to the popular ones often has. */
const seen: Record<string, string> = {
  gamail: 'gmail',
  gmeil: 'gmail',
  hotmeil: 'hotmail',
  hotamail: 'hotmail',
  yahou: 'yahoo',
  outlock: 'outlook',
  iclould: 'icloud',
}

/** One slip away, and somebody's: gail.com has a page for those who meant another. */
const realNeighbours = new Set(['gail.com'])
