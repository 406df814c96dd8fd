import { describe, expect, it } from 'vitest'

import { foundOnPage } from '../../../test/support/found-on-page.ts'

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
    ['<style>@media screen{.x{display:none}}</style><p>info<b class="x">x</b>@acme.com</p>', ['text info@acme.com']],
    [
      '<style>@media print{.a{color:red}.n{display:none}}</style><p><span class="n">info@acme.com</span></p>',
      ['text info@acme.com'],
    ],
    [
      '<style>@media (max-width: 600px) { .a { top: 0 } .n { display: none } }</style><a class="n" href="mailto:info@acme.com">x</a>',
      ['mailto info@acme.com'],
    ],
    [
      '<style>@supports (top: 0) { @media print { .a { top: 0 } } .x { display: none } }</style><p>info<b class="x">x</b>@acme.com</p>',
      ['text info@acme.com'],
    ],
    ['<td>info@<br>acme.com</td>', ['text info@acme.com']],
    ['<p>info [at]<br>acme.com</p>', ['at-words info@acme.com']],
    ['<p>We met @<br>acme.com</p>', []],
    ['<p>info@</p><p>acme.com</p>', []],
    ['<iframe srcdoc="<p>info@acme.com</p>"></iframe>', ['text info@acme.com']],
    [`<iframe srcdoc="<iframe srcdoc='<p>info@acme.com</p>'></iframe>"></iframe>`, ['text info@acme.com']],
    ['<style>.z{font-size:0}</style><p>info<b class="z">x</b>@acme.com</p>', ['text info@acme.com']],
    ['<div style="opacity:0" class="fades-in">info@acme.com</div>', ['text info@acme.com']],
    ['<style>.e:before{content:"info"}.e:after{content:"@acme.com"}</style><i class="e"></i>', ['text info@acme.com']],
    [
      '<style>.at::after{content:"\\40"}.dot::after{content:"\\2e"}</style><p>info<i class=at></i>acme<i class=dot></i>com</p>',
      ['text info@acme.com'],
    ],
    ['<p>{ann, bob.li}@acme.edu</p>', ['text ann@acme.edu', 'text bob.li@acme.edu']],
    ['<p>[ann | bob and eve] @ acme.edu</p>', ['text ann@acme.edu', 'text bob@acme.edu', 'text eve@acme.edu']],
  ])('%s', (body, expected) => expect(foundOnPage(body)).toEqual(expected))
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
    ['<p>info@acme.com • berlin</p>', ['text info@acme.com']],
    ['<p>info@acme.com · Berlin</p>', ['text info@acme.com']],
    ['<p>info@acme.com .net developers</p>', ['text info@acme.com']],
    [
      '<p>info@acme.com•sales@acme.com·hr@acme.com</p>',
      ['text info@acme.com', 'text sales@acme.com', 'text hr@acme.com'],
    ],
    ['<p>__info@acme.com__</p>', ['text info@acme.com']],
    ['<p>info@acme.com(Jane), sales@acme.com(Jane Roe)</p>', ['text info@acme.com', 'text sales@acme.com']],
    ['<p>jane@acme.co.jp（代表）, info@acme.com(sales)</p>', ['text jane@acme.co.jp', 'text info@acme.com']],
    ['<p><b>E-Mail</b>info@acme.com<b>Tel</b></p>', ['text info@acme.com']],
    ['<p><span>info@acme.com</span><span>community</span></p>', ['text info@acme.com']],
    ['<p>邮箱info@acme.com请联系</p>', ['text info@acme.com']],
    ['<p>メールはinfo@acme.co.jpまで</p>', ['text info@acme.co.jp']],
    ['<p>发给info@acme.org的要求。有关信息，移除函数的@state参数。对于多实例</p>', ['text info@acme.org']],
    [
      '<p>info@acme。comまで info@acme。co。jp と info@例子。公司</p>',
      ['text info@acme.com', 'text info@acme.co.jp', 'text info@xn--fsqu00a.xn--55qx5d'],
    ],
    ['<p>Почтаinfo@acme.ru</p>', ['text info@acme.ru']],
    ['<p>email=info@acme.com</p>', ['text info@acme.com']],
    ['<p>%20info@acme.com</p>', ['text info@acme.com']],
    [
      '<p>list<a href="mailto:my-list@acme.com">my-list@acme.com</a></p>',
      ['mailto my-list@acme.com', 'text my-list@acme.com'],
    ],
  ])('%s', (body, expected) => expect(foundOnPage(body)).toEqual(expected))
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
  ])('%s', (body, expected) => expect(foundOnPage(body)).toEqual(expected))
})

describe('addresses of all scripts', () => {
  it.each([
    ['<p>info@bücher.de</p>', ['text info@xn--bcher-kva.de']],
    ['<p>info@xn--bcher-kva.de</p>', ['text info@xn--bcher-kva.de']],
    ['<p>dörte@sörensen.de</p>', ['text dörte@xn--srensen-90a.de']],
    ['<p>дмитрий@почта.рф</p>', ['text дмитрий@xn--80a1acny.xn--p1ai']],
    ['<p>用户@例子.公司</p>', ['text 用户@xn--fsqu00a.xn--55qx5d']],
    ['<a href="mailto:d%C3%B6rte@s%C3%B6rensen.de">x</a>', ['mailto dörte@xn--srensen-90a.de']],
  ])('%s', (body, expected) => expect(foundOnPage(body)).toEqual(expected))
})
