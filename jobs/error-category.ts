/** The closed set of error categories, product-wide. */
export const errorCategories = [
  'network',
  'timeout',
  'dns',
  'tls',
  'http_4xx',
  'http_5xx',
  'rate_limited',
  'robots',
  'blocked',
  'parse',
  'too_large',
  'provider',
  'quota',
  'internal',
] as const
export type ErrorCategory = (typeof errorCategories)[number]
