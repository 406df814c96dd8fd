/** One address that a people search knows. */
export interface HunterPerson {
  value: string
  type: 'personal' | 'generic'
  /** 0 to 100 */
  confidence: number
  first_name: string | null
  last_name: string | null
  position: string | null
  seniority: string | null
  department: string | null
  linkedin: string | null
  twitter: string | null
  phone_number: string | null
  verification: { date: string | null; status: string | null }
  sources: { domain: string; uri: string; extracted_on: string; last_seen_on: string; still_on_page: boolean }[]
}

export const departments = [
  'executive',
  'it',
  'finance',
  'management',
  'sales',
  'legal',
  'support',
  'hr',
  'marketing',
  'communication',
  'education',
  'design',
  'health',
  'operations',
]
export const seniorities = ['junior', 'senior', 'executive']

const firstNames = ['Anna', 'Bert', 'Carla', 'Dario', 'Elif', 'Frans', 'Greta', 'Hugo', 'Ines', 'Jonas']
const lastNames = ['Abel', 'Brandt', 'Conti', 'Dupont', 'Eriksen', 'Fischer', 'Garcia', 'Horvat', 'Ivanova']

/** `count` people of a domain, the first of them its generic address, always the same ones. */
export function makePeople(domain: string, count: number): HunterPerson[] {
  return Array.from({ length: count }, (_, n) => makePerson(domain, n))
}

function makePerson(domain: string, n: number): HunterPerson {
  const isGeneric = n === 0
  const first = firstNames[n % firstNames.length]!
  const round = Math.floor(n / (firstNames.length * lastNames.length))
  const last = lastNames[Math.floor(n / firstNames.length) % lastNames.length]! + (round === 0 ? '' : String(round))
  return {
    value: isGeneric ? `info@${domain}` : `${first}.${last}@${domain}`.toLowerCase(),
    type: isGeneric ? 'generic' : 'personal',
    confidence: 50 + (n % 50),
    first_name: isGeneric ? null : first,
    last_name: isGeneric ? null : last,
    position: isGeneric ? null : 'Buyer',
    seniority: isGeneric ? null : seniorities[n % seniorities.length]!,
    department: isGeneric ? null : departments[n % departments.length]!,
    linkedin: null,
    twitter: null,
    phone_number: null,
    verification: { date: '2026-10-01', status: 'valid' },
    sources: [
      {
        domain,
        uri: `http://${domain}/team`,
        extracted_on: '2026-01-15',
        last_seen_on: '2026-10-01',
        still_on_page: true,
      },
    ],
  }
}
