/**
 * What addresses of one mailbox share, as far as text can tell: without the plus tag, and at Gmail without dots. A link between addresses,
 * never a reason to make one of two: other providers deliver `a.b` and `ab`, or `a+b` and `a`, to different people. Parts in normal form.
 */
export function linkKey(local: string, domain: string): string {
  if (local.startsWith('"')) return `${local}@${domain}`
  const stem = hasPlusTag(local) ? local.slice(0, local.indexOf('+')) : local
  // Google's help, "Dots don't matter in Gmail addresses"; googlemail.com is the same service.
  return domain === 'gmail.com' || domain === 'googlemail.com'
    ? `${stem.replaceAll('.', '')}@gmail.com`
    : `${stem}@${domain}`
}

/** `anna+news`: RFC 5233 sub-addressing in its usual form. */
export function hasPlusTag(local: string): boolean {
  return local.indexOf('+') > 0 && !local.startsWith('"')
}
