import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { decodeBody } from './decode-body.ts'

const latin1 = (text: string) => Buffer.from(text, 'latin1')

test.each<[what: string, bytes: Uint8Array, contentType: string | undefined, text: string, charset: string]>([
  ['the header', latin1('<p>M\u00fcller'), 'text/html; charset=ISO-8859-1', '<p>Müller', 'windows-1252'],
  ['a quoted header', Buffer.from('<p>Müller'), 'text/html; Charset="UTF-8"', '<p>Müller', 'utf-8'],
  ['a mark before the header', Buffer.from('\ufeff<p>Müller'), 'text/html; charset=iso-8859-1', '<p>Müller', 'utf-8'],
  ['UTF-16 with its mark', Buffer.from('\ufeff<p>Müller', 'utf16le'), 'text/html', '<p>Müller', 'utf-16le'],
  ['UTF-16 by the header', Buffer.from('<p>Müller', 'utf16le'), 'text/html; charset=utf-16', '<p>Müller', 'utf-16le'],
  [
    'meta charset',
    latin1('<meta charset=windows-1251><p>\u00ec\u00e8\u00f0'),
    'text/html',
    '<meta charset=windows-1251><p>мир',
    'windows-1251',
  ],
  [
    'meta http-equiv',
    latin1('<meta http-equiv="Content-Type" content="text/html; charset=koi8-r"><p>\u00cd\u00c9\u00d2'),
    'text/html',
    '<meta http-equiv="Content-Type" content="text/html; charset=koi8-r"><p>мир',
    'koi8-r',
  ],
  [
    'XML declaration',
    latin1('<?xml version="1.0" encoding="ISO-8859-1"?><p>\u00fc</p>'),
    'application/xml',
    '<?xml version="1.0" encoding="ISO-8859-1"?><p>ü</p>',
    'windows-1252',
  ],
  ['Shift_JIS', Buffer.from([0x93, 0xfa, 0x96, 0x7b]), 'text/html; charset=Shift_JIS', '日本', 'shift_jis'],
  ['nothing said, UTF-8', Buffer.from('<p>Müller'), undefined, '<p>Müller', 'utf-8'],
  ['nothing said, not UTF-8', latin1('<p>M\u00fcller'), undefined, '<p>Müller', 'windows-1252'],
  ['an unknown charset', latin1('<p>M\u00fcller'), 'text/html; charset=martian', '<p>Müller', 'windows-1252'],
  ['a header that lies about UTF-8', Buffer.from('<p>Müller'), 'text/html; charset=iso-8859-1', '<p>Müller', 'utf-8'],
  ['a header that claims UTF-8', latin1('<p>M\u00fcller'), 'text/html; charset=utf-8', '<p>Müller', 'windows-1252'],
  [
    'a header that claims UTF-8 before a meta that knows better',
    latin1('<meta charset=koi8-r><p>\u00cd\u00c9\u00d2'),
    'text/html; charset=utf-8',
    '<meta charset=koi8-r><p>мир',
    'koi8-r',
  ],
  [
    'UTF-8 with a slip',
    Buffer.concat([Buffer.from('<p>Müller, Jäger, Köhler'), latin1('\u00fc')]),
    'text/html; charset=utf-8',
    '<p>Müller, Jäger, Köhler\ufffd',
    'utf-8',
  ],
  ['a header that claims UTF-16', Buffer.from('<p>Müller'), 'text/html; charset=utf-16le', '<p>Müller', 'utf-8'],
  [
    'a meta that claims UTF-16',
    Buffer.from('<meta charset="utf-16"><p>ü'),
    'text/html',
    '<meta charset="utf-16"><p>ü',
    'utf-8',
  ],
  ['nothing', Buffer.from(''), 'text/html', '', 'utf-8'],
])('%s', (_what, bytes, contentType, text, charset) => {
  expect(decodeBody(bytes, contentType)).toEqual({ text, charset })
})

test('reads any bytes and any header', () => {
  const header = fc.option(
    fc.oneof(
      fc.string(),
      fc.string().map((label) => `text/html; charset=${label}`),
    ),
    { nil: undefined },
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), header, (bytes, contentType) => {
      expect(decodeBody(bytes, contentType).text.isWellFormed()).toBe(true)
    }),
  )
})
