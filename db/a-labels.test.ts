import { expect, test } from 'vitest'

import { inALabels } from './a-labels.ts'

test.each([
  ['bücher.de', 'xn--bcher-kva.de'],
  ['Bücher', 'xn--bcher-kva'],
  ['jörg@bücher.d', 'jörg@xn--bcher-kva.d'],
  ['https://почта.рф/', 'https://xn--80a1acny.xn--p1ai/'],
  ['straße.de', 'xn--strae-oqa.de'],
  ['bücher.1.2', 'xn--bcher-kva.1.2'],
  ['jörg@', 'jörg@'],
  ['Example.com', 'Example.com'],
  ['ü\0%_', 'xn--tda\0%_'],
  ['', ''],
])('%j becomes %j', (text, spelled) => expect(inALabels(text)).toBe(spelled))
