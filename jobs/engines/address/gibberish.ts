/** From here on an address is called gibberish: of 48,347 words and names of 73 languages it is wrong about one. */
const alarmBits = 12
/** What a letter at random costs: log2 of 26. */
const randomBits = 4.7
/** A change between letter and digit; two are usual (`anna1985`), more come from machines. */
const changeBits = 3
const usualChanges = 2

/** Whether a local part, in lower case, looks like keys hit at random or the number of a machine. Says no where it cannot tell. */
export function isGibberish(local: string): boolean {
  return gibberishBits(local) > alarmBits
}

/**
 * How much better chance explains the letters than language does, in bits; never negative. Each run of six letters or more is weighed by
 * itself (shorter ones are initials and abbreviations): the bits that each letter after another costs in words, against the same at
 * random. Letters beyond a-z are taken without their accents; other scripts are not judged.
 */
export function gibberishBits(local: string): number {
  const folded = beyondAscii.test(local) ? withoutAccents(local) : local
  if (beyondAscii.test(folded)) return 0
  let bits = 0
  for (const [word] of folded.matchAll(/[a-z]{6,}/g)) bits += Math.max(0, wordBits(word))
  const changes = folded.match(/[a-z](?=\d)|\d(?=[a-z])/g)?.length ?? 0
  return bits + Math.max(0, changes - usualChanges) * changeBits
}

const beyondAscii = /[^\x21-\x7e]/

function withoutAccents(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').replaceAll('ß', 'ss').replaceAll('ø', 'o').replaceAll('ł', 'l')
}

function wordBits(word: string): number {
  let bits = 0
  for (let i = 1; i < word.length; i++) {
    const halfBits = Number.parseInt(followers[word.charCodeAt(i - 1) - 97]![word.charCodeAt(i) - 97]!, 36)
    bits += halfBits / 2 - randomBits
  }
  return bits
}

/**
 * Half bits that each letter a-z costs after a letter, in base 36: -2·log2 of its share among what follows. Counted over the 48,347
 * different given names, surnames, cities and dictionary words of all 73 locales of @faker-js/faker 10.1.0 (MIT) in Latin letters,
 * without accents, half a count added to each pair.
 */
const followers = [
  'fba9feacbdb7a5hck698bbeicc', // a
  '4cid4nlc7fg9lg6ps7dh8llsdk', // b
  '6kbl6nm47i8bij6mjbbdaittfb', // c
  '5glc5jgc6ggcge6lo8df8eftcc', // d
  'cdbadeaeaea7a6edl589ebeged', // e
  '6knn58jh6ih9hi6kq6ea7qkqei', // f
  '5cke5hba7kf9fa7jp8be8ihsaj', // g
  '4hnj5iih6jhacb6jn9eb8gdpck', // h
  '8c7a8eagjea8a6adi979ecijfc', // i
  '3gcc5ihf7gcefc6hpjbb7hlphf', // j
  '5hhi6lld7kdage5ip9bc8gftcm', // k
  '5ddb5eef5ed7cd7emhcb9dirah', // l
  '4afi5hhh5lgebf6amedg8mmtei', // m
  '6fb87f8f7dbgha8kmh98cghpbd', // n
  'ebbafdbdeec796dck68aa7bieb', // o
  '5kgm5dla7je9mi69r6dc8lmrfj', // p
  '9ggjjjjjbjjjjgajgjeg1dgjjj', // q
  '5dca6fbe6hccca7gkba9aefrcc', // r
  '7f8j6hia7k9bde8big96aeeuf9', // s
  '5jhl5hj96jebgf6lu8c99ggucd', // t
  'b9999cacbea696fbm668ieehfc', // u
  '3ngh5llk4kgcsg7mscdkckppfl', // v
  '4jih5hhc5jfcib7jpc8gapmpdm', // w
  '5g9j6gje5jfjbg97geg7bggfcd', // x
  '6ccb7gegajbab88eqb9cafimhg', // y
  '5ddb5jfg5lccdc7imgca9eeraa', // z
]
