import { describe, expect, it } from 'vitest'

import { extractPage } from '../extract-page.ts'

/** Who reads an address, as "name / position / phone / organisation" with "-" for what is not known. */
function people(body: string): Record<string, string> {
  const { emails } = extractPage({ url: 'https://www.acme.com/team', body, contentType: 'text/html' })
  return Object.fromEntries(
    emails.map(({ address, personName, position, phone, organisation }) => [
      address,
      [personName, position, phone, organisation].map((fact) => fact ?? '-').join(' / '),
    ]),
  )
}

describe('cards', () => {
  it('gives each address the name above it that fits, with its position and phone', () => {
    const card = (name: string, title: string, phone: string, local: string) =>
      `<div class="card"><h3>${name}</h3><p>${title}</p><p>${phone}</p><p><a href="mailto:${local}@acme.com">E-Mail</a></p></div>`
    expect(
      people(
        card('Dr. Jane Müller', 'Geschäftsführerin', 'Tel. 030 / 123 456-7', 'jane.mueller') +
          card('Bob Stone', 'Head of Sales', '+1 (212) 555-0100', 'bstone') +
          card('Our Office', 'Reception', '+49 30 1234567', 'office'),
      ),
    ).toEqual({
      'jane.mueller@acme.com': 'Jane Müller / Geschäftsführerin / 030 / 123 456-7 / -',
      'bstone@acme.com': 'Bob Stone / Head of Sales / +1 (212) 555-0100 / -',
      'office@acme.com': '- / - / - / -',
    })
  })

  it('reads rows of a table', () => {
    const row = (...cells: string[]) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`
    expect(
      people(
        `<table>${row('Jane Roe', 'CEO', '+49 30 111111', 'jane.roe@acme.com')}${row('Max Meier', 'CTO', '', 'm.meier@acme.com')}</table>`,
      ),
    ).toEqual({
      'jane.roe@acme.com': 'Jane Roe / CEO / +49 30 111111 / -',
      'm.meier@acme.com': 'Max Meier / CTO / - / -',
    })
  })

  it.each([
    ['Zoé Petit', 'Assistante', 'zpetit'],
    ['Anna Nowak', 'Księgowa', 'a.nowak'],
    ['Eva Horká', 'Účetní', 'horka'],
    ['Lena Öst', 'Projektledare', 'lena.ost'],
    ['Ida Lund', 'Rådgiver', 'ida.lund'],
    ['Maria Rossi', 'Avvocata, socia', 'mrossi'],
    ['Juan Pérez', 'Ingeniero jefe', 'juan.perez'],
    ['Ivan Orlov', 'Driver', 'orlov'],
  ])('knows what %s is: %s', (name, position, local) => {
    const found = people(`<h3>${name}</h3><p>${position}</p><p>${local}@acme.com</p>`)
    expect(found).toEqual({ [`${local}@acme.com`]: `${name} / ${position.split(',')[0]} / - / -` })
  })

  it('reads lines of one paragraph', () => {
    expect(people('<p><strong>Jane Roe</strong><br>Sales Manager<br>Phone: 030 1234567<br>jane@acme.com</p>')).toEqual({
      'jane@acme.com': 'Jane Roe / Sales Manager / 030 1234567 / -',
    })
  })

  it.each([
    ['<p><a href="mailto:jane.roe@acme.com">Jane Roe</a>, Vice President</p>', 'Jane Roe / Vice President / - / -'],
    ['<p>Jane Roe &lt;jane.roe@acme.com&gt;</p>', 'Jane Roe / - / - / -'],
    [
      '<p>Please contact Jane Roe (jane.roe@acme.com) for questions about our services and products of last year.</p>',
      'Jane Roe / - / - / -',
    ],
    ['<p>Roe, Jane</p><p>jane.roe@acme.com</p>', 'Jane Roe / - / - / -'],
    ['<a href="mailto:%22Jane%20Roe%22%20%3Cjane.roe@acme.com%3E">x</a>', 'Jane Roe / - / - / -'],
    ['<h4>Prof. Dr. Jane van der Roe, M.Sc.</h4><p>jane.roe@acme.com</p>', 'Jane van der Roe / - / - / -'],
    ['<td>jane.roe@acme.com</td><td>Jane Roe</td>', 'Jane Roe / - / - / -'],
    ['<p>By Jane Roe</p><p>jane.roe@acme.com</p>', 'Jane Roe / - / - / -'],
    ['<p>Written by Jane Roe</p><p>jane@acme.com</p>', 'Jane Roe / - / - / -'],
    ['<p>Contact Jane Roe</p><p>jane@acme.com</p>', 'Jane Roe / - / - / -'],
  ])('%s', (body, expected) => expect(Object.values(people(body))).toEqual([expected]))
})

describe('no name is guessed', () => {
  it.each([
    ['where it does not fit the address', '<h3>Jane Roe</h3><p>bob.stone@acme.com</p>'],
    ['for a mailbox of an office', '<h3>Contact Us</h3><p>info@acme.com</p>'],
    [
      'beyond the next address',
      '<h3>Jane Roe</h3><p>info@acme.com</p><p>x</p><p>jroe@acme.com</p><p>Bob</p>'.replace('jroe', 'bob'),
    ],
    ['from words of a menu', '<p>Sales Team</p><p>Sales Support</p><p>sales.support@acme.com</p>'],
    ['from an abbreviation', '<p>Debian CD-ROM</p><p>debian-cd@acme.com</p>'],
    ['from two letters', '<h3>Jane Roe</h3><p>jr@acme.com</p>'],
    ['from far away', `<h3>Jane Roe</h3>${'<p>text</p>'.repeat(9)}<p>jane.roe@acme.com</p>`],
  ])('%s', (_, body) => {
    for (const facts of Object.values(people(body))) expect(facts).toMatch(/^- \/ - /)
  })

  it('and no phone number from dates, hashes and years', () => {
    expect(
      people('<h3>Jane Roe</h3><p>2019 - 2024</p><p>12.03.2024 10:00</p><p>a59751238f</p><p>jane.roe@acme.com</p>'),
    ).toEqual({
      'jane.roe@acme.com': 'Jane Roe / - / - / -',
    })
  })
})

describe('structured data', () => {
  it('of JSON-LD', () => {
    const data = {
      '@type': 'Person',
      name: 'Jane Roe',
      email: 'mailto:jane@acme.com',
      jobTitle: 'CEO',
      telephone: '+49 30 1234567',
      worksFor: {
        '@type': 'Organization',
        name: 'Acme',
        contactPoint: { email: 'info@acme.com', contactType: 'sales' },
      },
    }
    expect(people(`<script type="application/ld+json">${JSON.stringify(data)}</script>`)).toEqual({
      'jane@acme.com': 'Jane Roe / CEO / +49 30 1234567 / Acme',
      'info@acme.com': '- / - / - / Acme',
    })
  })

  it('of JSON-LD, where what a contact is for is in its words, and no position', () => {
    const data = { '@type': 'ContactPoint', contactType: 'customer support', email: 'help@acme.com' }
    const { emails } = extractPage({
      url: 'https://www.acme.com/',
      body: `<script type="application/ld+json">${JSON.stringify(data)}</script>`,
      contentType: 'text/html',
    })
    expect(emails).toMatchObject([{ snippet: 'contactType: customer support, email: help@acme.com' }])
    expect(emails[0]).not.toHaveProperty('position')
  })

  it('of microdata, with the firm as an item of its own', () => {
    expect(
      people(`<div itemscope itemtype="https://schema.org/Person"><h2 itemprop="name">Jane Roe</h2><p itemprop="jobTitle">CEO</p>
        <a itemprop="telephone" href="tel:+4930123">030 1234567</a><a itemprop="email" href="mailto:jane@acme.com">x</a>
        <p itemprop="worksFor" itemscope itemtype="https://schema.org/Organization"><b itemprop="name">Acme</b></p></div>
        <div itemscope itemtype="https://schema.org/LocalBusiness"><b itemprop="name">Acme</b><b itemprop="email">info@acme.com</b></div>`),
    ).toEqual({ 'jane@acme.com': 'Jane Roe / CEO / 030 1234567 / Acme', 'info@acme.com': '- / - / - / Acme' })
  })

  it.each([
    [
      'hCard',
      '<div class="vcard"><span class="fn">Jane Roe</span><span class="title">CEO</span><span class="org">Acme</span><a class="email" href="mailto:jane@acme.com">x</a><span class="tel">030 123</span></div>',
    ],
    [
      'h-card',
      '<div class="h-card"><a class="p-name u-email" href="mailto:jane@acme.com">Jane Roe</a><b class="p-job-title">CEO</b><b class="p-org">Acme</b><b class="p-tel">030 123</b></div>',
    ],
    [
      'RDFa',
      '<div vocab="http://schema.org/" typeof="Person"><b property="name">Jane Roe</b><b property="jobTitle">CEO</b><b property="worksFor">Acme</b><b property="telephone">030 123</b><b property="email">jane@acme.com</b></div>',
    ],
    [
      'vCard',
      '<pre>BEGIN:VCARD\nFN:Jane Roe\nORG:Acme;Sales\nTITLE:CEO\nTEL;TYPE=work:030 123\nEMAIL:jane@acme.com\nEND:VCARD</pre>',
    ],
  ])('of %s', (_, body) => expect(people(body)).toEqual({ 'jane@acme.com': 'Jane Roe / CEO / 030 123 / Acme' }))
})
