/** What the text before the `@` tells of who reads there. In lower case. */
export type LocalPartKind = 'no-reply' | 'role' | 'person' | 'machine' | 'other'

export function localPartKind(local: string): LocalPartKind {
  const task = taskOf(local)
  if (task !== undefined) return task
  const stem = local.split('+', 1)[0]!
  return /^\p{L}+[._-]\p{L}+([._-]\p{L}+)?\d{0,4}$/u.test(stem) ? 'person' : 'other'
}

/** For whom the mail is where that is no person by name: undefined where it may be one. */
export function taskOf(local: string): 'no-reply' | 'machine' | 'role' | undefined {
  const stem = local.split('+', 1)[0]!
  const letters = stem.replace(/[._-]/g, '')
  if (noReply.has(letters) || letters.startsWith('noreply') || letters.startsWith('donotreply')) return 'no-reply'
  if (machines.has(stem) || stem.endsWith('-bounces') || stem.endsWith('-request') || stem.startsWith('owner-'))
    return 'machine'
  return isRole(stem) ? 'role' : undefined
}

/** `info`, `sales`, `kontakt`, `info.berlin`, `sales-asia`: read by whoever has the task. RFC 2142 and what sites use. */
export function isRole(local: string): boolean {
  if (roles.has(local)) return true
  const cut = local.search(/[._\-+\d]/)
  return cut > 0 && roles.has(local.slice(0, cut))
}

const noReply = new Set(
  'noreply noreplies donotreply dontreply neverreply nicht-antworten nepasrepondre noresponder naorespon'.split(' '),
)

const machines = new Set(
  'mailer-daemon mailerdaemon majordomo listserv bounce bounces nobody daemon uucp root cron www-data httpd'.split(' '),
)

const roles = new Set(
  `abuse account accounting accounts admin administracion administration administrator admissions advertising anfrage anfragen assistance
  ausbildung bestellung bestellungen bewerbung billing biuro board booking bookings buchhaltung buchung buero bureau business career
  careers ceo cfo claims commercial comercial commerciale compliance compras comptabilite comunicacion comunicazione contact contacto
  contactus contato contatti correo courrier customer customercare customerservice datenschutz delivery desk dev developers direction
  direccion direzione donate donations dpo dsgvo editor editorial education einkauf email empfang empleo enquiries enquiry events export
  facturacion faktura feedback finance frontdesk gdpr general gerencia guest hallo hello help helpdesk hola hostmaster hr info
  information informatie informacion informacja informacje infos inquiries inquiry international invest investor investors invoice
  invoices it jobs karriere klantenservice kontakt kontor kundendienst kundenservice kundservice legal library licensing logistics
  logistik mail mailbox management marketing media membership moderator news newsletter office ombudsman operations orders partner
  partners payments payroll personal post poststelle postmaster pr praktikum praxis prensa presse press principal privacy production
  projects purchasing quality questions reception recepcion rechnung recruiting recruitment redaktion redazione registrar registration
  rental rentals request reservas reservation reservations reservierung returns rezeption rh rsvp sale sales salg secretariat
  secretaria secretary security segreteria sekretariat service services servicedesk servicio shipping shop soporte spam spende sponsor
  sponsorship staff store studio submissions submit subscribe suggestions sugerencias support sysadmin team technical technik technologie
  termin tickets training travel treasurer unsubscribe usenet vente ventes ventas vendas verkauf vertrieb verwaltung volunteer web
  webadmin webinfo webmaster website welcome wholesale willkommen zakelijk zamowienia zentrale`.split(/\s+/),
)
