// `facts`: the same understanding as `serve`, from files and lines, in any amount.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { MAIN, runCli } from '../support/child.ts'
import { RawConnection } from '../support/raw-connection.ts'
import { s3Head } from '../support/refusal-scene.ts'
import { startTestGateway } from '../support/running-gateway.ts'
import { createScene } from '../support/scene.ts'

const PUT_HEADERS = [
  [
    'authorization',
    'AWS4-HMAC-SHA256 Credential=AKID/20261123/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=00',
  ],
  ['x-amz-content-sha256', 'UNSIGNED-PAYLOAD'],
]

function line(id: string, changes: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    id,
    host: 'gw.test',
    method: 'PUT',
    target: '/aws/s3/reports/2026/a.csv',
    headers: PUT_HEADERS,
    body_base64: 'YWJj',
    ...changes,
  })
}

async function answers(stdin: string, ...args: string[]): Promise<object[]> {
  const { code, out, err } = await runCli(['facts', ...args], { stdin })
  if (code !== 0 || err !== '') throw new Error(`exit ${code}: ${err}`)
  return out
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text) as object)
}

t.test('lines in, lines out, in their order, whatever each of them is', async (t) => {
  const rows: [string, object][] = [
    [line('a'), { id: 'a', ok: true, facts: { service: 'aws_s3', action: 'PutObject' } }],
    ['no JSON', { id: null, ok: false, code: 'ERR_SG_REQUEST_MALFORMED', message: /line 2/ }],
    [
      line('c').replace('{', '{"method":"GET",'),
      { id: null, ok: false, message: /duplicate key "method"/ },
    ],
    [line('d', { method: 7 }), { id: 'd', ok: false, message: /method must be a text/ }],
    [line('e', { body_base64: '***' }), { id: 'e', ok: false, message: /base64/ }],
    [line('f', { headers: [['host', 'other']] }), { id: 'f', ok: false, message: /differ/ }],
    [line('g', { host: 'unknown.example' }), { id: 'g', code: 'ERR_SG_ROUTE_UNKNOWN' }],
    [line('h', { target: '/aws/s3/reports/a?acl' }), { id: 'h', ok: true }],
    [
      line('i', { headers: [...PUT_HEADERS, ['a b', 'c']] }),
      { id: 'i', code: 'ERR_SG_REQUEST_HEADERS' },
    ],
    [
      line('j', { headers: [...PUT_HEADERS, ['content-length', '9']] }),
      { id: 'j', code: 'ERR_SG_REQUEST_FRAMING' },
    ],
    [
      line('unsigned', { headers: [] }),
      { id: 'unsigned', ok: true, facts: { region: 'us-east-1' } },
    ],
    [line('ü'), { id: 'ü', ok: true }],
    [
      line('k', { headers: [...PUT_HEADERS, ['x-amz-meta-a', '\u20ac']] }),
      { id: 'k', code: 'ERR_SG_REQUEST_HEADERS' },
    ],
  ]
  const stdin = rows.map(([text]) => text).join('\n')
  t.match(
    await answers(stdin),
    rows.map(([, expected]) => expected),
  )
  // The last line needs no end, empty ones are skipped, CR LF ends a line too.
  t.match(await answers(`\n${line('x')}\r\n\r\n${line('y')}`), [{ id: 'x' }, { id: 'y' }])
})

t.test('with a configuration: its hosts and routes, and no others', async (t) => {
  const scene = await createScene()
  t.teardown(() => scene.close())
  const stdin = [line('a', { host: 'localhost' }), line('b', { host: 'nowhere.test' })].join('\n')
  t.match(await answers(stdin, '-c', scene.path), [
    { id: 'a', ok: true, facts: { region: 'eu-west-1' } },
    { id: 'b', ok: false, code: 'ERR_SG_ROUTE_UNKNOWN' },
  ])
})

t.test('the limits of the listener hold, those of the configuration too', async (t) => {
  const limits = 'limits: { maxHeaderBytes: 4KiB, maxHeaderLines: 20 }\n'
  const test = await startTestGateway({ config: (text) => text + limits })
  t.teardown(() => test.close())
  const target = '/aws/s3/reports?list-type=2'
  const counted = (headers: readonly (readonly string[])[]): number =>
    headers.flat().join('').length + target.length
  const fixed = [['host', 'localhost'], ...PUT_HEADERS.slice(0, 1)]
  const filled = (bytes: number): string[][] => [
    ...fixed,
    ['x-a', 'a'.repeat(bytes - counted(fixed) - 'x-a'.length)],
  ]
  const many = (count: number): string[][] => [
    ...fixed,
    ...Array.from({ length: count - fixed.length }, (_, at) => [`x-a${at}`, 'a']),
  ]
  const TOO_LARGE = 'ERR_SG_REQUEST_HEADERS_TOO_LARGE'
  const rows: [id: string, headers: string[][], code: string | undefined][] = [
    ['the last byte that is taken', filled(4095), undefined],
    ['one byte more', filled(4096), TOO_LARGE],
    ['20 lines', many(20), undefined],
    ['21 lines', many(21), TOO_LARGE],
    ['blanks around a value', [...fixed, ['x-amz-expected-bucket-owner', ' 1 ']], undefined],
  ]
  const stdin = rows.map(([id, headers]) =>
    line(id, { method: 'GET', target, headers, body_base64: '', host: undefined }),
  )
  t.match(
    await answers(stdin.join('\n'), '-c', join(test.dir, 'svidgate.yaml')),
    rows.map(([id, , code]) => (code === undefined ? { id, ok: true } : { id, ok: false, code })),
  )
  for (const [id, headers, code] of rows) {
    const connection = new RawConnection(await test.connect(test.svid('writer')))
    const text = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    connection.write(`GET ${target} HTTP/1.1\r\n${text}\r\n`)
    const { body } = await connection.answer()
    connection.socket.destroy()
    t.match(body.toString(), code ?? 'ERR_SG_DENIED', `the listener: ${id}`)
  }
})

t.test('one raw request: CR LF or LF, sized or chunked', async (t) => {
  const dir = t.testdir()
  const head = s3Head('PUT /aws/s3/reports/2026/a.csv', 'x-amz-content-sha256: UNSIGNED-PAYLOAD')
  const sized = head.replace('\r\n\r\n', '\r\ncontent-length: 3\r\n\r\n')
  const batch = (body: string): string =>
    s3Head('POST /aws/s3/reports?delete', 'content-md5: x', 'transfer-encoding: chunked') + body
  const keys = '<Delete><Object><Key>one</Key></Object><Object><Key>two</Key></Object></Delete>'
  const half = keys.length >> 1
  const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`
  const rows: { id: string; raw: string; code: number; answer: object }[] = [
    {
      id: 'crlf',
      raw: `${sized}abc`,
      code: 0,
      answer: { ok: true, facts: { action: 'PutObject' } },
    },
    {
      id: 'lf',
      raw: `${sized.replaceAll('\r\n', '\n')}abc`,
      code: 0,
      answer: { ok: true, facts: { action: 'PutObject' } },
    },
    {
      id: 'chunked',
      raw: batch(`${chunk(keys.slice(0, half))}${chunk(keys.slice(half))}0\r\n\r\n`),
      code: 0,
      answer: { ok: true, facts: { targets: [{ key: 'one' }, { key: 'two' }] } },
    },
    {
      id: 'cut short',
      raw: `${sized}ab`,
      code: 1,
      answer: { ok: false, code: 'ERR_SG_REQUEST_FRAMING' },
    },
  ]
  for (const { id, raw, code, answer } of rows) {
    const path = join(dir, id)
    writeFileSync(path, raw, 'latin1')
    const ended = await runCli(['facts', '--request', path])
    t.match({ code: ended.code, err: ended.err }, { code, err: '' }, id)
    t.match(JSON.parse(ended.out), answer, id)
  }
  writeFileSync(join(dir, 'none'), 'GET / HTTP/1.1\r\nhost: gw.test\r\n')
  t.match(await runCli(['facts', '--request', join(dir, 'none')]), { code: 2, err: /hint: / })
})

t.test('the catalogue lists every operation once', async (t) => {
  const { code, out } = await runCli(['facts', '--catalogue'])
  t.equal(code, 0)
  const names = out
    .trim()
    .split('\n')
    .map((text) => JSON.stringify(JSON.parse(text)))
  t.ok(names.length > 90)
  t.equal(new Set(names).size, names.length)
})

t.test('200,000 lines take no more memory than 20,000', async (t) => {
  const block = `${line('z')}\n`.repeat(1000)
  const child = spawn(process.execPath, [MAIN, 'facts'], { stdio: ['pipe', 'pipe', 'inherit'] })
  let lines = 0
  child.stdout.on('data', (chunk: Buffer) => {
    for (const byte of chunk) if (byte === 0x0a) lines += 1
  })
  /** kB; 0 on systems that do not tell it in a file. */
  const rss = (): number => {
    const file = `/proc/${child.pid}/status`
    const status = existsSync(file) ? readFileSync(file, 'utf8') : ''
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0)
  }
  let early = 0
  for (let thousand = 0; thousand < 200; thousand += 1) {
    if (!child.stdin.write(block)) await once(child.stdin, 'drain')
    if (thousand === 20) early = rss()
  }
  const late = rss()
  child.stdin.end()
  const [code] = (await once(child, 'close')) as [number]
  t.equal(code, 0)
  t.equal(lines, 200_000)
  t.ok(late < early + 64 * 1024, `${early} kB at 20,000 lines, ${late} kB at 200,000`)
})
