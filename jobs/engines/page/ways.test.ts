import { describe, expect, it } from 'vitest'

import { extractPage } from './extract-page.ts'

/** What is found, as "method address", in order. */
function found(body: string, contentType = 'text/html'): string[] {
  const page = extractPage({ url: 'https://www.site.de/contact', body, contentType })
  return page.emails.map(({ method, address }) => `${method} ${address}`)
}

const script = (code: string): string => `<p>before</p><script>${code}</script><p>after</p>`

describe('mailto', () => {
  it.each([
    ['<a href="mailto:info@acme.com">Mail</a>', ['mailto info@acme.com']],
    ['<a href="mailto:Info@ACME.com">Mail</a>', ['mailto info@acme.com']],
    ['<a href=MAILTO:info@acme.com>Mail</a>', ['mailto info@acme.com']],
    ["<A HREF='mailto:info@acme.com?subject=Hi%20you&body=x'>Mail</A>", ['mailto info@acme.com']],
    ['<a href="mailto:%69nfo%40acme.com">Mail</a>', ['mailto info@acme.com']],
    [
      '<a href="mailto:a@acme.com,b@acme.com;c@acme.com">x</a>',
      ['mailto a@acme.com', 'mailto b@acme.com', 'mailto c@acme.com'],
    ],
    ['<a href="mailto:a@acme.com%2Cb@acme.com">x</a>', ['mailto a@acme.com', 'mailto b@acme.com']],
    [
      '<a href="mailto:a@acme.com?cc=b@acme.com&amp;BCC=c%40acme.com">x</a>',
      ['mailto a@acme.com', 'mailto b@acme.com', 'mailto c@acme.com'],
    ],
    ['<a href="mailto:?to=a@acme.com&cc=b@acme.com">x</a>', ['mailto a@acme.com', 'mailto b@acme.com']],
    ['<a href="mailto:info@acme.com&subject=no question mark">x</a>', ['mailto info@acme.com']],
    ['<a href="mailto: info@acme.com ">x</a>', ['mailto info@acme.com']],
    ['<a href=" mailto:info@acme.com">x</a>', ['mailto info@acme.com']],
    ['<a href="mailto:info @ acme.com">x</a>', ['mailto info@acme.com']],
    ['<a href="mailto://info@acme.com">x</a>', ['mailto info@acme.com']],
    ['<a href="mailto:mailto:info@acme.com">x</a>', ['mailto info@acme.com']],
    ['<a href="mailto:info@acme.com.">x</a>', ['mailto info@acme.com']],
    ['<a href="mailto:Jane%20Roe%20%3Cjane@acme.com%3E">x</a>', ['mailto jane@acme.com']],
    [`<a href="mailto:o'hara+x/y=z@acme.com">x</a>`, ["mailto o'hara+x/y=z@acme.com"]],
    ['<a href="mailto:%22john%20roe%22@acme.com">x</a>', ['mailto "john roe"@acme.com']],
    ['<a href="&#109;&#97;&#105;&#108;&#116;&#111;&#58;info&#64;acme.com">x</a>', ['mailto info@acme.com']],
    ['<a href="mailto:info[at]acme.com">x</a>', ['at-words info@acme.com']],
    ['<map><area href="mailto:info@acme.com"></map>', ['mailto info@acme.com']],
    ['<link rev="made" href="mailto:info@acme.com">', ['mailto info@acme.com']],
    ['<form action="mailto:info@acme.com" method="post"></form>', ['mailto info@acme.com']],
    ['<button formaction="mailto:info@acme.com">x</button>', ['mailto info@acme.com']],
    ['<svg><a xlink:href="mailto:info@acme.com"><text>x</text></a></svg>', ['mailto info@acme.com']],
    [`<a :href="'mailto:' + 'info@acme.com'">x</a>`, ['script info@acme.com']],
    ['<a href="mailto:info@acme.com">info@acme.com</a>', ['mailto info@acme.com', 'text info@acme.com']],
    ['<a href="info@acme.com">x</a>', ['attribute info@acme.com']],
    ['<a href="https://mail.google.com/mail/?view=cm&to=info@acme.com">x</a>', ['link-parameter info@acme.com']],
    ['<a href="/form?email=info%40acme.com&x=1">x</a>', ['link-parameter info@acme.com']],
  ])('%s', (body, expected) => expect(found(body)).toEqual(expected))
})

describe('visible text', () => {
  it.each([
    ['Write to info@acme.com.', ['text info@acme.com']],
    [
      '<p>INFO@ACME.COM, sales@acme.com; (ops@acme.com) "it@acme.com"! &lt;hr@acme.com&gt;</p>',
      ['text info@acme.com', 'text sales@acme.com', 'text ops@acme.com', 'text it@acme.com', 'text hr@acme.com'],
    ],
    ['<p>jane.roe+tag@mail.acme.co.uk</p>', ['text jane.roe+tag@mail.acme.co.uk']],
    [`<p>o'hara@acme.com 'info@acme.com'</p>`, ["text o'hara@acme.com", 'text info@acme.com']],
    ['<p>a@126.com 12345678@qq.com</p>', ['text a@126.com', 'text 12345678@qq.com']],
    ['<p>in<b>fo</b>@<i>ac</i>me<span>.com</span></p>', ['text info@acme.com']],
    ['<p>info<!-- no -->@<!-- spam -->acme.com</p>', ['text info@acme.com']],
    ['<p>info<wbr>@<wbr>acme.com</p>', ['text info@acme.com']],
    ['<p>info<span style="display:none">.no.spam</span>@acme.com</p>', ['text info@acme.com']],
    ['<p>info<span hidden>x</span>@acme.com</p>', ['text info@acme.com']],
    ['<style>.x{display:none}</style><p>info<span class="a x">x</span>@acme.com</p>', ['text info@acme.com']],
    [
      '<style>#x , .y{ display : none !important }</style><p>info<b id=x>x</b>@acme<i class=y>z</i>.com</p>',
      ['text info@acme.com'],
    ],
    [
      '<style>.e::after{content:"info" "\\40" "acme.com"}</style><p>Mail: <span class="e"></span></p>',
      ['text info@acme.com'],
    ],
    ['<style>.e:after{content:"\\000040 acme.com"}</style><p><span class="e">info</span></p>', ['text info@acme.com']],
    ['<p>Tel. 030 1234</p><p>info@acme.com</p>www.acme.com', ['text info@acme.com']],
    ['<td>info@acme.com<td>sales@acme.com', ['text info@acme.com', 'text sales@acme.com']],
    ['a@acme.com<br>b@acme.com<br/>c@acme.com', ['text a@acme.com', 'text b@acme.com', 'text c@acme.com']],
    ['<noscript>info@acme.com</noscript>', ['text info@acme.com']],
    ['<textarea>info@acme.com</textarea>', ['text info@acme.com']],
    ['<svg><text x="1">info@acme.com</text></svg>', ['text info@acme.com']],
    ['<details><summary>more</summary>info@acme.com</details>', ['text info@acme.com']],
    ['<p>info<img src="/img/at.gif">acme.com</p>', ['text info@acme.com']],
    ['<p>info<img src="x.png" alt="@">acme.com</p>', ['text info@acme.com']],
    ['<p>info<i class="fa fa-at"></i>acme.com</p>', ['text info@acme.com']],
    ['<p>"john roe"@acme.com</p>', ['text "john roe"@acme.com']],
    ['<p>Jane Roe &lt;jane.roe@acme.com&gt;</p>', ['text jane.roe@acme.com']],
    ['<p>mailto:info@acme.com E-Mail:sales@acme.com</p>', ['text info@acme.com', 'text sales@acme.com']],
    ['<p>a@acme.com/b@acme.com</p>', ['text a@acme.com', 'text b@acme.com']],
    [
      '<p>***info@acme.com*** _ops@acme.com_ ...hr@acme.com -it@acme.com</p>',
      ['text info@acme.com', 'text ops@acme.com', 'text hr@acme.com', 'text it@acme.com'],
    ],
    ['<p>https://acme.com/form?email=info@acme.com</p>', ['text info@acme.com']],
    ['<p>info<span style="font-size:0">x</span>@acme.com</p>', ['text info@acme.com']],
    ['<p>info<span style="position:absolute; left:-9999px">x</span>@acme.com</p>', ['text info@acme.com']],
    ['<p>info<b style="opacity: 0">x</b>@<i style="width:0;overflow:hidden">y</i>acme.com</p>', ['text info@acme.com']],
    ['<style>.z{font-size:0}</style><p>info<b class="z">x</b>@acme.com</p>', ['text info@acme.com']],
    ['<div style="opacity:0" class="fades-in">info@acme.com</div>', ['text info@acme.com']],
    ['<style>.e:before{content:"info"}.e:after{content:"@acme.com"}</style><i class="e"></i>', ['text info@acme.com']],
    [
      '<style>.at::after{content:"\\40"}.dot::after{content:"\\2e"}</style><p>info<i class=at></i>acme<i class=dot></i>com</p>',
      ['text info@acme.com'],
    ],
    ['<p>{ann, bob.li}@acme.edu</p>', ['text ann@acme.edu', 'text bob.li@acme.edu']],
    ['<p>[ann | bob and eve] @ acme.edu</p>', ['text ann@acme.edu', 'text bob@acme.edu', 'text eve@acme.edu']],
  ])('%s', (body, expected) => expect(found(body)).toEqual(expected))
})

describe('what is glued to an address is not part of it', () => {
  it.each([
    ['<p>info@acme.comTel: 030 1234</p>', ['text info@acme.com']],
    ['<p>info@acme.deFax</p>', ['text info@acme.de']],
    ['<p>info@acme.com030 1234</p>', ['text info@acme.com']],
    ['<p>info@acme.comwww.acme.com</p>', ['text info@acme.com']],
    ['<p>info@acme.com-based</p>', ['text info@acme.com']],
    ['<p>info@acme.com.Best regards</p>', ['text info@acme.com']],
    ['<p>info@acme.com.Thanks</p>', ['text info@acme.com']],
    ['<p><b>E-Mail</b>info@acme.com<b>Tel</b></p>', ['text info@acme.com']],
    ['<p><span>info@acme.com</span><span>community</span></p>', ['text info@acme.com']],
    ['<p>邮箱info@acme.com请联系</p>', ['text info@acme.com']],
    ['<p>メールはinfo@acme.co.jpまで</p>', ['text info@acme.co.jp']],
    ['<p>Почтаinfo@acme.ru</p>', ['text info@acme.ru']],
    ['<p>email=info@acme.com</p>', ['text info@acme.com']],
    ['<p>%20info@acme.com</p>', ['text info@acme.com']],
    [
      '<p>list<a href="mailto:my-list@acme.com">my-list@acme.com</a></p>',
      ['mailto my-list@acme.com', 'text my-list@acme.com'],
    ],
  ])('%s', (body, expected) => expect(found(body)).toEqual(expected))
})

describe('entities and other codes', () => {
  it.each([
    ['<p>info&#64;acme.com</p>', ['entities info@acme.com']],
    ['<p>info&#x40;acme&period;com</p>', ['entities info@acme.com']],
    ['<p>info&commat;acme.com</p>', ['entities info@acme.com']],
    ['<p>&#105;&#110;&#102;&#111;&#64;&#97;&#99;&#109;&#101;&#46;&#99;&#111;&#109;</p>', ['entities info@acme.com']],
    ['<p>info&#0064acme.com</p>', ['entities info@acme.com']],
    ['<p>A &amp; B: info@acme.com</p>', ['text info@acme.com']],
    ['<p>info&amp;#64;acme.com</p>', ['entities info@acme.com']],
    ['<p>info%40acme.com</p>', ['percent info@acme.com']],
    ['<p>info%40acme%2Ecom</p>', ['percent info@acme.com']],
    ['<p>info&amp;#x40;acme&amp;#46;com</p>', ['entities info@acme.com']],
    ['<p>info\\u0040acme.com</p>', ['script-escape info@acme.com']],
  ])('%s', (body, expected) => expect(found(body)).toEqual(expected))
})

describe("Cloudflare's protection", () => {
  const hidden = '4b22252d240b2a28262e65282426'
  it.each([
    [`<span class="__cf_email__" data-cfemail="${hidden}">[email&#160;protected]</span>`, ['cloudflare info@acme.com']],
    [`<a href="/cdn-cgi/l/email-protection#${hidden}">[email protected]</a>`, ['cloudflare info@acme.com']],
    [`<a href="https://acme.com/cdn-cgi/l/email-protection#${hidden}">Write</a>`, ['cloudflare info@acme.com']],
    [`<a href="/cdn-cgi/l/email-protection" data-cfemail="${hidden}">x</a>`, ['cloudflare info@acme.com']],
    ['<a href="/cdn-cgi/l/email-protection">x</a> [email&#160;protected]', []],
    ['<a data-cfemail="nonsense">x</a>', []],
  ])('%s', (body, expected) => expect(found(body)).toEqual(expected))
})

describe('words for signs', () => {
  it.each([
    ['info [at] acme [dot] com', 'info@acme.com'],
    ['info(at)acme(dot)com', 'info@acme.com'],
    ['info {at} acme {dot} com', 'info@acme.com'],
    ['info &lt;at&gt; acme &lt;dot&gt; com', 'info@acme.com'],
    ['info[AT]acme.com', 'info@acme.com'],
    ['info ((at)) acme.com', 'info@acme.com'],
    ['info [ at ] acme [ dot ] com', 'info@acme.com'],
    ['info (at sign) acme.com', 'info@acme.com'],
    ['info[@]acme[.]com', 'info@acme.com'],
    ['info(@)acme.com', 'info@acme.com'],
    ['info@acme[.]com', 'info@acme.com'],
    ['info@acme (dot) com', 'info@acme.com'],
    ['info@acme dot com', 'info@acme.com'],
    ['jane (dot) roe@acme.com', 'jane.roe@acme.com'],
    ['all [dot] jane [at] acme.com', 'all.jane@acme.com'],
    ['info at acme dot com', 'info@acme.com'],
    ['INFO AT ACME DOT COM', 'info@acme.com'],
    ['jane.roe AT acme.com', 'jane.roe@acme.com'],
    ['john (dot) roe (at) acme (dot) co (dot) uk', 'john.roe@acme.co.uk'],
    ['john dot roe at acme dot co dot uk', 'john.roe@acme.co.uk'],
    ['E-Mail: jane at acme.com', 'jane@acme.com'],
    ['info at acme.com', 'info@acme.com'],
    ['info -at- acme -dot- com', 'info@acme.com'],
    ['info-at-acme-dot-com', 'info@acme.com'],
    ['info -at- acme.com', 'info@acme.com'],
    ['info |at| acme |dot| com', 'info@acme.com'],
    ['info *at* acme *dot* com', 'info@acme.com'],
    ['info ( a t ) acme ( d o t ) com', 'info@acme.com'],
    ['info_at_acme_dot_com', 'info@acme.com'],
    ['info*at*acme*dot*com', 'info@acme.com'],
    ['infoATacmeDOTcom', 'info@acme.com'],
    ['info<b> at </b>acme<b> dot </b>com', 'info@acme.com'],
    ['info [<b>at</b>] acme.com', 'info@acme.com'],
    ['info&nbsp;at&nbsp;acme&nbsp;dot&nbsp;com', 'info@acme.com'],
    ['info &#91;at&#93; acme.com', 'info@acme.com'],
    ['info &#97;t acme dot com', 'info@acme.com'],
    ['info &lbrack;at&rbrack; acme.com', 'info@acme.com'],
    ['info<img src="x.gif" alt="(at)">acme.com', 'info@acme.com'],
    ['info (arroba) acme.es', 'info@acme.es'],
    ['info arroba acme punto es', 'info@acme.es'],
    ['info[arroba]acme[ponto]com[ponto]br', 'info@acme.com.br'],
    ['info chiocciola acme punto it', 'info@acme.it'],
    ['info (arobase) acme (point) fr', 'info@acme.fr'],
    ['info arobase acme point fr', 'info@acme.fr'],
    ['info [klammeraffe] acme [punkt] de', 'info@acme.de'],
    ['info (ät) acme.de', 'info@acme.de'],
    ['info bei acme punkt de', 'info@acme.de'],
    ['info (æt) acme.dk', 'info@acme.dk'],
    ['info snabel-a acme punktum dk', 'info@acme.dk'],
    ['info krøllalfa acme punktum no', 'info@acme.no'],
    ['info (apenstaartje) acme punt nl', 'info@acme.nl'],
    ['info małpa acme kropka pl', 'info@acme.pl'],
    ['info(malpa)acme.pl', 'info@acme.pl'],
    ['info [zavináč] acme tečka cz', 'info@acme.cz'],
    ['info kukac acme pont hu', 'info@acme.hu'],
    ['info (a) firma.fi', 'info@firma.fi'],
    ['etunimi(a)firma.fi', 'etunimi@firma.fi'],
    ['info собака acme точка ru', 'info@acme.ru'],
    ['info (равлик) acme.ua', 'info@acme.ua'],
    ['info [at-tecken] acme.se', 'info@acme.se'],
    ['info (miuku) acme.fi', 'info@acme.fi'],
    ['info (kuyruklu a) acme (nokta) com', 'info@acme.com'],
    ['info (coadă de maimuță) acme (punct) ro', 'info@acme.ro'],
    ['info (majmunče) acme (tačka) rs', 'info@acme.rs'],
    ['info (afna) acme (pika) si', 'info@acme.si'],
    ['info (arrova) acme (punt) cat', 'info@acme.cat'],
    ['info (παπάκι) acme (τελεία) gr', 'info@acme.gr'],
    ['info (кльомба) acme (точка) bg', 'info@acme.bg'],
    ['info [et] acme nokta com', 'info@acme.com'],
    ['info アットマーク acme.co.jp', 'info@acme.co.jp'],
    ['infoアットマークacmeドットcom', 'info@acme.com'],
    ['info（at）acme.cn', 'info@acme.cn'],
    ['info 골뱅이 acme.co.kr', 'info@acme.co.kr'],
  ])('%s', (text, address) => expect(found(`<p>${text}</p>`)).toEqual([`at-words ${address}`]))
})

describe('disguises', () => {
  it.each([
    ['<p>info @ acme . com</p>', ['spaced info@acme.com']],
    ['<p>jane.roe @ acme.com</p>', ['spaced jane.roe@acme.com']],
    ['<p>info&nbsp;@&nbsp;acme.com</p>', ['spaced info@acme.com']],
    ['<p>info@ acme.com</p>', ['spaced info@acme.com']],
    ['<pre>key "Signing (2006) &lt;info\ndesk@acme.com&gt;" imported</pre>', ['spaced infodesk@acme.com']],
    ['<p>&lt;mail info@acme.com&gt;</p>', ['text info@acme.com']],
    ['<p>a &lt; b info@acme.com &gt; c</p>', ['text info@acme.com']],
    ['<p>Mail: info @acme.com</p>', ['spaced info@acme.com']],
    ['<p>info＠acme．com</p>', ['full-width info@acme.com']],
    ['<p>ｉｎｆｏ＠ａｃｍｅ．ｃｏｍ</p>', ['full-width info@acme.com']],
    ['<p>info&#xff20;acme.com</p>', ['full-width info@acme.com']],
    ['<p>info﹫acme.com</p>', ['full-width info@acme.com']],
    ['<p>info★acme.co.jp ☆acme.com</p>', ['full-width info@acme.co.jp']],
    ['<p>𝐢𝐧𝐟𝐨@𝐚𝐜𝐦𝐞.𝐜𝐨𝐦</p>', ['full-width info@acme.com']],
    ['<p>in\u200bfo@ac\u200dme.com</p>', ['zero-width info@acme.com']],
    ['<p>info&#8288;@&ZeroWidthSpace;acme.com</p>', ['zero-width info@acme.com']],
    ['<p>in&shy;fo@ac&shy;me.com</p>', ['zero-width info@acme.com']],
    ['<p>\ufeffinfo@acme.com</p>', ['text info@acme.com']],
    [
      '<p><span style="unicode-bidi: bidi-override; direction: rtl">moc.emca@ofni</span></p>',
      ['reversed info@acme.com'],
    ],
    [
      '<style>.r{direction:rtl;unicode-bidi:bidi-override}</style><p><b class="r">moc.<i>emca</i>@ofni</b></p>',
      ['reversed info@acme.com'],
    ],
    ['<bdo dir="rtl">moc.emca@ofni</bdo>', ['reversed info@acme.com']],
    ['<b style="unicode-bidi: isolate-override; direction: rtl">moc.emca@ofni</b>', ['reversed info@acme.com']],
    ['<p>&#8238;moc.emca@ofni&#8236; is ours</p>', ['reversed info@acme.com']],
    ['<p class="turn-me">moc.emca@eor.enaj</p>', ['reversed jane.roe@acme.com']],
    ['<p>vasb@npzr.pbz</p>', ['rot13 info@acme.com']],
    ['<a href="znvygb:vasb@npzr.pbz">x</a>', ['rot13 info@acme.com']],
    ['<p>info@NOSPAM.acme.com</p>', ['text info@acme.com']],
    ['<p>infoREMOVETHIS@acme.com</p>', ['text info@acme.com']],
    ['<p>info.nospam@acme.com</p>', ['text info@acme.com']],
  ])('%s', (body, expected) => expect(found(body)).toEqual(expected))
})

describe('attributes', () => {
  it.each([
    ['<span data-email="info@acme.com"></span>', ['data-attribute info@acme.com']],
    ['<span data-email="moc.emca@ofni"></span>', ['reversed info@acme.com']],
    ['<span data-email="aW5mb0BhY21lLmNvbQ=="></span>', ['base64 info@acme.com']],
    ['<span data-email="aW5mb0BhY21lLmNvbQ"></span>', ['base64 info@acme.com']],
    ['<span data-email="696e666f4061636d652e636f6d"></span>', ['data-attribute info@acme.com']],
    ['<span data-email="105,110,102,111,64,97,99,109,101,46,99,111,109"></span>', ['data-attribute info@acme.com']],
    ['<span data-email="info%40acme.com"></span>', ['data-attribute info@acme.com']],
    ['<span data-email="info[at]acme.com"></span>', ['at-words info@acme.com']],
    ['<span data-email="vasb@npzr.pbz"></span>', ['rot13 info@acme.com']],
    ['<span data-enc-email="vasb[at]npzr.pbz"></span>', ['rot13 info@acme.com']],
    ['<span data-user="info" data-domain="acme.com"></span>', ['data-attribute info@acme.com']],
    ['<span data-name="info" data-domain="acme" data-tld="com"></span>', ['data-attribute info@acme.com']],
    ['<span data-email-user="info" data-email-host="acme.com"></span>', ['data-attribute info@acme.com']],
    ['<span data-part1="info" data-part2="acme" data-part3="com"></span>', ['data-attribute info@acme.com']],
    ['<span data-user="ofni" data-website="moc.emca"></span>', ['reversed info@acme.com']],
    ['<span data-user="aW5mbw==" data-domain="YWNtZS5jb20="></span>', ['base64 info@acme.com']],
    [`<i data-x='{"user":"info","domain":"acme.com"}'></i>`, ['data-attribute info@acme.com']],
    [`<i data-email='["info","acme","com"]'></i>`, ['data-attribute info@acme.com']],
    ['<i data-email="info|acme.com"></i>', ['data-attribute info@acme.com']],
    ['<i data-name="info" data-at="@" data-domain="acme.com"></i>', ['data-attribute info@acme.com']],
    ['<a data-mail="info" data-host="acme.com" href="#">x</a>', ['data-attribute info@acme.com']],
    ['<a title="info (at) acme.com" href="#">x</a>', ['at-words info@acme.com']],
    ['<meta property="og:email" content="info@acme.com">', ['attribute info@acme.com']],
    [`<span data-props='{"mail":"info@acme.com"}'></span>`, ['data-attribute info@acme.com']],
    [
      '<a href="#" data-mailto-token="nbjmup+jogpAbdnf/dpn" data-mailto-vector="1">x</a>',
      ['data-attribute info@acme.com'],
    ],
    [
      '<joomla-hidden-mail first="aW5mbw==" last="YWNtZS5jb20=" text="x"></joomla-hidden-mail>',
      ['base64 info@acme.com'],
    ],
    ['<img src="mail.png" alt="info@acme.com">', ['attribute info@acme.com']],
    ['<img src="mail.png" alt="info [at] acme.com">', ['at-words info@acme.com']],
    ['<a title="Write to info@acme.com" href="/x">x</a>', ['attribute info@acme.com']],
    ['<button aria-label="Mail info@acme.com">x</button>', ['attribute info@acme.com']],
    ['<meta name="author" content="Jane &lt;jane@acme.com&gt;">', ['attribute jane@acme.com']],
    ['<input name="recipient" type="hidden" value="info@acme.com">', ['attribute info@acme.com']],
  ])('%s', (body, expected) => expect(found(body)).toEqual(expected))
})

describe('scripts', () => {
  it.each([
    [`document.write('info' + '@' + 'acme.com')`, ['script info@acme.com']],
    [`document.write("<a href='mailto:" + "info" + "@" + "acme" + "." + "com'>x</a>")`, ['script info@acme.com']],
    [`var u = "info", d = "acme.com"; document.write(u + "@" + d)`, ['script info@acme.com']],
    [`var a = 'info'; a += '@'; a += 'acme'; a += '.com'; show(a)`, ['script info@acme.com']],
    [`var x = 'info' + '&#64;'; x = x + 'acme' + '&#46;' + 'com'; el.innerHTML = x`, ['script info@acme.com']],
    ['let m = `${"info"}@${"acme"}.com`', ['script info@acme.com']],
    [`const user = 'info', m = \`<a href="mailto:\${user}@acme.com">\``, ['script info@acme.com']],
    [`x = ["info", "acme.com"].join("@")`, ['script info@acme.com']],
    [`x = ['info', 'acme', 'com']; y = x[0] + '@' + x[1] + '.' + x[2]`, ['script info@acme.com']],
    [`x = new Array('in','fo','@','acme','.com').join('')`, ['script info@acme.com']],
    [`var p = ['in','fo','@','acme','.com']; for (i = 0; i < 5; i++) document.write(p[i])`, ['script info@acme.com']],
    [`x = "moc.emca@ofni".split("").reverse().join("")`, ['script info@acme.com']],
    [`var x = "moc.emca@ofni"; el.text = turn(x)`, ['reversed info@acme.com']],
    [`x = 'info'.concat('@', 'acme.com')`, ['script info@acme.com']],
    [`x = 'info#acme*com'.replace(/#/g, '@').replace('*', '.')`, ['script info@acme.com']],
    [`x = 'info[at]acme.com'.replace('[at]', '@')`, ['script info@acme.com']],
    [`x = 'info|acme|com'.split('|'); y = x[0] + '@' + x[1] + '.' + x[2]`, ['script info@acme.com']],
    [`x = String.fromCharCode(105,110,102,111,64,97,99,109,101,46,99,111,109)`, ['script info@acme.com']],
    [`x = String.fromCharCode.apply(null, [105,110,102,111,64,97,99,109,101,46,99,111,109])`, ['script info@acme.com']],
    [`x = String.fromCharCode(...[0x69,110,102,111,64]) + 'acme.com'`, ['script info@acme.com']],
    [`x = [105,110,102,111,64].map(c => String.fromCharCode(c)).join('') + 'acme.com'`, ['script info@acme.com']],
    [
      `x = [105,110,102,111,64].map(function (c) { return String.fromCharCode(c) }).join('') + 'acme.com'`,
      ['script info@acme.com'],
    ],
    [`x = 'info' + String.fromCharCode(64) + 'acme.com'`, ['script info@acme.com']],
    [
      `a = [105,110,102,111,64,97,99,109,101,46,99,111,109]; for (i in a) s += String.fromCharCode(a[i])`,
      ['script info@acme.com'],
    ],
    [
      `a = [106,111,103,112,65,98,100,110,102,47,100,112,110]; for (i in a) s += String.fromCharCode(a[i] - 1)`,
      ['script info@acme.com'],
    ],
    [
      `a = [67,68,76,69,106,75,73,71,79,4,73,69,71]; for (i in a) s += String.fromCharCode(a[i] ^ 0x2a)`,
      ['script info@acme.com'],
    ],
    [
      `t = 'jogpAbdnf/dpn'; for (i = 0; i < 13; i++) s += String.fromCharCode(t.charCodeAt(i) - 1)`,
      ['script info@acme.com'],
    ],
    [`document.write('info'); document.write('@'); document.write('acme.com')`, ['script info@acme.com']],
    [`u = 'info'; document.write(u); document.write('&#64;acme' + '.com')`, ['script info@acme.com']],
    [`eval("document.write('info' + '@' + 'acme.com')")`, ['script info@acme.com']],
    [`eval(atob('eCA9ICdpbmZvQCcgKyAnYWNtZS5jb20n'))`, ['script info@acme.com']],
    [`noSpam('info', 'acme', 'com')`, ['script info@acme.com']],
    [`mailTo('com', 'acme', 'info')`, ['script info@acme.com']],
    [`document.write(unescape('%69%6e%66%6f%40acme.com'))`, ['script info@acme.com']],
    [`document.write(decodeURIComponent('info%40acme.com'))`, ['script info@acme.com']],
    [`eval(unescape('%77%72%69%74%65%28%27info%40acme.com%27%29'))`, ['script info@acme.com']],
    [`var m = 'info\\u0040acme.com'`, ['script-escape info@acme.com']],
    [`var m = "info\\x40acme\\x2ecom"`, ['script-escape info@acme.com']],
    [`var m = "\\151nfo\\100acme.com"`, ['script-escape info@acme.com']],
    [`var m = atob('aW5mb0BhY21lLmNvbQ==')`, ['base64 info@acme.com']],
    [`var m = 'info' + atob('QA==') + 'acme.com'`, ['base64 info@acme.com']],
    [`document.write("<n uers=\\"znvygb:vasb@npzr.pbz\\">".replace(/[a-z]/gi, rot))`, ['rot13 info@acme.com']],
    [`var contact = { email: "info@acme.com", name: 'x' }`, ['script info@acme.com']],
    [`var contact = { user: 'info', domain: 'acme.com' }`, ['script info@acme.com']],
    [`var c = { u: 'info', d: 'acme.com' }; el.href = 'mailto:' + c.u + '@' + c.d`, ['script info@acme.com']],
    [`mail('info', 'acme.com')`, ['script info@acme.com']],
    [`sendMail("acme.com", "info")`, ['script info@acme.com']],
    [`linkTo_UnCryptMailto('nbjmup+jogpAbdnf\\/dpn')`, ['script info@acme.com']],
    [`// don't\nvar re = /["']/; document.write('info' + '@' + 'acme.com') /* "x */`, ['script info@acme.com']],
    [`<!--\ndocument.write('info@acme.com')\n//-->`, ['script info@acme.com']],
    [`el.innerHTML = 'in<b>fo</b>@acme<i>.com</i>'`, ['script info@acme.com']],
  ])('%s', (code, expected) => expect(found(script(code))).toEqual(expected))

  it.each([
    [`<a href="#" onclick="location.href='mailto:'+'info'+'@'+'acme.com'">x</a>`, ['script info@acme.com']],
    [`<a href="javascript:location='mailto:info'+String.fromCharCode(64)+'acme.com'">x</a>`, ['script info@acme.com']],
    [`<a href="javascript:mail('info','acme.com')">x</a>`, ['script info@acme.com']],
    [`<a href="javascript:linkTo_UnCryptMailto(%27nbjmup%2BjogpAbdnf%5C%2Fdpn%27);">x</a>`, ['script info@acme.com']],
    [`<script type="application/json">{"mail":"info@acme.com"}</script>`, ['json info@acme.com']],
    [`<script type="application/json">{"mail":"info\\u0040acme.com"}</script>`, ['script-escape info@acme.com']],
  ])('%s', (body, expected) => expect(found(body)).toEqual(expected))
})

describe('structured data', () => {
  const jsonLd = (data: unknown): string => `<script type="application/ld+json">${JSON.stringify(data)}</script>`
  it.each([
    [jsonLd({ '@type': 'Person', email: 'jane@acme.com' }), ['json-ld jane@acme.com']],
    [
      jsonLd({ '@graph': [{ '@type': 'Organization', contactPoint: [{ email: 'mailto:info@acme.com' }] }] }),
      ['json-ld info@acme.com'],
    ],
    [jsonLd([{ email: ['a@acme.com', 'b@acme.com'] }]), ['json-ld a@acme.com', 'json-ld b@acme.com']],
    [jsonLd({ description: 'Write to <b>info@acme.com</b>' }), ['json-ld info@acme.com']],
    ['<script type="application/ld+json">{"email": "info@acme.com",}</script>', ['json-ld info@acme.com']],
    ['<script type="application/ld+json">{"x": "a\nb", "email": "info@acme.com"}</script>', ['json-ld info@acme.com']],
    [
      '<div itemscope itemtype="https://schema.org/Person"><b itemprop="email">jane@acme.com</b></div>',
      ['text jane@acme.com', 'microdata jane@acme.com'],
    ],
    ['<div itemscope><meta itemprop="email" content="info@acme.com"></div>', ['microdata info@acme.com']],
    [
      '<div itemscope><a itemprop="url email" href="mailto:info@acme.com">x</a></div>',
      ['mailto info@acme.com', 'microdata info@acme.com'],
    ],
    [
      '<div vocab="http://schema.org/" typeof="Person"><b property="email">jane@acme.com</b></div>',
      ['text jane@acme.com', 'rdfa jane@acme.com'],
    ],
    [
      '<div class="vcard"><a class="email" href="mailto:jane@acme.com">Mail</a></div>',
      ['mailto jane@acme.com', 'hcard jane@acme.com'],
    ],
    [
      '<div class="h-card"><span class="u-email">info [at] acme.com</span></div>',
      ['at-words info@acme.com', 'hcard info@acme.com'],
    ],
    [
      '<pre>BEGIN:VCARD\nVERSION:3.0\nFN:Jane Roe\nEMAIL;TYPE=work:jane@acme.com\nEND:VCARD</pre>',
      ['text jane@acme.com', 'vcard jane@acme.com'],
    ],
    [
      '<a href="data:text/vcard,BEGIN%3AVCARD%0AFN%3AJane%0AEMAIL%3Ajane%40acme.com%0AEND%3AVCARD">x</a>',
      ['vcard jane@acme.com'],
    ],
  ])('%s', (body, expected) => expect(found(body).toSorted()).toEqual(expected.toSorted()))
})

describe('addresses of all scripts', () => {
  it.each([
    ['<p>info@bücher.de</p>', ['text info@xn--bcher-kva.de']],
    ['<p>info@xn--bcher-kva.de</p>', ['text info@xn--bcher-kva.de']],
    ['<p>dörte@sörensen.de</p>', ['text dörte@xn--srensen-90a.de']],
    ['<p>дмитрий@почта.рф</p>', ['text дмитрий@xn--80a1acny.xn--p1ai']],
    ['<p>用户@例子.公司</p>', ['text 用户@xn--fsqu00a.xn--55qx5d']],
    ['<a href="mailto:d%C3%B6rte@s%C3%B6rensen.de">x</a>', ['mailto dörte@xn--srensen-90a.de']],
  ])('%s', (body, expected) => expect(found(body)).toEqual(expected))
})

describe('other types of content', () => {
  it.each([
    ['text/plain', 'Write to info@acme.com\nor sales [at] acme.com', ['text info@acme.com', 'at-words sales@acme.com']],
    ['text/plain', 'a &lt; b: info@acme.com', ['text info@acme.com']],
    ['', '<!DOCTYPE html><p>info&#64;acme.com', ['entities info@acme.com']],
    ['text/plain', '<html><body><a href="mailto:info@acme.com">', ['mailto info@acme.com']],
    [
      'application/xhtml+xml',
      '<html xmlns="http://www.w3.org/1999/xhtml"><p>info&#64;acme.com</p></html>',
      ['entities info@acme.com'],
    ],
    [
      'text/xml; charset=utf-8',
      '<staff><email>info@acme.com</email><p mail="x@acme.com"/></staff>',
      ['text info@acme.com', 'attribute x@acme.com'],
    ],
    [
      'application/rss+xml',
      '<rss><managingEditor>jane@acme.com (Jane)</managingEditor><description>&lt;a href="mailto:b@acme.com"&gt;x&lt;/a&gt;</description></rss>',
      ['text jane@acme.com', 'mailto b@acme.com'],
    ],
    [
      'application/atom+xml',
      '<feed><content><![CDATA[<p>in<b>fo</b>@acme.com</p>]]></content></feed>',
      ['text info@acme.com'],
    ],
    [
      'application/json',
      '{"staff":[{"mail":"info@acme.com"},"b@acme.com"]}',
      ['json info@acme.com', 'json b@acme.com'],
    ],
    ['application/ld+json', '{"email":"info@acme.com"}', ['json-ld info@acme.com']],
    ['application/json', 'not json: "info@acme.com"', ['json info@acme.com']],
    [
      'text/vcard',
      'BEGIN:VCARD\r\nFN:Jane Roe\r\nitem1.EMAIL:jane\r\n @acme.com\r\nEND:VCARD',
      ['vcard jane@acme.com'],
    ],
  ])('%s: %s', (type, body, expected) => expect(found(body, type)).toEqual(expected))
})
