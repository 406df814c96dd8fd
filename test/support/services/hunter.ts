import type { ApiRequest } from './api-request.ts'
import { startFakeApi } from './fake-api.ts'
import type { ApiCall, ApiReply, FakeApi } from './fake-api.ts'
import { departments, seniorities } from './hunter-people.ts'
import type { HunterPerson } from './hunter-people.ts'
import { domainOf } from './outcomes.ts'
import type { Outcome } from './outcomes.ts'

/**
 * `throttled` is its 403 and `outOfQuota` its 429. `inProgress` is 202: ask again, the charge is made once; `misbehaved` is 222, which is
 * about the remote mail host. `objected` is 451: the person wants to be left alone.
 */
export type HunterTrouble =
  | 'outOfQuota'
  | 'throttled'
  | 'inProgress'
  | 'misbehaved'
  | 'objected'
  | 'badRequest'
  | 'notFound'
  | 'unprocessable'

export interface Hunter extends FakeApi<HunterTrouble> {
  /** What its people search knows, by domain. A page of it is charged for as `shop.test 0`, with the offset. */
  people: Map<string, HunterPerson[]>
  /** Of a free plan only the first ten addresses of a domain can be read. */
  isFree: boolean
  account: { resetDate: string; searches: Allowance; verifications: Allowance; credits: Allowance }
}

interface Allowance {
  used: number
  available: number
}

/** Hunter v2, from "Hunter v2" in providers.md. */
export async function startHunter(key = 'hunter-test-key'): Promise<Hunter> {
  const people: Hunter['people'] = new Map()
  const peopleOf = ({ query }: ApiRequest) => people.get(query['domain'] ?? '') ?? []
  const allowance = () => ({ used: 0, available: 1000 })
  const api = await startFakeApi<HunterTrouble>(
    {
      basePath: '/v2',
      keyOf: ({ headers, query }) =>
        headers['x-api-key']?.toString() ?? headers.authorization?.replace(/^Bearer /, '') ?? query['api_key'],
      troubles: {
        wrongKey: failure(401, 'authentication_failed', 'No user found for the API key supplied'),
        throttled: failure(403, 'too_many_requests_per_second', 'You have reached the rate limit'),
        outOfQuota: failure(429, 'usage_exceeded', 'You have used all the credits of this period'),
        objected: failure(451, 'claimed_email', 'The owner of this address asked that it is not processed'),
        misbehaved: failure(222, 'smtp_unexpected', 'The remote SMTP server behaved in an unexpected way'),
        badRequest: wrongParameters('The parameters are wrong'),
        notFound: failure(404, 'not_found', 'There is nothing here'),
        unprocessable: failure(422, 'unprocessable', 'The request cannot be processed'),
        inProgress: { status: 202, bills: true, body: { meta: { message: 'The verification is in progress' } } },
      },
      routes: [
        {
          method: 'GET',
          path: '/v2/email-verifier',
          query: ['email', 'api_key?'],
          bills: ({ query }) => [query['email']!],
          answer: (call) => ({ body: { data: verification(call), meta: { params: { email: call.query['email'] } } } }),
        },
        {
          method: 'GET',
          path: '/v2/domain-search',
          query: [...searchParameters, 'api_key?'],
          bills: ({ query }) => [`${query['domain'] ?? query['company']} ${query['offset'] ?? 0}`],
          refuses: (request) => wrongSearch(request, hunter.isFree),
          answer: (call) => ({ body: searchPage(call, peopleOf(call)) }),
        },
        {
          method: 'GET',
          path: '/v2/email-finder',
          query: ['domain?', 'company?', 'first_name?', 'last_name?', 'full_name?', 'max_duration?', 'api_key?'],
          bills: ({ query }) => [`${query['domain'] ?? query['company']} ${nameIn(query)}`],
          refuses: wrongFind,
          answer: (call) => ({ body: { data: foundPerson(call, peopleOf(call)), meta: { params: call.query } } }),
        },
        {
          method: 'GET',
          path: '/v2/email-count',
          query: ['domain?', 'company?', 'type?', 'api_key?'],
          open: true,
          answer: (call) => ({ body: { data: countOf(peopleOf(call)), meta: { params: call.query } } }),
        },
        {
          method: 'GET',
          path: '/v2/account',
          query: ['api_key?'],
          answer() {
            const { resetDate, ...requests } = hunter.account
            return { body: { data: { reset_date: resetDate, requests } } }
          },
        },
      ],
    },
    key,
  )
  const account = { resetDate: '2026-12-01', searches: allowance(), verifications: allowance(), credits: allowance() }
  const hunter: Hunter = Object.assign(api, { people, isFree: false, account })
  return hunter
}

const searchParameters = [
  'domain?',
  'company?',
  'limit?',
  'offset?',
  'type?',
  'seniority?',
  'department?',
  'required_field?',
  'verification_status?',
  'job_titles?',
]

function failure(code: number, id: string, details: string): ApiReply {
  return { status: code, body: { errors: [{ id, code, details }] } }
}

function wrongParameters(details: string): ApiReply {
  return failure(400, 'wrong_params', details)
}

function verification(call: ApiCall) {
  const email = call.query['email']!
  const outcome = call.outcomeOf(email)
  const status = statuses[outcome]
  const isDisposable = outcome === 'disposable'
  return {
    status,
    score: status === 'valid' ? 95 : status === 'invalid' ? 0 : 50,
    email,
    regexp: true,
    gibberish: false,
    disposable: isDisposable,
    webmail: outcome === 'webmail',
    mx_records: true,
    smtp_server: outcome !== 'unknown',
    smtp_check: status === 'valid' || outcome === 'webmail',
    accept_all: outcome === 'catchall',
    block: false,
    sources: [],
    ...call.fieldsOf(email),
  }
}

const statuses: Record<Outcome, 'valid' | 'invalid' | 'accept_all' | 'webmail' | 'disposable' | 'unknown'> = {
  valid: 'valid',
  role: 'valid',
  invalid: 'invalid',
  disabled: 'invalid',
  full: 'invalid',
  catchall: 'accept_all',
  webmail: 'webmail',
  disposable: 'disposable',
  spamtrap: 'unknown',
  abuse: 'unknown',
  toxic: 'unknown',
  unknown: 'unknown',
}

function wrongSearch({ query }: ApiRequest, isFree: boolean): ApiReply | undefined {
  const { limit = 10, offset = 0 } = query
  if (!query['domain'] && !query['company']) return wrongParameters('You must send a domain or a company')
  if (!(Number(limit) >= 1 && Number(limit) <= 100)) return wrongParameters('limit must be between 1 and 100')
  if (!(Number(offset) >= 0 && Number(offset) <= 10_000)) return wrongParameters('offset must be between 0 and 10000')
  if (isFree && Number(limit) + Number(offset) > 10)
    return failure(400, 'pagination_error', 'Your plan ends at 10 addresses')
  return undefined
}

function searchPage({ query }: ApiCall, all: HunterPerson[]) {
  const { limit = 10, offset = 0, type, seniority, department } = query
  const fits = all.filter(
    (person) =>
      (!type || person.type === type) &&
      (!seniority || seniority.split(',').includes(person.seniority ?? '')) &&
      (!department || department.split(',').includes(person.department ?? '')),
  )
  const domain = query['domain'] ?? null
  return {
    data: {
      domain,
      disposable: false,
      webmail: false,
      accept_all: false,
      pattern: all.length > 0 ? '{first}.{last}' : null,
      organization: query['company'] ?? domain,
      ...Object.fromEntries(companyFields.map((field) => [field, null])),
      technologies: [],
      emails: fits.slice(Number(offset), Number(offset) + Number(limit)),
    },
    meta: { results: fits.length, limit: Number(limit), offset: Number(offset), params: query },
  }
}

const companyFields =
  'description industry twitter facebook linkedin instagram youtube country state city postal_code street headcount company_type'.split(
    ' ',
  )

function wrongFind({ query }: ApiRequest): ApiReply | undefined {
  const seconds = Number(query['max_duration'] ?? 10)
  if (!query['domain'] && !query['company']) return wrongParameters('You must send a domain or a company')
  if (nameIn(query) === '') return wrongParameters('You must send a first name and a last name, or a full name')
  if (!(seconds >= 3 && seconds <= 20)) return wrongParameters('max_duration must be between 3 and 20')
  return undefined
}

function nameIn(query: Record<string, string>): string {
  if (query['full_name']) return query['full_name']
  return query['first_name'] && query['last_name'] ? `${query['first_name']} ${query['last_name']}` : ''
}

function foundPerson({ query }: ApiCall, all: HunterPerson[]) {
  const name = nameIn(query)
  const found = all.find((person) => `${person.first_name} ${person.last_name}`.toLowerCase() === name.toLowerCase())
  return {
    first_name: name.split(' ')[0],
    last_name: name.split(' ').slice(1).join(' '),
    email: found?.value ?? null,
    score: found?.confidence ?? 0,
    domain: found ? domainOf(found.value) : (query['domain'] ?? null),
    accept_all: false,
    position: found?.position ?? null,
    company: query['company'] ?? null,
    sources: found?.sources ?? [],
    verification: found?.verification ?? { date: null, status: null },
  }
}

function countOf(all: HunterPerson[]) {
  const count = (fits: (person: HunterPerson) => boolean) => all.filter(fits).length
  return {
    total: all.length,
    personal_emails: count(({ type }) => type === 'personal'),
    generic_emails: count(({ type }) => type === 'generic'),
    department: Object.fromEntries(departments.map((name) => [name, count(({ department }) => department === name)])),
    seniority: Object.fromEntries(seniorities.map((name) => [name, count(({ seniority }) => seniority === name)])),
  }
}
