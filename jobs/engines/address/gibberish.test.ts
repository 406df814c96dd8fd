import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { gibberishBits, isGibberish } from './gibberish.ts'

describe('gibberish', () => {
  it.each(
    `asdfasdf asdfghjkl zxcvbnm kfjdhskfjh xkcdqwrtp qzjxvkqw dfgdfgdfg hjkhjkhjk lkjlkjlkj fghfghfgh a8f3k2l9q d41d8cd98f00b204e9800998ecf8427e
    3f2504e0-4f89-11d3-9a0c-0305e82c3301 x7k2p9m4z1 wqrtpsdfgh john.xkcdqwrtp`.split(/\s+/),
  )('is %s', (local) => {
    expect(isGibberish(local)).toBe(true)
  })

  it.each(
    `info kontakt sales support vertrieb kundenservice buchhaltung datenschutz pressestelle hr it gmbh mgmt webmaster postmaster
    anna a.b j.smith jsmith bjones cschmidt wmueller john.doe john_doe1985 mary-ann.oconnor krzysztof szczepanski grzegorz.brzeczyszczykiewicz
    przemyslaw.szczesny hrvoje.strk vlk.zdenek nguyenvan tpham xzhang hqwang ngocanh zhangxiaoming tjeerd.dijkstra schwarzenegger angstschweiss
    mbappe hjordis.thorsteinsdottir oyvind.kjaergaard sjoerd ljubljana qwerty mstrbtn hrgmbh pzkfg r2d2 c3po info24 top100 sales4you web2print
    anna1985 b2b.sales 4you2 user123456 20240115 1234567 dj.mc.k mvz-dr-krause öffentlichkeitsarbeit françois.lefèvre jürgen.groß łukasz
    用户 иван.петров "john~doe" x a1 office365 covid19 f.a.q do-not-reply newsletter+x cto.eu kfz-pruefstelle stadtwerke btw2025`.split(
      /\s+/,
    ),
  )('is not %s', (local) => {
    expect(isGibberish(local)).toBe(false)
  })

  it('is most of what is drawn from letters at random, the more the longer', () => {
    const share = (length: number) => {
      const drawn = fc.sample(fc.stringMatching(new RegExp(`^[a-z]{${length}}$`)), { numRuns: 2000, seed: 7 })
      return drawn.filter(isGibberish).length / drawn.length
    }
    expect(share(8)).toBeGreaterThan(0.5)
    expect(share(12)).toBeGreaterThan(0.8)
    expect(share(16)).toBeGreaterThan(0.9)
  })

  it('is never made less by more of it, nor weighed below nothing', () => {
    const part = fc.stringMatching(/^[a-z]{1,12}$/)
    fc.assert(
      fc.property(part, part, (a, b) => {
        expect(gibberishBits(`${a}.${b}`)).toBeCloseTo(gibberishBits(a) + gibberishBits(b))
        expect(gibberishBits(a)).toBeGreaterThanOrEqual(0)
      }),
    )
  })
})
