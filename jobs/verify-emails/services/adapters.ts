import type { Service } from '../../engines/verify/terms.ts'
import type { ServiceRequest } from '../../outgoing-configured.ts'

/** How a service is asked about one address; how its answers are read is `readAnswer`'s affair. */
export interface Adapter {
  /** Of a deployment of the service's own makers; undefined for what everybody runs for themselves. */
  url: string | undefined
  needsKey: boolean
  /** Pause between two calls with one key, over all workers. */
  intervalMs: number
  /** A request that is wrong stops everything: the service blocks who goes on with such. */
  stopsAtBadRequest: boolean
  request(base: string, key: string, address: string): Omit<ServiceRequest, 'signal'>
}

const json = { 'content-type': 'application/json' }

export const adapters: Record<Service, Adapter> = {
  mailsso: {
    url: 'https://api.mails.so/v1',
    needsKey: true,
    intervalMs: 200,
    stopsAtBadRequest: false,
    request: (base, key, email) => ({
      method: 'GET',
      url: `${base}/validate?${new URLSearchParams({ email })}`,
      headers: { 'x-mails-api-key': key },
    }),
  },
  hunter: {
    url: 'https://api.hunter.io/v2',
    needsKey: true,
    // The verifier takes 10 a second and 300 a minute: the minute is what holds.
    intervalMs: 200,
    stopsAtBadRequest: false,
    request: (base, key, email) => ({
      method: 'GET',
      url: `${base}/email-verifier?${new URLSearchParams({ email })}`,
      headers: { 'x-api-key': key },
    }),
  },
  zerobounce: {
    url: 'https://api.zerobounce.net',
    needsKey: true,
    intervalMs: 100,
    // 100 bad requests within a minute block for an hour.
    stopsAtBadRequest: true,
    request: (base, key, email) => ({
      method: 'GET',
      url: `${base}/v2/validate?${new URLSearchParams({ api_key: key, email, ip_address: '' })}`,
    }),
  },
  neverbounce: {
    url: 'https://api.neverbounce.com/v4.2',
    needsKey: true,
    intervalMs: 100,
    stopsAtBadRequest: false,
    // A form whose + is written %2B, as URLSearchParams does: else a plus tag becomes a blank.
    request: (base, key, email) => ({
      method: 'POST',
      url: `${base}/single/check`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ key, email }).toString(),
    }),
  },
  reacher: {
    url: undefined,
    needsKey: false,
    intervalMs: 100,
    stopsAtBadRequest: false,
    request: (base, key, email) => ({
      method: 'POST',
      url: `${base}/v1/check_email`,
      headers: { ...json, ...(key !== '' && { 'x-reacher-secret': key }) },
      body: JSON.stringify({ to_email: email }),
    }),
  },
}
