// The XML reader takes what STS sends and refuses every other means that XML has.

import fc from 'fast-check'
import t from 'tap'
import { onlyChild, readXml } from '../../../../gateway/credential/aws/xml.ts'

function read(text: string): ReturnType<typeof readXml> {
  return readXml(Buffer.from(text, 'utf8'))
}

t.test('reads elements, text and references', (t) => {
  const root = read(
    '<?xml version="1.0" encoding="UTF-8"?>\n<A xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\n' +
      '  <B>x &amp; y &lt;&gt;&quot;&apos; &#65;&#x1F600; é</B>\n  <C/>\n  <C></C><D > z </D >\n</A>\n',
  )
  t.equal(root?.name, 'A')
  t.equal(root?.text, '')
  t.equal(root && onlyChild(root, 'B')?.text, 'x & y <>"\' A\u{1F600} é')
  t.equal(root && onlyChild(root, 'C'), undefined, 'two of a name are none')
  t.equal(root && onlyChild(root, 'D')?.text, ' z ')
  t.equal(root && onlyChild(root, 'E'), undefined)
  t.end()
})

const REFUSED: [id: string, text: string | Buffer][] = [
  ['nothing', ''],
  ['blank', '  '],
  ['text alone', 'x'],
  ['two roots', '<A/><B/>'],
  ['text after the root', '<A/>x'],
  ['text before the root', 'x<A/>'],
  ['not closed', '<A><B></A>'],
  ['closed twice', '<A></A></A>'],
  ['crossed', '<A><B></A></B>'],
  ['cut off', '<A><B>x'],
  ['cut off in a tag', '<A><B'],
  ['DOCTYPE', '<!DOCTYPE A [<!ENTITY x "y">]><A>&x;</A>'],
  ['external entity', '<!DOCTYPE A SYSTEM "file:///etc/passwd"><A/>'],
  ['unknown entity', '<A>&x;</A>'],
  ['bare ampersand', '<A>a & b</A>'],
  ['CDATA', '<A><![CDATA[x]]></A>'],
  ['comment', '<A><!-- x --></A>'],
  ['instruction', '<A><?x y?></A>'],
  ['late declaration', '<A/><?xml version="1.0"?>'],
  ['prefix', '<a:A/>'],
  ['mixed content', '<A>x<B/></A>'],
  ['single-quoted attribute', "<A b='c'/>"],
  ['reference in an attribute', '<A b="&amp;"/>'],
  ['NUL', '<A>\0</A>'],
  ['reference to NUL', '<A>&#0;</A>'],
  ['reference to a surrogate', '<A>&#xD800;</A>'],
  ['reference beyond Unicode', '<A>&#x110000;</A>'],
  ['not UTF-8', Buffer.from('<A>\xff</A>', 'latin1')],
  ['byte order mark', '\ufeff<A/>'],
  ['UTF-16', Buffer.from('<A/>', 'utf16le')],
  ['too deep', `${'<A>'.repeat(40)}${'</A>'.repeat(40)}`],
  ['too many', `<A>${'<B/>'.repeat(300)}</A>`],
]

for (const [id, text] of REFUSED) {
  t.test(`refuses: ${id}`, (t) => {
    t.equal(Buffer.isBuffer(text) ? readXml(text) : read(text), undefined)
    t.end()
  })
}

t.test('any text survives being written and read', (t) => {
  const character = fc.integer({ min: 0x20, max: 0x2fff }).map((code) => String.fromCodePoint(code))
  fc.assert(
    fc.property(fc.string({ unit: character }), (text) => {
      const written = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
      return read(`<A>${written}</A>`)?.text === text
    }),
  )
  t.end()
})

t.test('bytes that are no XML never throw, and never take long', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('<', '>', '/', 'A', ' ', '="', '"', '&', ';', '#', 'x')),
      (parts) => {
        readXml(Buffer.from(parts.join('')))
        return true
      },
    ),
    { numRuns: 2000 },
  )
  const start = process.cpuUsage()
  for (const hostile of [
    '<A' + ' '.repeat(60_000),
    '<A' + ' a="b"'.repeat(10_000),
    '&'.repeat(60_000),
  ]) {
    t.equal(read(hostile), undefined)
  }
  const { user, system } = process.cpuUsage(start)
  t.ok(user + system < 1_000_000, 'within a second of CPU')
  t.end()
})
