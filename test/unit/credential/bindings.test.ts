// Bindings: which credentials a request may use, in file order.

import t from 'tap'
import { compileBindings, type Binding } from '../../../gateway/credential/bindings.ts'

const NAMES = new Set(['aws-data', 'aws-writer', 'gcp-data', 'public'])
const WRITER = 'spiffe://example.org/agent/acme/data-crew/writer'

const bindings = compileBindings(
  [
    {
      service: 'aws_s3',
      subject: 'spiffe://example.org/agent/acme/*/writer',
      credentials: ['aws-writer'],
    },
    {
      service: 'aws_s3',
      subject: 'spiffe://example.org/agent/acme/*/*',
      credentials: ['aws-data', 'aws-writer'],
    },
    { service: 'gcp_bigquery', subject: WRITER, credentials: ['gcp-data'] },
    { service: 'http_tickets', subject: 'spiffe://example.org/*', credentials: ['public'] },
  ],
  NAMES,
)

const TABLE: { id: string; service: string; spiffeId: string; expected: string[] }[] = [
  {
    id: 'all bindings that match, in file order, once',
    service: 'aws_s3',
    spiffeId: WRITER,
    expected: ['aws-writer', 'aws-data'],
  },
  {
    id: 'the second alone',
    service: 'aws_s3',
    spiffeId: 'spiffe://example.org/agent/acme/c/reader',
    expected: ['aws-data', 'aws-writer'],
  },
  {
    id: 'another tenant',
    service: 'aws_s3',
    spiffeId: 'spiffe://example.org/agent/other/data-crew/writer',
    expected: [],
  },
  {
    id: 'another trust domain',
    service: 'aws_s3',
    spiffeId: 'spiffe://partner.org/agent/acme/data-crew/writer',
    expected: [],
  },
  {
    id: '* is not two segments',
    service: 'aws_s3',
    spiffeId: 'spiffe://example.org/agent/acme/a/b/writer',
    expected: [],
  },
  {
    id: '* is not no segment',
    service: 'aws_s3',
    spiffeId: 'spiffe://example.org/agent/acme/writer',
    expected: [],
  },
  {
    id: '* at the end is not two',
    service: 'http_tickets',
    spiffeId: 'spiffe://example.org/a/b',
    expected: [],
  },
  {
    id: '* at the end is one',
    service: 'http_tickets',
    spiffeId: 'spiffe://example.org/a',
    expected: ['public'],
  },
  { id: 'a literal ID', service: 'gcp_bigquery', spiffeId: WRITER, expected: ['gcp-data'] },
  {
    id: 'a longer ID than the literal',
    service: 'gcp_bigquery',
    spiffeId: `${WRITER}2`,
    expected: [],
  },
  {
    id: 'case counts',
    service: 'gcp_bigquery',
    spiffeId: WRITER.replace('acme', 'Acme'),
    expected: [],
  },
  { id: 'another service', service: 'aws_sqs', spiffeId: WRITER, expected: [] },
  { id: 'a service named like a property', service: 'constructor', spiffeId: WRITER, expected: [] },
]

for (const row of TABLE) {
  t.test(row.id, (t) => {
    t.strictSame(bindings.candidates(row.service, row.spiffeId), row.expected)
    t.end()
  })
}

const WRONG: { id: string; binding: Partial<Binding>; text: RegExp }[] = [
  {
    id: 'unknown credential',
    binding: { credentials: ['aws-dta'] },
    text: /bindings\[0\]: there is no credential aws-dta; there are: aws-data/,
  },
  { id: 'no credential', binding: { credentials: [] }, text: /credentials must not be empty/ },
  { id: 'no service', binding: { service: '' }, text: /service must not be empty/ },
  { id: 'not a SPIFFE ID', binding: { subject: 'agent/acme/*' }, text: /must be spiffe:/ },
  {
    id: 'trust domain as *',
    binding: { subject: 'spiffe://*/agent/acme/a/b' },
    text: /never for the trust domain/,
  },
  {
    id: 'trust domain alone',
    binding: { subject: 'spiffe://example.org' },
    text: /must be spiffe:/,
  },
  {
    id: 'part of a segment',
    binding: { subject: 'spiffe://example.org/agent/ac*' },
    text: /"ac\*" is no path segment/,
  },
  { id: '**', binding: { subject: 'spiffe://example.org/**' }, text: /"\*\*" is no path segment/ },
  {
    id: 'empty segment',
    binding: { subject: 'spiffe://example.org//a' },
    text: /"" is no path segment/,
  },
]

for (const row of WRONG) {
  t.test(`refused at construction: ${row.id}`, (t) => {
    const good = { service: 'aws_s3', subject: 'spiffe://example.org/a', credentials: ['aws-data'] }
    t.doesNotThrow(() => compileBindings([good], NAMES))
    t.throws(() => compileBindings([{ ...good, ...row.binding }], NAMES), {
      name: 'TypeError',
      message: row.text,
    })
    t.end()
  })
}
