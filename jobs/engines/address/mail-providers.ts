/** Whether anybody gets a mailbox there, for free or with a private line: says nothing of an organisation. In A-labels, lower case. */
export function isFreeProvider(domain: string): boolean {
  return freeProviders.has(domain)
}

/** Brands that give mailboxes below the endings of many countries, as their sign-up pages offer or once offered them. */
const brands: Record<string, string> = {
  yahoo: `com ca de fr it es ie gr se no dk fi nl be at pt pl ro cz hu in cn co.uk co.in co.id co.jp co.kr co.nz co.za co.th com.ar com.au
    com.br com.cn com.co com.hk com.mx com.my com.ph com.pe com.sg com.tr com.tw com.ve com.vn cl`,
  hotmail: `com ca de fr it es be nl se no dk fi gr ch at pt pl ro cz hu sk lt lv ru cl jp co.uk co.in co.id co.jp co.kr co.nz co.th co.za
    com.ar com.au com.br com.hk com.my com.ph com.sg com.tr com.tw com.vn`,
  outlook: `com de fr it es ie be dk at pt cz sk hu lv jp kr cl in my ph sa sg co.id co.il co.nz co.th com.ar com.au com.br com.gr com.tr
    com.vn`,
  live: `com ca de fr it es ie be nl se no dk fi at pt ru cl cn in jp co.uk co.kr co.za com.ar com.au com.mx com.my com.ph com.pt com.sg`,
  gmx: 'com de net at ch org li eu us info fr es co.uk',
  aol: 'com de fr it es co.uk com.br com.au',
  yandex: 'com ru by kz ua com.tr',
  ymail: 'com',
  msn: 'com',
}

/** Others, by where most of their users are. */
const single = `gmail.com googlemail.com icloud.com me.com mac.com rocketmail.com mail.com email.com usa.com proton.me protonmail.com
  protonmail.ch pm.me tutanota.com tutanota.de tutamail.com tuta.io tuta.com keemail.me hushmail.com fastmail.com fastmail.fm zoho.com
  zohomail.com zohomail.eu hey.com inbox.com lycos.com excite.com juno.com netzero.net mailfence.com runbox.com startmail.com
  duck.com pobox.com myself.com consultant.com engineer.com post.com europe.com asia.com aim.com
  comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net roadrunner.com optonline.net frontier.com
  frontiernet.net windstream.net centurylink.net ptd.net ameritech.net pacbell.net
  rogers.com shaw.ca sympatico.ca telus.net videotron.ca bell.net cogeco.ca
  btinternet.com btopenworld.com virginmedia.com blueyonder.co.uk ntlworld.com sky.com talktalk.net tiscali.co.uk plusnet.com eircom.net
  web.de t-online.de freenet.de arcor.de mail.de posteo.de mailbox.org online.de 1und1.de email.de vodafonemail.de kabelmail.de unitybox.de
  bluewin.ch sunrise.ch hispeed.ch aon.at chello.at a1.net inode.at
  orange.fr wanadoo.fr laposte.net free.fr sfr.fr neuf.fr bbox.fr numericable.fr club-internet.fr alice.fr cegetel.net voila.fr
  skynet.be telenet.be proximus.be scarlet.be ziggo.nl kpnmail.nl kpnplanet.nl planet.nl xs4all.nl home.nl hetnet.nl casema.nl upcmail.nl
  chello.nl quicknet.nl
  libero.it virgilio.it tin.it alice.it tiscali.it inwind.it iol.it email.it fastwebnet.it poste.it vodafone.it
  telefonica.net terra.es ono.com sapo.pt netcabo.pt clix.pt
  telia.com bredband.net comhem.se spray.se online.no broadpark.no tdcadsl.dk mail.dk stofanet.dk jubii.dk luukku.com kolumbus.fi suomi24.fi
  wp.pl o2.pl onet.pl onet.eu interia.pl interia.eu op.pl vp.pl poczta.onet.pl poczta.fm gazeta.pl tlen.pl
  seznam.cz email.cz centrum.cz atlas.cz post.cz volny.cz azet.sk centrum.sk zoznam.sk freemail.hu citromail.hu indamail.hu t-online.hu
  abv.bg mail.bg dir.bg inbox.lv one.lt hot.ee mail.ee ukr.net i.ua meta.ua bigmir.net
  mail.ru inbox.ru list.ru bk.ru internet.ru ya.ru rambler.ru lenta.ru tut.by
  qq.com vip.qq.com foxmail.com 163.com 126.com yeah.net sina.com sina.cn sohu.com 139.com 189.cn wo.cn aliyun.com tom.com 21cn.com
  naver.com hanmail.net daum.net nate.com kakao.com docomo.ne.jp ezweb.ne.jp softbank.ne.jp i.softbank.jp nifty.com biglobe.ne.jp ocn.ne.jp
  so-net.ne.jp excite.co.jp
  rediffmail.com rediff.com indiatimes.com sify.com in.com
  uol.com.br bol.com.br terra.com.br ig.com.br globo.com globomail.com r7.com oi.com.br zipmail.com.br prodigy.net.mx fibertel.com.ar
  arnet.com.ar speedy.com.ar ciudad.com.ar vtr.net
  bigpond.com bigpond.net.au optusnet.com.au iinet.net.au tpg.com.au internode.on.net ozemail.com.au dodo.com.au xtra.co.nz
  slingshot.co.nz vodamail.co.za webmail.co.za mweb.co.za telkomsa.net walla.co.il walla.com netvision.net.il bezeqint.net mynet.com`

const freeProviders = new Set([
  ...Object.entries(brands).flatMap(([name, endings]) => endings.split(/\s+/).map((ending) => `${name}.${ending}`)),
  ...single.split(/\s+/),
])
