import type { HostRun } from './host-run.ts'

/** What the domain may still yield, the most confident first. */
export function acceptedOf<Found extends { address: string; confidence: number }>(
  run: HostRun,
  emails: readonly Found[],
): Found[] {
  const { addresses, args } = run
  const storable = emails.filter(
    ({ address }) => address.length <= 320 && address.isWellFormed() && !address.includes('\0'),
  )
  if (!addresses) return storable
  const most = args.input.maxEmailsPerDomain!
  const ranked = storable.toSorted((a, b) => b.confidence - a.confidence || (a.address < b.address ? -1 : 1))
  for (const { address } of ranked) if (addresses.size < most) addresses.add(address)
  return ranked.filter(({ address }) => addresses.has(address))
}
