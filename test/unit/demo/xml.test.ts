import t from 'tap'
import { childText, readXml, writeXml } from '../../../gateway/demo/aws/xml.ts'

t.test('reads elements, text and references', async (t) => {
  const root = readXml(
    '<?xml version="1.0"?>\n<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a&amp;b &#x263A;&#33;</Key></Object><Quiet/></Delete>\n',
  )
  const [object] = root?.children ?? []
  t.equal(object && childText(object, 'Key'), 'a&b ☺!')
  t.same(
    root?.children.map((child) => child.name),
    ['Object', 'Quiet'],
  )
})

t.test('what it writes it reads back', async (t) => {
  const text = `<&>"' \u0007 ☺`
  const document = writeXml(['A', [['B', text]]], 'urn:x').toString('utf8')
  const root = readXml(document)
  t.equal(root && childText(root, 'B'), text)
})

const MALFORMED = {
  'a document type': '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
  'a comment': '<a><!-- x --></a>',
  'a CDATA section': '<a><![CDATA[x]]></a>',
  'an unclosed element': '<a><b></a>',
  'two roots': '<a/><b/>',
  'text before the root': 'x<a/>',
  'an attribute': '<a href="x"/>',
  'too deep': '<a>'.repeat(20) + '</a>'.repeat(20),
  'a surrogate by reference': '<a>&#xD800;</a>',
  nothing: '',
}

t.test('anything but a plain document is refused', async (t) => {
  for (const [id, document] of Object.entries(MALFORMED)) {
    t.equal(readXml(document), undefined, id)
  }
})
