// The XML subset: what two parsers could read differently is refused.

import t from 'tap'
import { readXml } from '../../../../gateway/facts/aws/xml.ts'

const read = (text: string) => readXml(Buffer.from(text))

t.test('reads what SDKs write', (t) => {
  const text =
    '<?xml version="1.0" encoding="UTF-8"?>\n<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' +
    '<Object><Key> a&amp;b &lt;c&gt;&quot;&apos;&#252;&#x1F600; </Key></Object>\n <Quiet>true</Quiet></Delete>\n'
  t.strictSame(read(text), {
    name: 'Delete',
    text: '',
    children: [
      {
        name: 'Object',
        text: '',
        children: [{ name: 'Key', text: ' a&b <c>"\'ü\u{1f600} ', children: [] }],
      },
      { name: 'Quiet', text: 'true', children: [] },
    ],
  })
  t.strictSame(read('<A/>'), { name: 'A', text: '', children: [] })
  t.end()
})

const refused: [id: string, text: string][] = [
  ['DTD', '<!DOCTYPE A><A/>'],
  ['entity of a DTD', '<!DOCTYPE A [<!ENTITY x "y">]><A>&x;</A>'],
  ['unknown entity', '<A>&nbsp;</A>'],
  ['bare ampersand', '<A>a & b</A>'],
  ['CDATA', '<A><![CDATA[x]]></A>'],
  ['comment', '<A><!-- x --></A>'],
  ['comment before the root', '<!-- x --><A/>'],
  ['processing instruction', '<A><?php ?></A>'],
  ['another encoding', '<?xml version="1.0" encoding="UTF-16"?><A/>'],
  ['XML 1.1', '<?xml version="1.1"?><A/>'],
  ['attribute', '<A b="c"/>'],
  ['prefix', '<s3:A xmlns:s3="x"/>'],
  ['another namespace inside', '<A xmlns="x"><B xmlns="y"/></A>'],
  ['two roots', '<A/><B/>'],
  ['text behind the root', '<A/>x'],
  ['wrong end', '<A><B></A></B>'],
  ['end of a longer name', '<A></AB>'],
  ['no end', '<A><B>'],
  ['text beside elements', '<A>x<B/></A>'],
  ['text behind elements', '<A><B/>x</A>'],
  ['NUL by reference', '<A>&#0;</A>'],
  ['a raw carriage return', '<A>a\rb</A>'],
  ['a surrogate by reference', '<A>&#xD800;</A>'],
  ['beyond Unicode', '<A>&#x110000;</A>'],
  ['the end of CDATA', '<A>]]></A>'],
  ['a byte order mark', '\ufeff<A/>'],
  ['too deep', '<A>'.repeat(20) + '</A>'.repeat(20)],
  ['nothing', ''],
]
for (const [id, text] of refused) {
  t.test(`refuses ${id}`, (t) => {
    t.equal(read(text), undefined)
    t.end()
  })
}

t.test('refuses bytes that are not UTF-8', (t) => {
  t.equal(readXml(Buffer.from([0x3c, 0x41, 0x3e, 0xff, 0x3c, 0x2f, 0x41, 0x3e])), undefined)
  t.end()
})
