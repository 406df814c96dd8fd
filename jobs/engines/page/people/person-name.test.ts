import { describe, expect, it } from 'vitest'

import { bareName, likeness, looksLikeName } from './person-name.ts'

describe('likeness of a name and a local part', () => {
  it.each([
    ['Jane Roe', 'jane.roe', 2],
    ['Jane Roe', 'roe.jane', 2],
    ['Jane Roe', 'janeroe', 2],
    ['Jane Roe', 'jroe', 2],
    ['Jane Roe', 'j.roe', 2],
    ['Jane Roe', 'janer', 2],
    ['Jane Roe', 'jane_roe42', 2],
    ['Jane Roe', 'jane.roe+news', 2],
    ['Jane Roe', 'jane', 1],
    ['Jane Roe', 'roe', 1],
    ['Jane Roe', 'bob', 0],
    ['Jane Roe', 'jr', 0],
    ['Jane Roe', 'info', 0],
    ['Jane Maria Roe', 'jmroe', 2],
    ['Jane Maria Roe', 'jane.roe', 2],
    ['Jane Maria Roe', 'jmr', 1],
    ['Jörg Müller', 'joerg.mueller', 2],
    ['Jörg Müller', 'jorg.muller', 2],
    ['Søren Åström', 's.astrom', 2],
    ['Łukasz Żak', 'lukasz.zak', 2],
    ['François Lefèvre', 'francois.lefevre', 2],
    ['Hans-Peter Groß', 'hans-peter.gross', 2],
    ['Дмитрий Иванов', 'дмитрий.иванов', 2],
    ['', 'jane', 0],
  ])('%j and %j: %i', (name, local, score) => expect(likeness(name, local)).toBe(score))
})

describe('what looks like a name', () => {
  it.each([
    'Jane Roe',
    'Jane van der Roe',
    'J. R. Roe',
    'Jean-Luc Étienne',
    "Sinéad O'Connor",
    'Jeanne DUPONT-ROY',
    'Jane LI-XU',
    'Anne LE-ROY',
    'Élise LÉ-GAY',
    'Kim Lee-Ho',
    '山田 太郎',
  ])('%s does', (text) => expect(looksLikeName(text)).toBe(true))
  it.each([
    'Jane',
    'jane roe',
    'Contact Us',
    'Sales Team',
    'Phone 030',
    'Read More',
    'Head of Sales',
    'a@b c@d',
    'Jane Roe Jane Roe Jane Roe',
    'Debian CD-ROM',
    'Debian CD-R',
    'Debian CD-RW',
    'Stack TCP-IP',
    'Port USB-A',
  ])('%s does not', (text) => expect(looksLikeName(text)).toBe(false))
})

describe('the name alone', () => {
  it.each([
    ['Dr. Jane Roe', 'Jane Roe'],
    ['Prof. Dr. med. Jane Roe', 'Jane Roe'],
    ['Dipl.-Ing. Jane Roe', 'Jane Roe'],
    ['Frau Jane Roe', 'Jane Roe'],
    ['Jane Roe, Ph.D.', 'Jane Roe'],
    ['Jane Roe, MBA', 'Jane Roe'],
    ['Drew Roe', 'Drew Roe'],
    ['Frank Roe', 'Frank Roe'],
    ['Prof Roe', 'Roe'],
    ['By Jane Roe', 'Jane Roe'],
    ['Written by Dr. Jane Roe', 'Jane Roe'],
    ['posted by Jane Roe', 'Jane Roe'],
    ['Contact Jane Roe', 'Jane Roe'],
    ['Byron Roe', 'Byron Roe'],
  ])('%s', (text, name) => expect(bareName(text)).toBe(name))
})
