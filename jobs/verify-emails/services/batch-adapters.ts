import type { HttpAnswer } from '../../engines/verify/services/answer.ts'
import type { BatchReply } from '../../engines/verify/services/batch-reply.ts'
import { readMailssoBatch } from '../../engines/verify/services/mailsso.ts'
import { readNeverbounceJob } from '../../engines/verify/services/neverbounce.ts'
import { readReacherBulk } from '../../engines/verify/services/reacher.ts'
import { readZerobounceBatch } from '../../engines/verify/services/zerobounce.ts'
import type { Service } from '../../engines/verify/terms.ts'
import type { ServiceRequest } from '../../outgoing-configured.ts'

/** How a service is asked about many addresses at once. */
export interface BatchAdapter {
  /** Addresses of a batch: fewer are asked about one by one, which is as quick. */
  least: number
  size: number
  /** Pause between two batches with one key, over all workers. */
  intervalMs: number
  submit(base: string, key: string, addresses: readonly string[]): Omit<ServiceRequest, 'signal'>
  /** Of a service that works on it for a while. */
  poll?(base: string, key: string, id: string): Omit<ServiceRequest, 'signal'>
  /** Of one that says only whether it is ready: all of it, which is no more than `size`. */
  results?(base: string, key: string, id: string): Omit<ServiceRequest, 'signal'>
  read(answer: HttpAnswer): BatchReply
}

const json = { 'content-type': 'application/json' }

export const batchAdapters: Partial<Record<Service, BatchAdapter>> = {
  mailsso: {
    least: 10,
    size: 500,
    intervalMs: 200,
    submit: (base, key, emails) => ({
      method: 'POST',
      url: `${base}/batch`,
      headers: { ...json, 'x-mails-api-key': key },
      body: JSON.stringify({ emails }),
    }),
    poll: (base, key, id) => ({
      method: 'GET',
      url: `${base}/batch/${encodeURIComponent(id)}`,
      headers: { 'x-mails-api-key': key },
    }),
    read: readMailssoBatch,
  },
  zerobounce: {
    // At 12 s a batch and 0.1 s a call.
    least: 100,
    size: 200,
    // Five a minute.
    intervalMs: 12_000,
    submit: (base, key, addresses) => ({
      method: 'POST',
      url: `${base}/v2/validatebatch`,
      headers: json,
      body: JSON.stringify({
        api_key: key,
        email_batch: addresses.map((email_address) => ({ email_address, ip_address: null })),
      }),
    }),
    read: readZerobounceBatch,
  },
  neverbounce: {
    least: 10,
    size: 500,
    intervalMs: 1_000,
    submit: (base, key, addresses) => ({
      method: 'POST',
      url: `${base}/jobs/create`,
      headers: json,
      body: JSON.stringify({
        key,
        input_location: 'supplied',
        filename: 'mailquarry.csv',
        auto_parse: true,
        auto_start: true,
        input: addresses.map((email) => ({ email })),
      }),
    }),
    poll: (base, key, id) => ({
      method: 'GET',
      url: `${base}/jobs/status?${new URLSearchParams({ key, job_id: id })}`,
    }),
    results: (base, key, id) => ({
      method: 'GET',
      url: `${base}/jobs/results?${new URLSearchParams({ key, job_id: id, page: '1', items_per_page: '500' })}`,
    }),
    read: readNeverbounceJob,
  },
  reacher: {
    least: 10,
    size: 500,
    intervalMs: 200,
    submit: (base, key, input) => ({
      method: 'POST',
      url: `${base}/v1/bulk`,
      headers: { ...json, ...secret(key) },
      body: JSON.stringify({ input }),
    }),
    poll: (base, key, id) => ({
      method: 'GET',
      url: `${base}/v1/bulk/${encodeURIComponent(id)}`,
      headers: secret(key),
    }),
    results: (base, key, id) => ({
      method: 'GET',
      url: `${base}/v1/bulk/${encodeURIComponent(id)}/results?format=json&limit=500&offset=0`,
      headers: secret(key),
    }),
    read: readReacherBulk,
  },
}

function secret(key: string): Record<string, string> {
  return key === '' ? {} : { 'x-reacher-secret': key }
}
