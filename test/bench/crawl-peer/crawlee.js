// Crawlee as its documentation writes a crawl: enqueueLinks, robots.txt respected, what is found goes to the dataset.
import { CheerioCrawler, Configuration, Dataset, log } from '@crawlee/cheerio'

const { startUrls, concurrency } = JSON.parse(process.argv[2])
log.setLevel(log.LEVELS.ERROR)

const address = /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g
const crawler = new CheerioCrawler({
  minConcurrency: concurrency,
  maxConcurrency: concurrency,
  respectRobotsTxtFile: true,
  async requestHandler({ request, $, body, enqueueLinks, pushData }) {
    const emails = [...new Set(String(body).match(address))]
    await pushData({ url: request.loadedUrl, title: $('title').text(), emails })
    await enqueueLinks({ strategy: 'same-hostname' })
  },
})

const started = performance.now()
const { requestsFinished } = await crawler.run(startUrls)
const seconds = (performance.now() - started) / 1_000
const { items } = await Dataset.getData()
const addresses = new Set(items.flatMap(({ emails }) => emails)).size
const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
console.log(
  JSON.stringify({
    pages: requestsFinished,
    seconds,
    addresses,
    peakRssMb: maxRSS / 1_024,
    cpuMs: (userCPUTime + systemCPUTime) / 1_000,
    storage: Configuration.getGlobalConfig().get('persistStorage'),
  }),
)
