import { describe, expect, it } from 'vitest'

import { foundOnPage } from '../../../test/support/found-on-page.ts'

const script = (code: string): string => `<p>before</p><script>${code}</script><p>after</p>`

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
    [`el.text = str_rot13('wnar@npzr.bet')`, ['rot13 jane@acme.org']],
    [`var contact = { email: "info@acme.com", name: 'x' }`, ['script info@acme.com']],
    [`var contact = { user: 'info', domain: 'acme.com' }`, ['script info@acme.com']],
    [`var c = { u: 'info', d: 'acme.com' }; el.href = 'mailto:' + c.u + '@' + c.d`, ['script info@acme.com']],
    [`var c = { u: 'info', d: 'acme.com' }; el['href'] = c['u'] + '@' + c['d']`, ['script info@acme.com']],
    [`for (const m of ['info@acme.com']) show(m)`, ['script info@acme.com']],
    [`mail('info', 'acme.com')`, ['script info@acme.com']],
    [`sendMail("acme.com", "info")`, ['script info@acme.com']],
    [`linkTo_UnCryptMailto('nbjmup+jogpAbdnf\\/dpn')`, ['script info@acme.com']],
    [`// don't\nvar re = /["']/; document.write('info' + '@' + 'acme.com') /* "x */`, ['script info@acme.com']],
    [`<!--\ndocument.write('info@acme.com')\n//-->`, ['script info@acme.com']],
    [`el.innerHTML = 'in<b>fo</b>@acme<i>.com</i>'`, ['script info@acme.com']],
  ])('%s', (code, expected) => expect(foundOnPage(script(code))).toEqual(expected))

  it.each([
    [`<a href="#" onclick="location.href='mailto:'+'info'+'@'+'acme.com'">x</a>`, ['script info@acme.com']],
    [`<a href="javascript:location='mailto:info'+String.fromCharCode(64)+'acme.com'">x</a>`, ['script info@acme.com']],
    [`<a href="javascript:mail('info','acme.com')">x</a>`, ['script info@acme.com']],
    [`<a href="javascript:linkTo_UnCryptMailto(%27nbjmup%2BjogpAbdnf%5C%2Fdpn%27);">x</a>`, ['script info@acme.com']],
    [`<script type="application/json">{"mail":"info@acme.com"}</script>`, ['json info@acme.com']],
    [`<script type="application/json">{"mail":"info\\u0040acme.com"}</script>`, ['script-escape info@acme.com']],
  ])('%s', (body, expected) => expect(foundOnPage(body)).toEqual(expected))
})
