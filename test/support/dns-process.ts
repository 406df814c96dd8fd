// A DNS server in a process of its own, so that what it costs is not charged to what is measured.
import { listZone } from './address-list.ts'
import type { DnsProcessPlan, DnsProcessReport } from './dns-apart.ts'
import { startDns } from './dns.ts'

const { domains, hosts } = JSON.parse(process.argv[2]!) as DnsProcessPlan
const dns = await startDns({ otherwise: listZone(domains, hosts), log: false })
process.on('message', () => {
  const counts = [...dns.counts()]
  const report: DnsProcessReport = {
    queries: dns.count(),
    names: counts.length,
    askedAgain: counts.filter(([, times]) => times > 1),
    cpuMs: (process.cpuUsage().user + process.cpuUsage().system) / 1000,
  }
  dns.forgetQueries()
  process.send!(report)
})
process.on('disconnect', () => process.exit())
process.send!(dns.server)
