/** Smaller is fetched first. `listed`: an ordinary page that only a sitemap names. */
export const priorities = { start: 0, contact: 1, people: 2, likely: 3, ordinary: 5, listed: 6, unlikely: 7 } as const

/**
 * How soon a page should be fetched, by the words of its path: contact and imprint pages first, then pages about the house and its people, last what
 * repeats other pages. For the main European languages.
 */
export function priorityOf(url: string): number {
  const rest = url.slice(url.indexOf('/', url.indexOf('//') + 2))
  const words = wordsOf(rest)
  const best = priorityOfWords(words)
  return best === priorities.ordinary && isUnlikely(rest, words) ? priorities.unlikely : best
}

/** The same by the words of a link to it, which tell where its path does not. */
export function priorityOfText(linkText: string): number {
  return linkText.length > 60 ? priorities.ordinary : priorityOfWords(wordsOf(linkText))
}

function wordsOf(text: string): string[] {
  return plain(decoded(text))
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean)
}

function decoded(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text // not UTF-8: its ASCII words still count
  }
}

/** Lower case without accents: `Über` → `uber`. */
function plain(text: string): string {
  const lower = text.toLowerCase()
  // oxlint-disable-next-line no-control-regex -- ASCII is what most paths are, and needs no more
  return /^[\x00-\x7f]*$/.test(lower)
    ? lower
    : lower
        .normalize('NFKD')
        .replaceAll(/\p{M}/gu, '')
        .replaceAll('ß', 'ss')
        .replaceAll('ł', 'l')
        .replaceAll('ø', 'o')
        .replaceAll('æ', 'ae')
}

function priorityOfWords(words: string[]): number {
  let best: number = priorities.ordinary
  for (let i = 0; i < words.length && best > priorities.contact; i++) {
    const word = words[i]!
    const pair = i + 1 < words.length ? `${word}-${words[i + 1]}` : word
    best = Math.min(
      best,
      priorityOfWord.get(word) ?? priorities.ordinary,
      priorityOfWord.get(pair) ?? priorities.ordinary,
      stemOf(word),
    )
  }
  return best
}

/** Compounds, as in `kontaktformular` and `mitarbeiterverzeichnis`. */
function stemOf(word: string): number {
  if (word.length < 8) return priorities.ordinary
  if (contactStems.some((stem) => word.startsWith(stem))) return priorities.contact
  return peopleStems.some((stem) => word.startsWith(stem)) ? priorities.people : priorities.ordinary
}

const contactStems = ['kontakt', 'contact', 'impressum']
const peopleStems = [
  'mitarbeit',
  'ansprech',
  'medarbet',
  'medarbej',
  'medewerk',
  'zamestnan',
  'pracowni',
  'munkatars',
  'ueberuns',
]

// Without accents. Two words as they stand beside each other in a path or a link.
const contactWords = `
  contact contacts contactus contact-us get-in-touch reach-us imprint legal-notice legal-disclosure
  kontakt kontakte impressum anbieterkennzeichnung
  contacter contactez nous-contacter contactez-nous coordonnees mentions-legales
  contacto contactos contactenos contactanos aviso-legal
  contatti contatto contattaci note-legali
  contato contatos fale-conosco contactar
  contacteer colofon colophon
  kontakty kontakti kontaktai kontakta kontaktid kontaktinfo kontaktujte kontaktirajte kontaktperson
  yhteystiedot ota-yhteytta kapcsolat elerhetoseg elerhetosegek impresszum
  epikoinonia επικοινωνια контакты контакти контакт контакте iletisim kunye tiraz impresum impressumi redaktion`

const peopleWords = `
  about aboutus about-us who-we our-team our-people team teams staff people persons person faculty leadership management board directors employees directory
  members committee attorneys lawyers doctors professors researchers departments organisation organization
  ueber-uns uber-uns wir-uber wir-ueber mitarbeiter mitarbeitende mitarbeiterinnen ansprechpartner ansprechpartnerinnen ansprechpersonen vorstand
  leitung geschaftsfuhrung geschaeftsfuehrung belegschaft kollegium lehrkrafte mitglieder verwaltung abteilungen personen
  a-propos apropos qui-sommes equipe equipes personnel collaborateurs annuaire membres direction
  quienes-somos sobre-nosotros acerca-de equipo personal directorio plantilla profesores
  chi-siamo squadra collaboratori docenti organigramma direzione
  quem-somos sobre-nos equipa
  over-ons ons-team medewerkers bestuur
  om-oss om-os tietoa-meista meista henkilokunta henkilosto medarbetare medarbejdere medarbeidere ansatte anstallda personale
  o-nas o-firmie o-spolecnosti zespol pracownicy kadra tym lide zamestnanci ludia
  rolunk csapat csapatunk munkatarsak despre-noi echipa za-nas o-nama ekipa meie-meeskond meeskond komanda par-mums apie-mus
  о-нас о-компании команда сотрудники про-нас екип hakkimizda ekibimiz poioi-eimaste ομαδα σχετικα`

const likelyWords = `
  press presse prensa stampa imprensa media newsroom privacy datenschutz confidentialite privacidad dataprotection
  support help hilfe service kundenservice assistance ayuda locations standorte filialen stores dealers haendler handler offices branches agenzie agences
  careers jobs karriere stellen empleo carriere lavora-con sales vertrieb partners partner sponsors authors author autoren redaction editorial`

const priorityOfWord = new Map<string, number>([
  ...listed(likelyWords, priorities.likely),
  ...listed(peopleWords, priorities.people),
  ...listed(contactWords, priorities.contact),
])

function listed(words: string, priority: number): [string, number][] {
  return words
    .trim()
    .split(/\s+/)
    .map((word) => [word, priority])
}

const unlikelyWords = new Set(
  `tag tags archive archives archiv calendar kalender calendario calendrier agenda login signin signup register registrierung anmelden logout cart basket checkout
   warenkorb panier carrito search suche recherche feed rss print download downloads gallery galerie wishlist compare`.split(
    /\s+/,
  ),
)

/** Further pages of a list, archives by date, shops' and blogs' machinery. */
function isUnlikely(path: string, words: string[]): boolean {
  if (words.some((word) => unlikelyWords.has(word))) return true
  return (
    /[/?&](?:page|p|paged|seite|offset|start|sort|order|dir|filter|view|replytocom|month|year|date|day)[=/]\w/i.test(
      path,
    ) || /\/(?:19|20)\d\d\/(?:0?[1-9]|1[0-2])(?:\/|$)/.test(path)
  )
}
