/**
 * Whether an address only shows where one would stand: `you@example.com`, `name@yourdomain.com`, `vorname.nachname@firma.de`. Domain in
 * A-label form, local part in lower case, `registrable` as the public suffix list has it.
 */
export function isPlaceholder(local: string, domain: string, registrable: string | undefined): boolean {
  if (isPlaceholderDomain(domain, registrable)) return true
  const name = nameOf(registrable)
  const stem = local.split('+', 1)[0]!
  if (placeholderLocals.has(stem) || placeholderShapes.test(stem)) return true
  // "a@b.com", "test@test.com", "john@doe.com"
  if ((local.length === 1 && name.length === 1) || (local === name && genericLocals.has(local))) return true
  // "aaa@bbb.com", "xxx@yyy.com"
  if (oneLetter.test(local) && oneLetter.test(name)) return true
  if (name === 'doe' && /^(?:john|jane|joe)$/.test(local)) return true
  return genericNames.has(name) && genericLocals.has(local)
}

/** Whether no address there is anybody's: `example.com`, `acme.example`, `yourdomain.com`. */
export function isPlaceholderDomain(domain: string, registrable: string | undefined): boolean {
  const labels = domain.split('.')
  if (reservedTlds.has(labels.at(-1)!)) return true
  return labels.some((label) => placeholderLabels.has(label)) || placeholderNames.has(nameOf(registrable))
}

function nameOf(registrable: string | undefined): string {
  return registrable?.slice(0, registrable.indexOf('.')) ?? ''
}

// RFC 2606 §2, RFC 6761, RFC 9476, and the names that home routers and intranets hand out. `.test` is not among them: test
// installations of real sites live there, while these name nothing.
const reservedTlds = new Set(['example', 'invalid', 'localhost', 'local', 'localdomain', 'alt', 'onion'])

/** At any place of the domain. */
const placeholderLabels = new Set(
  `your yourdomain your-domain mydomain my-domain somedomain some-domain anydomain thedomain domainname domain-name yourcompany
  your-company your-isp yourisp your-host yourhost your-server yourserver your-site yoursite your-provider yourprovider`.split(
    /\s+/,
  ),
)

/** What somebody registered, before its suffix: `example` of `www.example.co.uk`. RFC 2606 §3, and what others write in its place. */
const placeholderNames = new Set(
  `example exemple beispiel beispieldomain beispiel-domain ejemplo esempio exemplo voorbeeld przyklad priklad exempel eksempel esimerkki
  ornek domain domains domaine dominio domein domena domene mondomaine midominio miodominio tudominio tuodominio meinedomain meine-domain
  deinedomain deine-domain ihredomain ihre-domain votredomaine votre-domaine uwdomein jouwdomein suodominio seudominio yourwebsite
  yourname youremail yourorganization yourorganisation yourschool yourbusiness yourstore yourshop yourapp yourbrand mycompany myorganization myorganisation mysite
  mywebsite foo bar baz foobar foobarbaz mustermann musterfirma musterdomain somecompany otherdomain another-domain anotherdomain sampledomain sample-domain placeholder`.split(
    /\s+/,
  ),
)

/** Nobody's name: a form asks for one. */
const placeholderLocals = new Set(
  `yourname your-name your_name your.name youremail your-email your_email your.email yourmail youraddress yourusername youruser
  yourlogin youraccount yourid myname my-name my.name myemail my-email my.email
  firstname.lastname first.last first_last first-last f.last firstname_lastname firstname-lastname firstnamelastname firstname lastname firstinitial.lastname
  f.lastname flastname firstname.l name.surname firstname.surname forename.surname vorname.nachname vorname.name v.nachname
  vorname-nachname vorname_nachname prenom.nom prénom.nom nom.prenom nom.prénom nome.cognome cognome.nome n.cognome nombre.apellido
  nome.sobrenome nome.apelido imie.nazwisko imię.nazwisko jmeno.prijmeni jméno.příjmení voornaam.achternaam fornavn.etternavn
  fornavn.efternavn förnamn.efternamn fornamn.efternamn etunimi.sukunimi vezeteknev.keresztnev
  vorname nachname prenom prénom apellido apellidos cognome sobrenome surname forename voornaam achternaam fornavn etternavn efternavn
  förnamn efternamn imie nazwisko jmeno prijmeni
  your ihre ihr.name votre votre.nom deinname deine-email deine-mail deinemail ihrname ihre-email ihre-mail ihremail ihre.email ihreadresse ihre-adresse votre-nom votrenom votre-email votremail votre.nom tunombre tu-nombre
  tucorreo tu-email tuemail su-email suemail seunome seu-email seuemail tuonome tuaemail tua-email iltuonome latuaemail jouwnaam
  jouw-email uwnaam 你的 您的 あなた emailaddress email-address email_address email.address e-mail-address mailaddress someone.else username user-name user_name localpart local-part local_part someuser someone anyone
  bug-number bugnumber bugnummer numéro número số listname list-name mailinglist-name`.split(/\s+/),
)

/** "your-list", "xxxx" and "nnnnnn" for a number, and "list-name-request" for the robot of a list. */
const placeholderShapes = /^(?:your[-_.].*|x{3,}|n{3,}|list-?name-(?:request|subscribe|unsubscribe|help|owner))$/

const oneLetter = /^([a-z])\1+$/

/** Real providers and names that many use as "some domain"; a placeholder only together with a local part that says nothing. */
const genericNames = new Set(
  `email mail correo namn gmail yahoo hotmail outlook icloud aol live company firma foretag anbieter entreprise empresa azienda bedrijf site website webseite server
  host xyz provider organization organisation business corp nospam address adresse def`.split(/\s+/),
)

const genericLocals = new Set(
  `you me my tu tú seu uw jouw din ditt dein ihr twoj user users username name someone somebody anyone anybody email e-mail mail address test example sample demo foo foobar login abc xyz
  beispiel muster exemple esempio exemplo ejemplo voorbeeld przyklad navn namn nimi imie jmeno usuario utilisateur utente benutzer nutzer gebruiker nom nombre nome naam random somename`.split(
    /\s+/,
  ),
)
