import { isRole } from '../address/local-part.ts'

/**
 * Whether the words before a doubtful form speak of mail, or its local part is one that only an address has: enough to take "info at acme.com"
 * for an address and to leave "available at acme.com" alone.
 */
export function speaksOfMail(before: string, local: string): boolean {
  return isRole(local.toLowerCase()) || /[a-z][._\d-]|\d[a-z]/i.test(local) || cue.test(before.slice(-48))
}

const cue =
  /(?:e-?mail|mail|mailto|contact|kontakt|contatt|contact[eo]|correo|courriel|poczta|posta|e-?post|epost|sähköposti|почта|пошта|メール|邮箱|電子郵件|이메일|adresse|address|write|reach|schreib\w*|écri\w*|escrib\w*|scriv\w*|send)(?:\s+(?:me|us|to|uns|an|à|a|un|bei|at))*[\s:\-–>(]*$/i

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
  lot love lunch made main me meet met million monday month more most much my near new next night no noon not nothing now of off ok on once
  one online only open or order our ours out over own page part people per play please point posted price published read register right
  sale-items saturday saw see seen she shop show sign site so some sold someone soon speak staff-only stand start started starts stay still
  stop such sunday take talk team-up tell than thanks that the their them then there these they this those thursday time times to today
  together tomorrow tonight too tuesday until up us use used version very via view visit was watch way we wednesday week well went were what
  when where which who will win with work worked works world would year years yes yet you your yours`.split(/\s+/),
)
