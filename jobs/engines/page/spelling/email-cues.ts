import { suffixFacts } from '../../address/public-suffix.ts'

/**
 * Whether the words before a doubtful form speak of mail, or its local part is one that hardly stands before "at" in a sentence: enough to take
 * "info at acme.com" and "Mail: jane at acme.com" for addresses and to leave "available at acme.com" and "mail servers at acme.com" alone.
 */
export function speaksOfMail(before: string, local: string): boolean {
  const lower = local.toLowerCase()
  return offices.has(lower) || isPersonal(lower) || cue.test(before.slice(-48))
}

const offices = new Set(
  `info infos kontakt webmaster postmaster hostmaster abuse noreply enquiries inquiries sekretariat buero biuro poststelle verwaltung
  redaktion redaktionen contacto contato contatti helpdesk hello hallo office admin`.split(/\s+/),
)

/** "jane.doe", "j_doe"; not "setup.py" and not "acme.com". */
function isPersonal(local: string): boolean {
  return (
    /^\p{L}+(?:[._]\p{L}{2,})+$/u.test(local) &&
    !suffixFacts(local).knownSuffix &&
    !/\.(?:txt|html?|php|js|css|json|ya?ml|xml|conf|cfg|log|exe|gz|jar|java|cpp|go|rb|ini|sql|csv|pdf|docx?)$/.test(
      local,
    )
  )
}

const cue =
  /(?:e-?mail|mailto|mail|contact|kontakt|contatto|contacto|correo|courriel|poczta|posta|e-?post|sähköposti|почта|пошта|メール|邮箱|電子郵件|이메일|adresse|address|write|reach|schreib\w*|écri\w*|escrib\w*|scriv\w*|send)(?:(?:\s+(?:me|us|uns|him|her|them))?\s*[:>(–-]\s*|\s+(?:(?:me|us|uns|a|an|à|to|bei)\s+){1,2})$/i

/** Words that often stand before "at" or "@" in sentences, and are nobody's name. */
export function isStopWord(local: string): boolean {
  return (
    stopWords.has(local.toLowerCase()) || /^[a-z]{3,}ing$/i.test(local) || /^[\d.,:-]+(?:am|pm|h|uhr)?$/i.test(local)
  )
}

const stopWords = new Set(
  `a all also am an and any anytime are around as available away back be been being best book both but buy by call came can check click come
  contact-us days dead deal did directly do done down due each early either else elsewhere email-us employed even ever everyone fans find
  first follow for found free friday friends from fun get go going good got great had happy has have held her here him his home hosted how i
  if in info-page is it its join just keep know last late later learn least leave left like list listed live located long look looked looks
  lot love lunch made main me meet met million monday month more most much my name near new next night no noon not nothing now of off ok on once
  one online only open or order our ours out over own page part people per play please point posted price published read register right
  sale-items saturday saw see seen she shop show sign site so some sold someone soon speak staff-only stand start started starts stay still
  stop such sunday take talk team-up tell than thanks that the their them then there these they this those thursday time times to today
  together tomorrow tonight too tuesday until up us use used version very via view visit was watch way we wednesday week well went were what
  when where which who will win with work worked works world would year years yes yet you your yours`.split(/\s+/),
)
