// Session tags and the source identity, in the form that the IAM User Guide shows, for STS to read.

import t from 'tap'
import {
  compileSessionClaims,
  type SessionClaimOptions,
} from '../../../../gateway/credential/aws/session-claims.ts'
import { peer } from '../../../support/peers.ts'

t.test('the claims are those of the IAM User Guide, "Session tags"', (t) => {
  const claims = compileSessionClaims(
    {
      sessionTags: { Project: 'Automation', Department: '{tenant}' },
      transitiveTags: ['Project'],
      sourceIdentity: '{tenant}@{agent}@{role}',
    },
    'credential s3',
  )
  t.strictSame(claims.of(peer()), {
    'https://aws.amazon.com/tags': {
      principal_tags: { Project: ['Automation'], Department: ['acme'] },
      transitive_tag_keys: ['Project'],
    },
    'https://aws.amazon.com/source_identity': 'acme@data-crew@writer',
  })
  t.strictSame(compileSessionClaims({}, 'x').of(peer()), {}, 'and none where none is asked for')
  t.end()
})

t.test('an identity that cannot fill them gets no session, rather than one without', (t) => {
  const foreign = peer({ tenant: undefined, agent: undefined, role: undefined })
  const long = peer({ role: 'r'.repeat(257) })
  const tags = compileSessionClaims({ sessionTags: { Role: '{role}' } }, 'x')
  const source = compileSessionClaims({ sourceIdentity: '{role}' }, 'x')
  t.equal(tags.of(foreign), undefined)
  t.equal(tags.of(long), undefined, 'a value has 256 characters at most')
  t.equal(source.of(foreign), undefined)
  t.equal(source.of(long), undefined, 'a source identity has 64 characters at most')
  t.equal(source.of(peer({ role: 'r' })), undefined, 'and 2 at least')
  t.end()
})

const WRONG: [id: string, options: SessionClaimOptions, text: RegExp][] = [
  ['a reserved key', { sessionTags: { 'aws:x': 'y' } }, /no key of a session tag/],
  ['a key twice', { sessionTags: { Team: 'a', team: 'b' } }, /upper and lower case/],
  ['an unknown transitive key', { sessionTags: { A: 'a' }, transitiveTags: ['B'] }, /names B/],
  ['an unknown placeholder', { sourceIdentity: '{spiffe}' }, /\{spiffe\} is unknown/],
  ['placeholders that melt', { sessionTags: { A: '{tenant}-{role}' } }, /two different agents/],
  [
    'too many',
    { sessionTags: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`k${i}`, 'v'])) },
    /51 tags; STS takes 50/,
  ],
]

for (const [id, options, text] of WRONG) {
  t.test(`stops the start: ${id}`, (t) => {
    t.throws(() => compileSessionClaims(options, 'credential s3'), text)
    t.end()
  })
}

t.test('every part of them is part of the cache key', (t) => {
  const options: SessionClaimOptions[] = [
    {},
    { sessionTags: { A: 'a' } },
    { sessionTags: { A: 'b' } },
    { sessionTags: { A: 'a' }, transitiveTags: ['A'] },
    { sourceIdentity: 'aa' },
  ]
  const keys = options.map((each) => compileSessionClaims(each, 'x').fingerprint)
  t.equal(new Set(keys).size, options.length)
  t.end()
})
