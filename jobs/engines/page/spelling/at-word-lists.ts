// What people of many languages write instead of "@" and ".", so that no machine reads it. In lower case.

/** Nothing but the sign: enough when it stands alone between two words. */
export const clearAtWords = words(
  `arroba arrobba arobase arobas arobaze chiocciola chiocciolina klammeraffe affenschwanz snabel-a snabela krøllalfa krollalfa alfakrøll
  apestaart apestaartje apenstaart apenstaartje zavinac zavináč kukac malpa małpa miukumauku kissanhäntä sobaka собака собачка παπάκι
  papaki маймуна кльомба アットマーク アット あっとまーく 골뱅이 艾特`,
)

/** Common words too: between bare words they need more evidence. */
export const doubtfulAtWords = words('at ät æt aet bei ат эт')

/** Only in brackets: alone they are ordinary words or letters. */
const bracketedAtWords = words(
  `a à å æ et ett eta chez ad snabel chioccia arond aronda afna majmun majmunče majmunce monkey manki kuyruklua kuyruklu-a at-sign atsign
  at-symbol at-tecken at-zeichen at-merkki at-märk at-teken et-merkki miuku commercial-at a-commercial a-commerciale a-comercial arrova
  coada-de-maimuta coadă-de-maimuță a-còng равлик песик a-t 在 圈a 앳 ατ`,
)

/** All that may stand for the sign inside brackets. */
export const atWords = new Set([...clearAtWords, ...doubtfulAtWords, ...bracketedAtWords, '@'])

/** One letter in brackets is often a footnote: it counts only when glued to both sides. */
export const letterAtWords = words('a à å 在')

export const dotWords = words(
  `dot d0t punkt pkt punkts punktum punto point ponto punt kropka tochka точка tecka tečka bodka piste prik pont nokta pika točka tocka
  punct tačka tacka titik chấm d-o-t teleia τελεία ドット どっと 닷 점 点 點 fullstop full-stop period`,
)

/** In brackets only: "jane [dash] roe [at] acme.com". */
export const hyphenWords = words(
  'dash hyphen minus bindestrich tiret guion guión hifen hífen trattino streepje myślnik',
)
export const underscoreWords = words('underscore under-score unterstrich underline')

/** Ordinary words as well: "at any point in time". */
export const doubtfulDotWords = words('point punt piste prik pont pika full-stop fullstop period')

function words(text: string): Set<string> {
  return new Set(text.split(/\s+/))
}
