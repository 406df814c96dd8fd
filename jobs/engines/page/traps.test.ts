import { describe, expect, it } from 'vitest'

import { foundOnPage } from '../../../test/support/found-on-page.ts'
import { extractPage } from './extract-page.ts'

describe('nothing that has the form of an address but is none', () => {
  it.each([
    [
      'an image for sharp screens',
      '<img src="logo@2x.png" srcset="logo@2x.png 2x, logo@3x.png 3x" alt="x"> logo@2x.png icon@1.5x.ai',
    ],
    ['a package and its version', '<p>lodash@4.17.21 react@18.2.0-rc.1 pkg@1.2.3 pip@21.3.dev x@2.dev vue@next</p>'],
    ['a package with its scope', '<p>@scope/pkg@1.0.0 @babel/core@7.0.0 npm:@scope/pkg@1.2.3</p>'],
    ['a package on a CDN', '<p>https://unpkg.com/vue@3.2.0/dist/vue.js //cdn.jsdelivr.net/npm/swiper@11.0.md</p>'],
    [
      'a key of an error tracker',
      '<p>https://0123abc@o123.ingest.sentry.io/456 abc@o1.ingest.de.sentry.io abc@sentry.wixpress.com</p>',
    ],
    ['the same in a script', '<script>init({dsn:"https://0123456789abcdef@o12.ingest.sentry.io/1"})</script>'],
    ['a hash', '<p>d41d8cd98f00b204e9800998ecf8427e@acme.com 550e8400-e29b-41d4-a716-446655440000@acme.com</p>'],
    [
      'a Message-ID',
      '<p>&lt;20170304224936.rqqtkdvfjgyezsht@acme.com&gt; 5577240D.7020309@acme.com E16RdAL-0006pc-00@acme.com</p>',
    ],
    ['a Message-ID by its header', '<pre>Message-ID: &lt;jane@acme.com&gt;\nIn-Reply-To: &lt;joe@acme.com&gt;</pre>'],
    [
      'a Message-ID that a sentence speaks of',
      '<p>Our systems write a Message-ID: of &lt;<i>stuff</i>@<i>host</i>.acme.com&gt;. The Message-ID header is &lt;abc@mx.acme.com&gt;.</p>',
    ],
    ['a list of Message-IDs', '<pre>References: &lt;x1y2@acme.org&gt; &lt;z@acme.org&gt;</pre>'],
    ['a UID of a calendar', '<p>UID:20240101T120000Z-1234@acme.com</p>'],
    ['a Message-ID of Gmail', '<p>CAJo=hJtoX9=AyLHHpUJS7fueV9ciZ_MNpnEPHUz8Whui6g9F0A@mail.gmail.com</p>'],
    ['a documentation domain', '<p>you@example.com info@example.org x@www.example.net x@a.example x@site.invalid</p>'],
    [
      'a domain for somebody to replace',
      '<p>name@domain.com ops@www.myorganization.com info@yourdomain.com you@your-company.com me@mydomain.org x@beispiel.de</p>',
    ],
    [
      'a name for somebody to replace',
      '<p>your.name@acme.com firstname.lastname@acme.com vorname.nachname@acme.de youremail@gmail.com</p>',
    ],
    [
      'a number or a list for somebody to replace',
      '<p>xxxxxx@bugs.acme.com nnnnnn@bugs.acme.com &lt;bug-number@bugs.acme.com&gt; list-name-request@lists.acme.org</p>',
    ],
    ['somebody at some provider', '<p>you@email.com name@gmail.com user@company.com username@mail.com</p>'],
    [
      'user-info in a URL',
      '<p>https://user:pass@acme.com/ ftp://john@ftp.acme.com http://jane@acme.com</p><a href="http://jane@acme.com/">x</a>',
    ],
    ['user-info without a scheme', '<p>the authority part is "joe:password@acme.com"</p>'],
    [
      'user-info of other schemes',
      '<p>ssh://jane@acme.com postgres://u:p@db.acme.com/x qemu+ssh://root@acme.com/system</p>',
    ],
    [
      'a path in a URL',
      '<p>https://lore.acme.com/git/joe@acme.com/ https://medium.com/@jane.roe /users/jane@acme.com</p>',
    ],
    ['a place on a map', '<p>https://www.google.com/maps/@52.5,13.4,15z https://flickr.com/photos/1234@N05</p>'],
    ['a repository', '<p>git@github.com:acme/repo.git git@gitlab.com git@git.acme.com:x.git jane@acme.com:repo</p>'],
    [
      'a login over SSH',
      '<p>ssh root@server.acme.com</p><p>ssh -p 22 -i key jane@acme.com</p><p>rsync -av x jane@acme.com:/srv</p>',
    ],
    [
      'a prompt of a shell',
      "<p>joe@server.acme.com:~$ ls</p><p>[root@server.acme.com ~]# ls</p><p>root@acme.com's password:</p>",
    ],
    ['a handle', '<p>@acme @jane.roe follow @acme.com on X; @jane@mastodon.social !cats@lemmy.world</p>'],
    ['a mask of IRC', '<p>nick!user@host.acme.com</p>'],
    ['a channel of IRC', '<p>Chat: <a href="irc://irc.acme.com/help">#help@irc.acme.com</a></p>'],
    [
      'an address of another protocol',
      '<p>xmpp:jane@acme.com sip:100@acme.com Jabber: jane@acme.com</p><a href="sip:jane@acme.com">x</a>',
    ],
    ['an at-rule', '<style>@media screen{a{color:red}} @import url(x@acme.com.css); a:after{content:"@"}</style>'],
    [
      'minified code',
      '<script>!function(a,b){a@b.c;var d=/^[^@]+@[^@]+\\.[a-z]+$/;e("@media print{a@b.me(1)}")}()</script>',
    ],
    [
      'a variable in a template',
      '<p>{{name}}@acme.com ${user}@acme.com $user@acme.com %s@acme.com &lt;name&gt;@acme.com</p>',
    ],
    ['a name in a template', '<p>__NAME__@acme.com __user_name__@acme.com</p>'],
    ['a parameter of Python', '<p>%(user)s@acme.com</p>'],
    [
      'names that everybody makes up',
      '<p>a@b.com foo@bar.com test@test.com john@doe.com abc@xyz.com your@email.com my@email.com max@mustermann.de ihr.name@firma.de navn@firma.dk demo@demo.com aaa@bbb.com xxx@yyy.com abc@def.com f.last@acme.com</p>',
    ],
    ['letters of minified code', '<script>!function(){var t="n@e.to",r="r@i.co"}()</script>'],
    ['a note before the sign', '<p>jane (remove this) @ acme.com; last name @ acme.com</p>'],
    [
      'a name for somebody to replace, in other words',
      '<p>vorname@acme.de prenom@acme.fr ihre-mail@acme.de tu@correo.com seu@email.com.br uw@email.nl ditt@namn.se mail@anbieter.de 你的@邮件.地址</p>',
    ],
    ['a number', '<p>3@4.com 1@2.de dinner@8.pm</p>'],
    ['a service of Kerberos', '<p>HTTP/www.acme.com@ACME.COM host/x.acme.com@ACME.COM</p>'],
    [
      'an algorithm of SSH',
      '<p>chacha20-poly1305@openssh.com hmac-sha2-256-etm@openssh.com ssh-ed25519-cert-v01@openssh.com curve25519-sha256@libssh.org</p>',
    ],
    ['a group for a template to fill', '<p>${a,b}@acme.com {user}@acme.com [name]@acme.com {a, b c!}@acme.com</p>'],
    ['code', '<p>A@B.dot(C) self@obj.name(x) self@0x7fff.call</p>'],
    ['a unit of systemd', '<p>getty@tty1.service backup@daily.timer</p>'],
    ['a calendar and a chat', '<p>abc123@group.calendar.google.com 4930123456@s.whatsapp.net</p>'],
    ['a top-level domain that is none', '<p>info@acme.c info@acme.foobarbaz info@acme.123 info@1.2.3.4 info@acme</p>'],
    ['a suffix without a name', '<p>info@co.uk info@com.au</p>'],
    [
      'broken syntax',
      '<p>a..b@acme.com .a@acme.com a.@acme.com a@acme..com a@-acme.com a@acme-.com a@b@acme.com a@acme.com@b.com</p>',
    ],
    ['an IP address', '<p>info@[192.0.2.1] info@192.0.2.1</p>'],
    ['too long a name', `<p>${'a'.repeat(65)}@acme.com ${'a'.repeat(200)}@acme.com a@${'b'.repeat(64)}.com</p>`],
    [
      'what a form proposes',
      '<input type="email" placeholder="you@acme.com"><input type="hidden" name="csrf" value="a@acme.com"><div data-placeholder="you@acme.com"></div>',
    ],
    [
      'what is hidden',
      '<div hidden>a@acme.com</div><p style="display: none">b@acme.com</p><p style="visibility:hidden">c@acme.com',
    ],
    [
      'a link that is hidden',
      '<div style="display:none"><a href="mailto:trap@acme.com">x</a><b data-email="trap@acme.com"></b></div>',
    ],
    ['a template', '<template><a href="mailto:a@acme.com">b@acme.com</a></template>'],
    ['a comment', '<!-- info@acme.com --><!-- <a href="mailto:info@acme.com"> --><!x info@acme.com>'],
    ['an attribute that nobody sees', '<div class="a@acme.com" id="b@acme.com" style="x:c@acme.com"></div>'],
    ['a frame for older browsers', '<iframe>info@acme.com</iframe><noframes>info@acme.com</noframes>'],
    ['a sentence', '<p>Look at this. We met at acme.com and are available at shop.acme.com. Jobs at acme.com.</p>'],
    ['a point in a sentence', '<p>The status at any point in time; the work at this point is done.</p>'],
    ['a file on a site', '<p>setup.py at github.com, servers at msn.com, the mail servers at msn.com</p>'],
    ['a place', '<p>Dinner @ 8. Live @ acme.com! Now hiring @ acme.com</p>'],
    ['a name with hyphens', '<p>work-at-home.com stay-at-home-dad.com state-of-the-art.com</p>'],
    ['a note', '<p>Section 3 (a) acme.com; f(a)b.name [a] list.name</p>'],
    ['letters in brackets', '<p>array[at]; see (at) [1]. foo [dot] bar</p>'],
    [
      'an object that is no account',
      '<script>x={name:"Acme",domain:"acme.com"};y={user:"root",host:"db.acme.com"}</script>',
    ],
    [
      'a firm in data attributes',
      '<div data-name="Acme" data-domain="acme.com"></div><script data-domain="acme.com" defer></script>',
    ],
    ['words in base64', '<div data-target="collapse" data-id="abcdefgh" data-x="aGVsbG8gd29ybGQ="></div>'],
  ])('%s', (_, body) => expect(foundOnPage(body)).toEqual([]))
})

describe('what is close to a trap and is an address', () => {
  it.each([
    ['<p>support@sentry.io</p>', ['text support@sentry.io']],
    ['<p>contact@company.com</p>', ['text contact@company.com']],
    ['<p>info@examplehouse.com</p>', ['text info@examplehouse.com']],
    ['<p>info@2xmoinscher.fr</p>', ['text info@2xmoinscher.fr']],
    ['<p>git@vger.kernel.org</p>', ['text git@vger.kernel.org']],
    [
      '<p>zlibrary@acme.com rsa@acme.com kexgroup@acme.com</p>',
      ['text zlibrary@acme.com', 'text rsa@acme.com', 'text kexgroup@acme.com'],
    ],
    ['<p>john@smith.com x@y.acme.com</p>', ['text john@smith.com', 'text x@y.acme.com']],
    ['<p>12345-done@bugs.debian.org</p>', ['text 12345-done@bugs.debian.org']],
    ['<p>a1b2c3@acme.com</p>', ['text a1b2c3@acme.com']],
    ['<p>With SSH access, mail admin@acme.com</p>', ['text admin@acme.com']],
    ['<p>Twitter: @acme, mail: info@acme.com</p>', ['text info@acme.com']],
    ['<p>amid info@acme.com, Pyramid: sales@acme.com</p>', ['text info@acme.com', 'text sales@acme.com']],
    ['<p>For references write info@acme.com</p>', ['text info@acme.com']],
    ['<p>Send us the Message-ID of it: info@acme.com</p>', ['text info@acme.com']],
    ['<p>info@acme.com: our mailbox</p>', ['text info@acme.com']],
    ['<p>bäckerei@müller.de</p>', ['text bäckerei@xn--mller-kva.de']],
    ['<p dir="rtl" style="direction:rtl">info@acme.com</p>', ['text info@acme.com']],
  ])('%s', (body, expected) => expect(foundOnPage(body)).toEqual(expected))
})

describe("a site's own domain", () => {
  const own = (url: string, body: string): string[] =>
    extractPage({ url, body, contentType: 'text/html' }).emails.map(({ address }) => address)

  it('is never a placeholder there', () => {
    expect(own('http://www.example.com/', '<p>info@example.com x@example.org</p>')).toEqual(['info@example.com'])
  })

  it('needs no suffix that the world knows', () => {
    expect(own('http://wiki.corp.internal/', '<p>info@corp.internal x@other.internal</p>')).toEqual([
      'info@corp.internal',
    ])
  })

  it('can be given', () => {
    const page = extractPage({
      url: 'http://127.0.0.1:8080/',
      body: 'info@acme.example',
      contentType: 'text/html',
      ownDomains: ['acme.example'],
    })
    expect(page.emails.map(({ address, quality }) => [address, quality])).toEqual([['info@acme.example', 'high']])
  })

  it('of a test installation counts little elsewhere', () => {
    const page = extractPage({ url: 'http://127.0.0.1/', body: 'info@acme.test', contentType: 'text/html' })
    expect(page.emails).toMatchObject([{ address: 'info@acme.test', quality: 'low' }])
  })
})
