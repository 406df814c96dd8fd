import { expect, test } from 'vitest'

import { priorities, priorityOf } from './priority.ts'

test.each([
  ['/contact', 'contact'],
  ['/contact-us.html', 'contact'],
  ['/en/ContactUs.aspx', 'contact'],
  ['/de/kontakt/', 'contact'],
  ['/kontaktformular.php', 'contact'],
  ['/impressum', 'contact'],
  ['/mentions-legales', 'contact'],
  ['/nous-contacter', 'contact'],
  ['/contatti', 'contact'],
  ['/contacto', 'contact'],
  ['/fale-conosco', 'contact'],
  ['/yhteystiedot', 'contact'],
  ['/kapcsolat', 'contact'],
  ['/%D0%BA%D0%BE%D0%BD%D1%82%D0%B0%D0%BA%D1%82%D1%8B', 'contact'],
  ['/%CE%B5%CF%80%CE%B9%CE%BA%CE%BF%CE%B9%CE%BD%CF%89%CE%BD%CE%AF%CE%B1', 'contact'],
  ['/about', 'people'],
  ['/about-us/team/jane', 'people'],
  ['/%C3%9Cber-uns', 'people'],
  ['/ueber-uns/', 'people'],
  ['/mitarbeiterverzeichnis', 'people'],
  ['/qui-sommes-nous', 'people'],
  ['/%C3%A9quipe', 'people'],
  ['/chi-siamo', 'people'],
  ['/quienes-somos', 'people'],
  ['/o-nas', 'people'],
  ['/om-oss', 'people'],
  ['/rolunk', 'people'],
  ['/zespo%C5%82', 'people'],
  ['/staff?dept=2', 'people'],
  ['/press', 'likely'],
  ['/standorte/berlin', 'likely'],
  ['/', 'ordinary'],
  ['/products/widget', 'ordinary'],
  ['/impressive-views', 'ordinary'],
  ['/steamship', 'ordinary'],
  ['/%E4%F6', 'ordinary'],
  ['/blog?page=7', 'unlikely'],
  ['/blog/page/7', 'unlikely'],
  ['/tag/blue', 'unlikely'],
  ['/2026/11/', 'unlikely'],
  ['/calendar?month=3', 'unlikely'],
  ['/login', 'unlikely'],
] as const)('%s: %s', (path, expected) => {
  expect(priorityOf(`https://example.com${path}`)).toBe(priorities[expected])
})

test('the words of a link count where its URL says nothing', () => {
  expect(priorityOf('https://example.com/?id=7', 'Kontakt & Anfahrt')).toBe(priorities.contact)
  expect(priorityOf('https://example.com/?id=8', 'Unser Team')).toBe(priorities.people)
  expect(priorityOf('https://example.com/?id=9', 'Wie unser Team im Sommer an einem langen Tag den See umrundete und ankam')).toBe(priorities.ordinary)
})
