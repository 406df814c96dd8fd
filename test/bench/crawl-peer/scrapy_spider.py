"""Scrapy as its tutorial writes a spider: follow all links, robots.txt obeyed, what is found goes to a JSON lines feed."""

import json
import re
import resource
import time

import scrapy

ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


class AddressSpider(scrapy.Spider):
    name = "addresses"

    def __init__(self, start, hosts, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.start_urls = start.split(",")
        self.allowed_domains = hosts.split(",")
        self.addresses = set()
        self.pages = set()

    def start_requests(self):
        self.started = time.monotonic()
        yield from super().start_requests()

    def parse(self, response):
        emails = sorted(set(ADDRESS.findall(response.text)))
        self.pages.add(response.url)
        self.addresses.update(emails)
        yield {"url": response.url, "title": response.css("title::text").get(), "emails": emails}
        for href in response.css("a::attr(href)").getall():
            if not href.startswith("mailto:"):
                yield response.follow(href, self.parse)

    def closed(self, reason):
        seconds = time.monotonic() - self.started
        usage = resource.getrusage(resource.RUSAGE_SELF)
        print(
            json.dumps(
                {
                    "pages": len(self.pages),
                    "seconds": seconds,
                    "addresses": len(self.addresses),
                    "peakRssMb": usage.ru_maxrss / 1024,
                    "cpuMs": (usage.ru_utime + usage.ru_stime) * 1000,
                }
            )
        )
