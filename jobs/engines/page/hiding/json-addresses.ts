import type { Method } from '../found-email.ts'
import type { Admission } from '../spelling/admission.ts'
import { oneLine } from '../spelling/letters.ts'
import type { PersonFacts, Tell } from './discovery.ts'
import { findInMarkup } from './markup-text.ts'

/**
 * Tells the addresses in a value that came out of JSON, with what the object around each says of its person: schema.org's names (JSON-LD), and
 * those that programs use. Walks without recursion.
 */
export function readJsonAddresses(root: unknown, method: Method, admission: Admission, tell: Tell): void {
  const waiting: Waiting[] = [{ value: root, key: '', person: {}, organisation: undefined, purpose: '' }]
  while (waiting.length > 0) {
    const { value, key, person, organisation, purpose } = waiting.pop()!
    if (typeof value === 'string') readText(value, key, person, purpose)
    else if (Array.isArray(value))
      for (let i = value.length - 1; i >= 0; i--) waiting.push({ value: value[i], key, person, organisation, purpose })
    else if (typeof value === 'object' && value !== null) {
      const object = value as Record<string, unknown>
      const facts = readPerson(object, organisation)
      const around = isOrganisation(object) ? (textAt(object, ['name', 'legalName']) ?? organisation) : organisation
      const contactType = textAt(object, ['contactType'])
      const told = contactType === undefined ? '' : `contactType: ${contactType}, `
      const keys = Object.keys(object)
      for (let i = keys.length - 1; i >= 0; i--) {
        const key = keys[i]!
        if (key.includes('@')) readText(key, '', {}, '')
        waiting.push({ value: object[key], key, person: facts, organisation: around, purpose: told })
      }
    }
  }

  function readText(text: string, key: string, person: PersonFacts, purpose: string): void {
    if (!text.includes('@') && !/[[({]\s?at\s?[\])}]|%40|&#/i.test(text)) return
    const isEmail = /^(?:.*[-_.:])?(?:e?-?mail|e?mail-?address|kontakt-?mail)$/i.test(
      key.replaceAll(/([a-z])([A-Z])/g, '$1-$2'),
    )
    for (const find of findInMarkup(text.length > longestText ? text.slice(0, longestText) : text, admission)) {
      const snippet = find.text.length <= 200 && find.text !== find.written ? find.text : `${key}: ${find.written}`
      tell({
        admitted: find.admitted,
        method: find.method === 'text' ? method : find.method,
        snippet: purpose + snippet,
        ...(isEmail && { person }),
      })
    }
  }
}

interface Waiting {
  value: unknown
  key: string
  person: PersonFacts
  organisation: string | undefined
  /** What the contact is for, as its object says it: no position of a person. */
  purpose: string
}

const longestText = 1_000_000

function readPerson(object: Record<string, unknown>, organisation: string | undefined): PersonFacts {
  const person: PersonFacts = {}
  const given = textAt(object, ['givenName', 'firstName', 'first_name', 'firstname', 'vorname', 'prenom'])
  const family = textAt(object, ['familyName', 'lastName', 'last_name', 'lastname', 'surname', 'nachname', 'nom'])
  const name = textAt(object, ['name', 'fullName', 'full_name', 'fullname', 'displayName', 'display_name'])
  const own = isOrganisation(object)
  const full = given !== undefined && family !== undefined ? `${given} ${family}` : own ? undefined : name
  if (full !== undefined) person.personName = full
  const position = textAt(object, [
    'jobTitle',
    'job_title',
    'position',
    'role',
    'department',
    'funktion',
    'honorificSuffix',
  ])
  // a title is mostly a page's or a book's
  const title =
    full === undefined || !Object.keys(object).some((key) => /mail/i.test(key)) ? undefined : textAt(object, ['title'])
  if (position !== undefined || title !== undefined) person.position = position ?? title
  const phone = textAt(object, ['telephone', 'phone', 'phoneNumber', 'phone_number', 'tel', 'telefon', 'mobile'])
  if (phone !== undefined) person.phone = phone
  const firm =
    (own ? name : undefined) ??
    textAt(object, [
      'worksFor',
      'affiliation',
      'memberOf',
      'parentOrganization',
      'organization',
      'organisation',
      'company',
      'employer',
    ]) ??
    organisation
  if (firm !== undefined) person.organisation = firm
  return person
}

/** The first of these members that is a short text, or an object or list that has one as its name. */
function textAt(object: Record<string, unknown>, keys: string[]): string | undefined {
  for (const key of keys) {
    if (!Object.hasOwn(object, key)) continue
    let value = object[key]
    if (Array.isArray(value)) value = value[0]
    if (typeof value === 'object' && value !== null)
      value = (value as Record<string, unknown>).name ?? (value as Record<string, unknown>)['@value']
    if (typeof value === 'number') value = String(value)
    if (typeof value !== 'string') continue
    const text = oneLine(value)
    if (text !== '' && text.length <= 200 && !text.includes('@')) return text
  }
  return undefined
}

function isOrganisation(object: Record<string, unknown>): boolean {
  const types = [object['@type']].flat()
  return types.some(
    (type) =>
      typeof type === 'string' &&
      !/Person|ContactPoint|PostalAddress$/.test(type) &&
      type !== '' &&
      organisationTypes.test(type),
  )
}

const organisationTypes =
  /Organi[sz]ation|Corporation|Business|Store|Restaurant|Hotel|School|University|College|Hospital|Clinic|Agency|Company|Service|Office|NGO|Group|Team|Association|Shop|Dentist|Attorney|Bakery|Cafe|Museum|Library|Church/i
