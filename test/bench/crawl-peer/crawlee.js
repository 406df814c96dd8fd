// Crawlee as its documentation writes a crawl: enqueueLinks, robots.txt respected, what is found goes to the dataset.
import { CheerioCrawler, Configuration, Dataset, log } from '@crawlee/cheerio'

const { startUrls, warmUp, concurrency } = JSON.parse(process.argv[2])
log.setLevel(log.LEVELS.ERROR)

const address = /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g
const newCrawler = () =>
  new CheerioCrawler({
    minConcurrency: concurrency,
    maxConcurrency: concurrency,
    respectRobotsTxtFile: true,
    async requestHandler({ request, $, body, enqueueLinks, pushData }) {
      const emails = [...new Set(String(body).match(address))]
      await pushData({ url: request.loadedUrl, title: $('title').text(), emails })
      await enqueueLinks({ strategy: 'same-hostname' })
    },
  })

if (warmUp.length > 0) await newCrawler().run(warmUp)
const before = process.cpuUsage()
const started = performance.now()
const { requestsFinished } = await newCrawler().run(startUrls)
const seconds = (performance.now() - started) / 1_000
const cpu = process.cpuUsage(before)
const hosts = new Set(startUrls.map((url) => new URL(url).host))
const items = (await Dataset.getData()).items.filter(({ url }) => hosts.has(new URL(url).host))
const addresses = new Set(items.flatMap(({ emails }) => emails)).size
const { maxRSS } = process.resourceUsage()
console.log(
  JSON.stringify({
    pages: requestsFinished,
    seconds,
    addresses,
    peakRssMb: maxRSS / 1_024,
    cpuMs: (cpu.user + cpu.system) / 1_000,
    storage: Configuration.getGlobalConfig().get('persistStorage'),
  }),
)
