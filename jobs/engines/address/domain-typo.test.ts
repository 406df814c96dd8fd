import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { isDisposable } from './disposable.ts'
import { meantDomain } from './domain-typo.ts'
import { isFreeProvider } from './mail-providers.ts'

describe('a slip of the fingers', () => {
  it.each([
    ['gmial.com', 'gmail.com'],
    ['gamil.com', 'gmail.com'],
    ['gmai.com', 'gmail.com'],
    ['gmal.com', 'gmail.com'],
    ['gmaill.com', 'gmail.com'],
    ['ggmail.com', 'gmail.com'],
    ['gnail.com', 'gmail.com'],
    ['gmaul.com', 'gmail.com'],
    ['gmqil.com', 'gmail.com'],
    ['gmail.con', 'gmail.com'],
    ['gmail.co', 'gmail.com'],
    ['gmail.cm', 'gmail.com'],
    ['gmail.fr', 'gmail.com'],
    ['gmeil.com', 'gmail.com'],
    ['hotmial.com', 'hotmail.com'],
    ['hotmai.com', 'hotmail.com'],
    ['hormail.com', 'hotmail.com'],
    ['otmail.com', 'hotmail.com'],
    ['homtail.co.uk', 'hotmail.co.uk'],
    ['hotmail.vom', 'hotmail.com'],
    ['yaho.com', 'yahoo.com'],
    ['yahooo.com', 'yahoo.com'],
    ['yaoo.fr', 'yahoo.fr'],
    ['yhaoo.co.uk', 'yahoo.co.uk'],
    ['yaho0.com', 'yahoo.com'],
    ['outlok.com', 'outlook.com'],
    ['outllook.de', 'outlook.de'],
    ['icoud.com', 'icloud.com'],
    ['iclould.com', 'icloud.com'],
    ['t-onlien.de', 't-online.de'],
    ['comcat.net', 'comcast.net'],
    ['comcast.nte', 'comcast.net'],
    ['aol.con', 'aol.com'],
  ])('%s was to be %s', (domain, meant) => {
    expect(meantDomain(domain)).toBe(meant)
  })
})

describe('no slip', () => {
  it.each(
    `gmail.com googlemail.com ymail.com mail.com email.com hotmail.com hotmail.de hotmails.com hotmail.it yahoo.com yahoo.de yahoo.co.jp
    yahoo.cl outlook.com outlook.jp icloud.com me.com mac.com aol.com aim.com msn.com live.com live.de gmx.com gmx.de gmx.net gmx.at
    web.de mail.ru protonmail.com protonmail.ch proton.me pm.me gail.com tamil.com amail.com tmail.com xmail.com grail.com snail.com
    homemail.com foxmail.com rocketmail.com online.de yandex.com yandex.kz laposte.com comcast.com verizon.com acme.com google.com
    gmail.acme.com mail.gmial.com outlook.acme.de yahoo-inc.com cloud.com iclouds.com love.com fox.com al.com ol.com ms.com proton.com
    freenet.at seznam.sk mailinator.com libro.it orage.fr example.com localhost com`.split(/\s+/),
  )('%s is what it is', (domain) => {
    expect(meantDomain(domain)).toBeUndefined()
  })

  it('is a provider that people have their mail with, or a popular one itself', () => {
    const names =
      'gmail yahoo hotmail outlook icloud aol live gmx msn yandex ymail proton mail email web freenet'.split(' ')
    const endings = 'com net de fr it es co.uk ru me org ca at ch'.split(' ')
    for (const name of names)
      for (const ending of endings)
        if (isFreeProvider(`${name}.${ending}`)) expect(meantDomain(`${name}.${ending}`)).toBeUndefined()
  })

  it('is one that was meant: what is suggested needs no suggestion', () => {
    const letters = fc.constantFrom(...Array.from('gmailhotyuckn.c-e'))
    fc.assert(
      fc.property(
        fc.array(letters, { minLength: 2, maxLength: 9 }),
        fc.constantFrom('com', 'co', 'net', 'de'),
        (some, end) => {
          const meant = meantDomain(`${some.join('')}.${end}`)
          if (meant !== undefined) expect([meantDomain(meant), isFreeProvider(meant)]).toEqual([undefined, true])
        },
      ),
      { numRuns: 5000 },
    )
  })
})

describe('a disposable domain', () => {
  it.each(['mailinator.com', 'guerrillamail.com', 'yopmail.com', 'box.mailinator.com', 'a.b.trashmail.com'])(
    'is %s',
    (domain) => {
      expect(isDisposable(domain)).toBe(true)
    },
  )

  it.each(
    `gmail.com outlook.com proton.me icloud.com mail.ru web.de duck.com fastmail.com posteo.de simplelogin.com sify.com 21cn.com acme.com com co.uk
    not-mailinator.com mailinator.com.acme.com github.io`.split(/\s+/),
  )('is not %s', (domain) => {
    expect(isDisposable(domain)).toBe(false)
  })
})
