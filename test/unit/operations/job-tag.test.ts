// The tag in a job's id: HMAC-SHA-256, cut to 128 bits, over length-prefixed (context, trust domain,
// SPIFFE ID, project, id). The expected tags were made with Python's hmac module; the first one is also
// what `openssl dgst -sha256 -mac HMAC -macopt hexkey:<key>` prints for the same bytes.

import fc from 'fast-check'
import t from 'tap'
import { LONGEST_CLIENT_JOB_ID, tagged, untagged } from '../../../gateway/operations/job-tag.ts'
import { JOB_KEY, jobKeys, OTHER_JOB_KEY } from '../../support/jobs.ts'

const ID = 'spiffe://example.org/agent/acme/data-crew/researcher'
const OWNER = { trustDomain: 'example.org', spiffeId: ID }
const KEYS = jobKeys(JOB_KEY)
const UUID = '0b2f6c1e-58a7-4a7f-9a3e-6f1f3f0d9c11'
const STAMPED = `sg1f472007e9e348defcf0903cd3aca269d_${UUID}`

const VECTORS = [
  { id: 'a UUID', key: JOB_KEY, owner: OWNER, project: 'p', job: UUID, stamped: STAMPED },
  {
    id: 'a project with a domain',
    key: JOB_KEY,
    owner: OWNER,
    project: 'example.com:sales-data',
    job: 'nightly_report-7',
    stamped: 'sg11130551c15df754b4be46e8349ee2c64_nightly_report-7',
  },
  {
    id: 'a federated agent, another key',
    key: OTHER_JOB_KEY,
    owner: { trustDomain: 'partner.org', spiffeId: 'spiffe://partner.org/agent/a/b/c' },
    project: 'p',
    job: 'x',
    stamped: 'sg14a9d38e7c1f99424b3c377379228027a_x',
  },
  {
    id: 'the longest id that an agent may give',
    key: JOB_KEY,
    owner: OWNER,
    project: 'p',
    job: 'j'.repeat(988),
    stamped: `sg1bba08ab941d0f79776af073df3516f24_${'j'.repeat(988)}`,
  },
] as const

for (const { id, key, owner, project, job, stamped } of VECTORS) {
  t.test(`vector: ${id}`, (t) => {
    const keys = jobKeys(key)
    t.equal(tagged(keys, owner, project, job), stamped)
    t.equal(untagged(keys, owner, project, stamped), job)
    t.match(stamped, /^[A-Za-z0-9_-]{1,1024}$/, 'an id that BigQuery takes')
    t.end()
  })
}

t.test('an id of the agent’s has the room that the tag leaves of 1,024 characters', (t) => {
  t.equal(LONGEST_CLIENT_JOB_ID, 988)
  t.equal(tagged(KEYS, OWNER, 'p', 'j'.repeat(LONGEST_CLIENT_JOB_ID)).length, 1024)
  t.end()
})

const STRANGERS: readonly (readonly [
  id: string,
  owner: { trustDomain: string; spiffeId: string },
  project: string,
  jobId: string,
])[] = [
  ['another agent', { ...OWNER, spiffeId: `${ID}2` }, 'p', STAMPED],
  [
    'the same role of another crew',
    { ...OWNER, spiffeId: 'spiffe://example.org/agent/acme/other-crew/researcher' },
    'p',
    STAMPED,
  ],
  [
    'the same names in another tenant',
    { ...OWNER, spiffeId: 'spiffe://example.org/agent/globex/data-crew/researcher' },
    'p',
    STAMPED,
  ],
  ['another trust domain', { ...OWNER, trustDomain: 'example.or' }, 'p', STAMPED],
  ['another project', OWNER, 'q', STAMPED],
  ['a project in another spelling', OWNER, 'P', STAMPED],
  ['the tag before another id', OWNER, 'p', STAMPED.replace(UUID, 'job_of_somebody_else')],
  ['the tag before a longer id', OWNER, 'p', `${STAMPED}1`],
  ['the tag before a shorter id', OWNER, 'p', STAMPED.slice(0, -1)],
  ['the tag before nothing', OWNER, 'p', STAMPED.slice(0, 36)],
  ['the id without its tag', OWNER, 'p', UUID],
  ['a tag with one bit less', OWNER, 'p', STAMPED.replace('sg1f', 'sg1e')],
  ['a tag in capitals', OWNER, 'p', STAMPED.replace('f472007e', 'F472007E')],
  ['a tag cut short', OWNER, 'p', `sg1f472007e9e348defcf0903cd3aca269_${UUID}`],
  ['another version', OWNER, 'p', STAMPED.replace('sg1', 'sg2')],
  ['another separator', OWNER, 'p', STAMPED.replace('_', '-')],
  ['a line break before it', OWNER, 'p', `\n${STAMPED}`],
]

for (const [id, owner, project, jobId] of STRANGERS) {
  t.test(`not its own: ${id}`, (t) => {
    t.equal(untagged(KEYS, owner, project, jobId), undefined)
    t.end()
  })
}

t.test('what moves a border between two fields makes another tag', (t) => {
  const moved = { trustDomain: 'example.orgs', spiffeId: ID.slice(1) }
  t.not(tagged(KEYS, moved, 'p', UUID), STAMPED)
  t.not(tagged(KEYS, OWNER, 'pa', 'b').slice(3, 35), tagged(KEYS, OWNER, 'p', 'ab').slice(3, 35))
  t.end()
})

t.test('the tag of one thing never fits another', (t) => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '-', '_', 'é', '\0'), maxLength: 4 })
  const tuple = fc.tuple(
    text,
    text,
    text,
    text.filter((job) => job !== ''),
  )
  fc.assert(
    fc.property(tuple, tuple, ([td, id, project, job], [td2, id2, project2, job2]) => {
      const stamped = tagged(KEYS, { trustDomain: td, spiffeId: id }, project, job)
      const transplanted = stamped.slice(0, 36) + job2
      const isSame = td === td2 && id === id2 && project === project2 && job === job2
      const read = untagged(KEYS, { trustDomain: td2, spiffeId: id2 }, project2, transplanted)
      return read === (isSame ? job : undefined)
    }),
  )
  t.end()
})

t.test('keys change without a gap: the first signs, every one is accepted', (t) => {
  const before = jobKeys(JOB_KEY)
  const announced = jobKeys(JOB_KEY, OTHER_JOB_KEY)
  const changed = jobKeys(OTHER_JOB_KEY, JOB_KEY)
  const after = jobKeys(OTHER_JOB_KEY)
  const old = tagged(before, OWNER, 'p', UUID)
  const fresh = tagged(changed, OWNER, 'p', UUID)
  t.equal(tagged(announced, OWNER, 'p', UUID), old, 'one that is announced does not sign')
  t.not(fresh, old)
  t.equal(untagged(changed, OWNER, 'p', old), UUID, 'a retired key is accepted')
  t.equal(untagged(announced, OWNER, 'p', fresh), UUID, 'so is one that another replica signs with')
  t.equal(untagged(after, OWNER, 'p', old), undefined, 'one that is gone is not')
  t.end()
})
