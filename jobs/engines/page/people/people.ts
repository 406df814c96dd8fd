import { localPartKind } from '../../address/local-part.ts'
import type { PersonFacts } from '../hiding/discovery.ts'
import type { PageText } from '../reading/page-text.ts'
import { likeness, looksLikeName, bareName } from './person-name.ts'

/**
 * Who reads an address, by what stands beside it: a heading, a line or a cell of the same card that is a name and fits the local part; then, in
 * the same card, what sounds like a position and what looks like a phone number. Nothing is guessed where no name fits.
 */
export class People {
  private readonly text: PageText
  /** Blocks in which an address stands: a card does not reach beyond the next. */
  private readonly withAddress: ReadonlySet<number>
  private readonly texts = new Map<number, string>()

  constructor(text: PageText, withAddress: ReadonlySet<number>) {
    this.text = text
    this.withAddress = withAddress
  }

  /** `near` is what stands around the address, for blocks that are too long to be one card. */
  at(block: number, local: string, near: string): PersonFacts {
    const kind = localPartKind(local)
    if (block < 0 || block >= this.text.blockCount || kind === 'no-reply' || kind === 'machine') return {}
    const own = this.read(block)
    const inside = nameIn(own.length > longestOwn ? near : own, local)
    if (inside !== undefined) return this.facts(inside, block, block)
    for (let i = block - 1; i >= Math.max(0, block - reach); i--) {
      const text = this.read(i)
      const name = text.length <= longestCardLine ? nameIn(text, local) : undefined
      if (name !== undefined) return this.facts(name, i, block)
      if (this.withAddress.has(i)) break
    }
    for (let i = block + 1; i <= Math.min(this.text.blockCount - 1, block + 2); i++) {
      if (this.withAddress.has(i)) break
      const text = this.read(i)
      const name = text.length < 60 ? nameIn(text, local) : undefined
      if (name !== undefined && likeness(name, local) === 2) return this.facts(name, i, i)
    }
    return {}
  }

  private facts(personName: string, from: number, to: number): PersonFacts {
    const facts: PersonFacts = { personName }
    const last = Math.min(this.text.blockCount - 1, to + 3)
    for (let i = from; i <= last; i++) {
      // behind the address another card may begin
      if (i > to && (this.withAddress.has(i) || looksLikeName(bareName(this.read(i))))) break
      const text = this.read(i)
      if (facts.position === undefined && i <= to + 1) {
        const position = positionIn(text, personName)
        if (position !== undefined) facts.position = position
      }
      facts.phone ??= phoneIn(text)
      if (facts.phone === undefined) delete facts.phone
    }
    return facts
  }

  private read(block: number): string {
    let text = this.texts.get(block)
    if (text === undefined) {
      text = this.text.read(block)
      this.texts.set(block, text)
    }
    return text
  }
}

/** How many blocks before the address its card may begin. */
const reach = 7
const longestCardLine = 160
const longestOwn = 1000

function nameIn(text: string, local: string): string | undefined {
  if (!mayFit(text, local)) return undefined
  if (text.length > longestCardLine) return nameInSentence(text, local)
  let best: string | undefined
  for (const piece of text.split(/\s[–—|-]\s|[,|•·:;()<>/]|\s{2,}/)) {
    const name = bareName(piece)
    if (!looksLikeName(name)) continue
    const fit = likeness(name, local)
    if (fit === 2) return name
    if (fit === 1) best ??= name
  }
  // "Doe, Jane"
  const turned = /^(\p{Lu}[\p{L}'’-]+),\s+(\p{Lu}[\p{L}'’. -]+)$/u.exec(text)
  if (best === undefined && turned && likeness(`${turned[2]} ${turned[1]}`, local) === 2)
    return `${turned[2]!} ${turned[1]!}`
  return best ?? nameInSentence(text, local)
}

/** Quickly no: whether three letters of the local part stand in the text, as they must for any name longer than two letters. */
function mayFit(text: string, local: string): boolean {
  const letters = local.replace(/[^\p{L}]/gu, '')
  if (letters.length < 5) return true
  const lower = text.toLowerCase()
  for (let i = 0; i + 3 <= letters.length; i++) if (lower.includes(letters.slice(i, i + 3))) return true
  return false
}

/** "please write to Jane Doe (jane.doe@acme.com)": the last words before the address that begin large. */
function nameInSentence(text: string, local: string): string | undefined {
  const at = text.toLowerCase().indexOf(`${local}@`)
  const before = at < 0 ? text.slice(0, longestCardLine) : text.slice(Math.max(0, at - 80), at)
  let found: string | undefined
  for (const [words] of before.matchAll(
    /\p{Lu}[\p{L}'’.-]*(?: (?:(?:von|van|de|der|den|del|di|da|la|le) ){0,2}\p{Lu}[\p{L}'’-]*\.?){1,4}/gu,
  )) {
    const parts = words.split(' ')
    // a sentence, too, begins large: "Contact Jane Doe"; but "J. Jane Doe" is all name
    for (let from = parts.length - 2; from >= 0; from--) {
      while (from > 0 && /^\p{Lu}\.$/u.test(parts[from - 1]!)) from--
      const name = bareName(parts.slice(from).join(' '))
      if (looksLikeName(name) && likeness(name, local) === 2) {
        found = name
        break
      }
    }
  }
  return found
}

function positionIn(text: string, name: string): string | undefined {
  const rest = text.length <= longestCardLine ? text.replace(name, '|') : ''
  for (const piece of rest.split(/\s[–—|-]\s|[|•·;()<>\n]|,\s|:\s/)) {
    const position = piece.replace(/^[\s,|–—-]+|[\s,|–—-]+$/g, '')
    if (
      position.length < 2 ||
      position.length > 80 ||
      /[@\d]/.test(position) ||
      /^(?:e-?mail|tel|telefon|phone|fax|mobile?)\b/i.test(position)
    )
      continue
    if (positions.test(position)) return position
  }
  return undefined
}

const positions =
  /(?:^|[\s/&-])(?:ceo|cto|cfo|coo|cio|cmo|vp|hr|manager(?:in)?|managing|director|head|chief|officer|president|chair(?:man|woman|person)?|founder|co-founder|partner|owner|engineer|developer|architect|designer|consultant|advisor|analyst|assistant|secretary|professor|lecturer|researcher|scientist|teacher|trainer|coach|editor|author|journalist|lawyer|attorney|counsel|accountant|specialist|coordinator|administrator|representative|agent|supervisor|technician|nurse|physician|doctor|surgeon|dentist|therapist|sales|marketing|support|receptionist|intern|treasurer|librarian|producer|curator|principal|dean|fellow|leiter(?:in)?|leitung|geschäftsführ(?:er|erin|ung)|vorstand|vorsitzende[r]?|referent(?:in)?|sachbearbeiter(?:in)?|berater(?:in)?|entwickler(?:in)?|assisten(?:t|tin|z)|sekretariat|vertrieb|einkauf|inhaber(?:in)?|redakteur(?:in)?|rechtsanwalt|rechtsanwältin|steuerberater(?:in)?|techniker(?:in)?|ingenieur(?:in)?|mitarbeiter(?:in)?|direct(?:eur|rice)|responsable|chef(?:fe)?|gérant[e]?|président[e]?|ingénieur[e]?|secrétaire|comptable|commercial[e]?|conseill(?:er|ère)|director[ae]?|gerente|jef[ae]|presidente|secretari[oa]|asesor[a]?|responsabile|direttore|direttrice|amministratore|segretari[oa]|consulente|diretor[a]?|coordenador[a]?|kierownik|dyrektor|prezes|specjalista|manažer|ředitel|jednatel|direktør|leder|chef|vd|johtaja|directeur|medewerker|adviseur|voorzitter|eigenaar|hoofd|docent|operator|planner|buyer|writer|photographer|broker|realtor|banker|controller|strategist|recruiter|instructor|tutor|clerk|bookkeeper|paralegal|solicitor|barrister|notary|judge|mayor|councillor|pastor|vicar|rector|provost|registrar|driver|mechanic|electrician|assistante|chargée?|adjointe?|rédact(?:eur|rice)|avocate?|associée?|fondat(?:eur|ore|rice)|abogad[oa]|ingenier[oa]|profesora?|coordinadora?|técnic[oa]|vendedora?|contable|avvocat[oa]|ingegnere|titolare|soci[oa]|professor(?:e|essa|a)|engenheir[oa]|advogad[oa]|księgow[ay]|asystent(?:ka)?|doradca|inżynier|prezeska|adwokat|asistent(?:ka)?|účetní|obchodník|vedoucí|säljare|ekonom|projektledare|ordförande|formand|konsulent|sekretær|rådgiver|toimitusjohtaja|päällikkö|sihteeri|asiantuntija|ügyvezető|igazgató|müdür|avukat|директор|менеджер|бухгалтер|руководитель|инженер|юрист)(?:$|[\s,/&.-])/iu

/**
 * The first thing in a line that is a phone number: seven to fifteen digits (E.164) that begin as numbers do where people give them, or that a
 * label names. No date, no span of years, no piece of a hash.
 */
function phoneIn(line: string): string | undefined {
  const text = line.slice(0, 400)
  for (const match of text.matchAll(
    /(?<![\p{L}\d.@/_-])(?:\+|\(\+?)?\d[\d\s()./\u2011\u2013-]{5,22}\d(?![\p{L}\d@_])/gu,
  )) {
    const [number] = match
    const digits = number.replace(/\D/g, '')
    if (
      digits.length < 7 ||
      digits.length > 15 ||
      /(?:19|20)\d{2}\s?[-–/.]\s?\d{1,2}(?:\D|$)|\d{1,2}[./]\d{1,2}[./](?:19|20)\d{2}/.test(number)
    )
      continue
    const labelled = /(?:tel|fon|phone|mobil|cell|handy|call|gsm|teléf|téléph|тел)\S{0,8}[\s:.]*$/iu.test(
      text.slice(0, match.index),
    )
    if (labelled || /^(?:\+|\(?\+|0[1-9]|\(0)/.test(number) || /^\(?\d{3}\)?[\s.-]\d{3}[\s.-]\d{4}$/.test(number))
      return number.trim()
  }
  return undefined
}
