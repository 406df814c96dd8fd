import type { ApiRequest } from './api-request.ts'
import { startFakeApi } from './fake-api.ts'
import type { ApiCall, ApiReply, FakeApi } from './fake-api.ts'
import { domainOf, localPartOf } from './outcomes.ts'
import type { Outcome } from './outcomes.ts'

/** `shield` is the 403 of what stands before the service, and says nothing about the key. */
export type ZeroBounceTrouble = 'outOfQuota' | 'throttled' | 'shield' | 'notFound'

export interface ZeroBounce extends FakeApi<ZeroBounceTrouble> {
  /** Addresses, in lower case, that a batch answers among its errors. They are not charged for. */
  batchErrors: Map<string, string>
}

const largestBatch = 200

/**
 * ZeroBounce v2, from "ZeroBounce v2" in providers.md; its paths begin with /v2 there, so `url` is the bare origin. Field names, sub-statuses
 * and the form of a batch are those of its published documentation (zerobounce.net/docs, "v2-batch-validate-emails", read 2026-11).
 */
export async function startZeroBounce(key = 'zerobounce-test-key'): Promise<ZeroBounce> {
  const batchErrors = new Map<string, string>()
  const noKey = { status: 400, body: { error: 'Invalid API key or your account ran out of credits' } }
  const api = await startFakeApi<ZeroBounceTrouble>(
    {
      basePath: '',
      keyOf: ({ query, body }) => query['api_key'] ?? (body as { api_key?: string } | undefined)?.api_key,
      troubles: {
        wrongKey: noKey,
        outOfQuota: noKey,
        throttled: { status: 429, body: { error: 'Too many requests' } },
        shield: {
          status: 403,
          headers: { 'content-type': 'text/html' },
          body: '<html><title>Access denied</title></html>',
        },
        notFound: { status: 404, body: '' },
      },
      routes: [
        {
          method: 'GET',
          path: '/v2/validate',
          query: ['api_key', 'email', 'ip_address?'],
          bills: ({ query }) => [query['email']!],
          answer: (call) => ({ body: resultOf(call.query['email']!, call) }),
        },
        {
          method: 'POST',
          path: '/v2/validatebatch',
          body: ['api_key', 'email_batch', 'timeout?'],
          bills: (request) => batchOf(request).filter((address) => !batchErrors.has(address.toLowerCase())),
          refuses: (request) => (batchOf(request).length > largestBatch ? tooMany : undefined),
          answer(call) {
            const addresses = batchOf(call)
            const good = addresses.filter((address) => !batchErrors.has(address.toLowerCase()))
            const bad = addresses.filter((address) => batchErrors.has(address.toLowerCase()))
            return {
              body: {
                email_batch: good.map((address) => resultOf(address, call)),
                errors: bad.map((address) => ({
                  email_address: address,
                  error: batchErrors.get(address.toLowerCase()),
                })),
              },
            }
          },
        },
      ],
    },
    key,
  )
  return Object.assign(api, { batchErrors })
}

const tooMany: ApiReply = { status: 400, body: { error: 'The batch holds more than 200 addresses' } }

function batchOf({ body }: ApiRequest): string[] {
  const { email_batch } = body as { email_batch: { email_address: string }[] }
  return email_batch.map(({ email_address }) => email_address)
}

function resultOf(address: string, call: ApiCall) {
  const outcome = call.outcomeOf(address)
  const domain = domainOf(address)
  return {
    address,
    free_email: outcome === 'webmail',
    did_you_mean: null,
    account: localPartOf(address),
    domain,
    domain_age_days: '9692',
    smtp_provider: 'example',
    mx_found: 'true',
    mx_record: `mx.${domain}`,
    firstname: null,
    lastname: null,
    gender: null,
    country: null,
    region: null,
    city: null,
    zipcode: null,
    processed_at: '2026-11-26 12:00:00.000',
    ...says[outcome],
    ...call.fieldsOf(address),
  }
}

const says: Record<Outcome, { status: string; sub_status: string }> = {
  valid: { status: 'valid', sub_status: '' },
  webmail: { status: 'valid', sub_status: '' },
  invalid: { status: 'invalid', sub_status: 'mailbox_not_found' },
  disabled: { status: 'invalid', sub_status: 'mailbox_not_found' },
  full: { status: 'invalid', sub_status: 'mailbox_quota_exceeded' },
  // A catch-all comes in two shapes: this one, and status `catch-all`, which tests plan by `fields`.
  catchall: { status: 'valid', sub_status: 'accept_all' },
  disposable: { status: 'do_not_mail', sub_status: 'disposable' },
  role: { status: 'do_not_mail', sub_status: 'role_based' },
  toxic: { status: 'do_not_mail', sub_status: 'toxic' },
  spamtrap: { status: 'spamtrap', sub_status: '' },
  abuse: { status: 'abuse', sub_status: '' },
  unknown: { status: 'unknown', sub_status: 'timeout_exceeded' },
}
