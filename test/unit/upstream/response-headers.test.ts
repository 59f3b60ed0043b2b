// What of an answer's head reaches the agent: every line as it stood, but those of the one hop.

import t from 'tap'
import { responseHeaders } from '../../../gateway/upstream/response-headers.ts'

type Lines = readonly (readonly [string, string])[]

const TABLE: readonly (readonly [id: string, raw: Lines, kept: Lines])[] = [
  [
    'spelling, order and repeats are kept',
    [
      ['X-Amz-Meta-A', '1'],
      ['etag', '"x"'],
      ['x-amz-meta-a', '2'],
      ['Set-Cookie', 'a'],
      ['Set-Cookie', 'b'],
    ],
    [
      ['X-Amz-Meta-A', '1'],
      ['etag', '"x"'],
      ['x-amz-meta-a', '2'],
      ['Set-Cookie', 'a'],
      ['Set-Cookie', 'b'],
    ],
  ],
  [
    'names of the one hop go, in every spelling (RFC 9110 §7.6.1)',
    [
      ['Connection', 'close'],
      ['Keep-Alive', 'timeout=5'],
      ['Proxy-Authenticate', 'Basic'],
      ['PROXY-CONNECTION', 'close'],
      ['TE', 'trailers'],
      ['Trailer', 'x'],
      ['Transfer-Encoding', 'chunked'],
      ['uPgRaDe', 'h2c'],
      ['Date', 'now'],
    ],
    [['Date', 'now']],
  ],
  [
    'what Connection names goes too, wherever it stands',
    [
      ['X-Hop', '1'],
      ['Connection', 'keep-alive, X-HOP ,,'],
      ['x-hop', '2'],
      ['connection', 'x-other'],
      ['X-Other', '3'],
      ['X-Kept', '4'],
    ],
    [['X-Kept', '4']],
  ],
  [
    'the plain options of Connection name no line',
    [
      ['Connection', 'close, keep-alive'],
      ['Close', '1'],
    ],
    [['Close', '1']],
  ],
  ['nothing is nothing', [], []],
]

for (const [id, raw, kept] of TABLE) {
  t.test(id, (t) => {
    t.strictSame(responseHeaders(raw.flat()), kept, 'as texts')
    const bytes = raw.flat().map((text) => Buffer.from(text, 'latin1'))
    t.strictSame(responseHeaders(bytes), kept, 'as bytes')
    t.end()
  })
}

t.test('bytes above 127 are kept one by one', (t) => {
  const raw = [Buffer.from('x-amz-meta-a'), Buffer.from([0x63, 0xe9, 0xc3, 0xa9])]
  t.strictSame(responseHeaders(raw), [['x-amz-meta-a', 'c\u00e9\u00c3\u00a9']])
  t.end()
})
