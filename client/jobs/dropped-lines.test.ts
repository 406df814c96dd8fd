import { expect, test } from 'vitest'

import { linesOfFile, linesOfPasted } from './dropped-lines.ts'

test.each([
  ['list.txt', 'a.example\r\n\r\n b.example \nc.example', ['a.example', 'b.example', 'c.example']],
  ['list.csv', '\uFEFFa.example;Anna\n"b,example",2\n"say ""hi""",3\n', ['a.example', 'b,example', 'say "hi"']],
  ['list.tsv', 'a.example\tx', ['a.example']],
])('%s gives its entries', async (name, text, lines) => {
  expect(await linesOfFile(new File([text], name))).toEqual(lines)
})

test('what is no list says so', async () => {
  await expect(linesOfFile(new File(['a\0b'], 'photo.jpg'))).rejects.toThrow('“photo.jpg” is no text file.')
  await expect(linesOfFile(new File(['x\n'.repeat(100_001)], 'big.txt'))).rejects.toThrow('more than 100,000 lines')
})

test.each([
  ['ada@example.com; ben@example.org;', 'ada@example.com\nben@example.org'],
  ['ada@example.com, ben@example.org\nclara@example.net', 'ada@example.com\nben@example.org\nclara@example.net'],
  ['Ada Abel <ada@example.com>; Brandt, Ben <ben@example.org>', 'ada@example.com\nben@example.org'],
  ['Brandt, Ben <ben@example.org>', 'Brandt, Ben <ben@example.org>'],
  ['"a,b"@example.com', '"a,b"@example.com'],
  ['example.com, example.org', 'example.com, example.org'],
  ['ada@example.com, no address', 'ada@example.com, no address'],
  ['ada@example.com\r\n\r\n', 'ada@example.com\n\n'],
])('%j is pasted as %j', (text, lines) => {
  expect(linesOfPasted(text)).toBe(lines)
})
