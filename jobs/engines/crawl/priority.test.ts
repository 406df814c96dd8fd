import { expect, test } from 'vitest'

import { priorities, priorityOf, priorityOfText } from './priority.ts'

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

test.each([
  ['Kontakt & Anfahrt', 'contact'],
  ['Unser Team', 'people'],
  ['Wie unser Team im Sommer an einem langen Tag den See umrundete und ankam', 'ordinary'],
  ['more', 'ordinary'],
  ['', 'ordinary'],
] as const)('a link that says "%s": %s', (text, expected) => {
  expect(priorityOfText(text)).toBe(priorities[expected])
})
