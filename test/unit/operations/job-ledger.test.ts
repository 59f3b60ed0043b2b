// Whose a job is: by its tag, or because the cloud said so; never because somebody asks.

import t from 'tap'
import { JobStore } from '../../../gateway/operations/job-store.ts'
import { JOB_KEY, jobKeys, jobLedger, OTHER_JOB_KEY } from '../../support/jobs.ts'
import { ManualTime } from '../../support/manual-time.ts'

const RESEARCHER = {
  trustDomain: 'example.org',
  spiffeId: 'spiffe://example.org/agent/acme/data-crew/researcher',
}
const STRANGER = {
  trustDomain: 'example.org',
  spiffeId: 'spiffe://example.org/agent/globex/data-crew/researcher',
}
const UUID = '0b2f6c1e-58a7-4a7f-9a3e-6f1f3f0d9c11'

t.test('a stamped id is the agent’s own, with an empty store, and not another’s', (t) => {
  const stamped = jobLedger().of(RESEARCHER).stamp('p', UUID)
  const afterRestart = jobLedger()
  t.strictSame(afterRestart.of(RESEARCHER).resolve('p', stamped), { jobId: stamped, own: true })
  t.strictSame(afterRestart.of(STRANGER).resolve('p', stamped), { jobId: stamped, own: false })
  t.strictSame(afterRestart.of(RESEARCHER).resolve('q', stamped), { jobId: stamped, own: false })
  t.end()
})

t.test('an id that was looked at in one project is not known by it in another', (t) => {
  const jobs = jobLedger().of(RESEARCHER)
  const stamped = jobs.stamp('p', UUID)
  t.ok(jobs.resolve('p', stamped).own)
  t.notOk(jobs.resolve('q', stamped).own)
  t.ok(jobs.resolve('p', stamped).own)
  t.end()
})

t.test('an id is stamped once; another agent’s stamped id is one like any other', (t) => {
  const ledger = jobLedger()
  const stamped = ledger.of(RESEARCHER).stamp('p', UUID)
  t.equal(ledger.of(RESEARCHER).stamp('p', stamped), stamped)
  const taken = ledger.of(STRANGER).stamp('p', stamped)
  t.ok(taken.endsWith(`_${stamped}`))
  t.not(taken, stamped)
  t.end()
})

t.test('an id that was only stamped is not yet a name for a job', (t) => {
  const jobs = jobLedger().of(RESEARCHER)
  jobs.stamp('p', UUID)
  t.strictSame(jobs.resolve('p', UUID), { jobId: UUID, own: false })
  t.end()
})

t.test('once the cloud has begun it, the agent’s own name leads to the stamped job', (t) => {
  const ledger = jobLedger()
  const jobs = ledger.of(RESEARCHER)
  const stamped = jobs.stamp('p', UUID)
  jobs.began('p', stamped)
  t.strictSame(jobs.resolve('p', UUID), { jobId: stamped, own: true })
  t.strictSame(ledger.of(STRANGER).resolve('p', UUID), { jobId: UUID, own: false })
  t.strictSame(jobs.resolve('q', UUID), { jobId: UUID, own: false }, 'in that project alone')
  t.end()
})

t.test('an id that the cloud made is own as soon as the cloud has said it', (t) => {
  const ledger = jobLedger()
  ledger.of(RESEARCHER).began('p', 'job_Zx81')
  t.strictSame(ledger.of(RESEARCHER).resolve('p', 'job_Zx81'), { jobId: 'job_Zx81', own: true })
  t.strictSame(ledger.of(STRANGER).resolve('p', 'job_Zx81'), { jobId: 'job_Zx81', own: false })
  t.end()
})

t.test('a job that exists already is own by its tag alone', (t) => {
  const ledger = jobLedger()
  const jobs = ledger.of(RESEARCHER)
  const stamped = jobs.stamp('p', UUID)
  jobs.existed('p', stamped)
  t.strictSame(jobs.resolve('p', UUID), { jobId: stamped, own: true }, 'its answer was lost')
  jobs.existed('p', 'job_of_somebody_else')
  t.equal(jobs.resolve('p', 'job_of_somebody_else').own, false)
  const foreign = ledger.of(STRANGER).stamp('p', 'theirs')
  jobs.existed('p', foreign)
  t.equal(jobs.resolve('p', foreign).own, false)
  t.equal(jobs.resolve('p', 'theirs').own, false)
  t.end()
})

t.test('who takes another’s name for a job of its own gets its own', (t) => {
  const ledger = jobLedger()
  ledger.of(RESEARCHER).began('p', 'job_Zx81')
  const jobs = ledger.of(STRANGER)
  const stamped = jobs.stamp('p', 'job_Zx81')
  jobs.began('p', stamped)
  t.strictSame(jobs.resolve('p', 'job_Zx81'), { jobId: stamped, own: true })
  t.strictSame(ledger.of(RESEARCHER).resolve('p', 'job_Zx81'), { jobId: 'job_Zx81', own: true })
  t.end()
})

t.test('keys that are read again keep what was learned', (t) => {
  const store = new JobStore(new ManualTime())
  const before = jobLedger(store).of(RESEARCHER)
  const stamped = before.stamp('p', UUID)
  before.began('p', stamped)
  const changed = jobLedger(store, jobKeys(OTHER_JOB_KEY, JOB_KEY)).of(RESEARCHER)
  t.strictSame(changed.resolve('p', stamped), { jobId: stamped, own: true })
  t.strictSame(changed.resolve('p', UUID), { jobId: stamped, own: true })
  t.equal(changed.stamp('p', stamped), stamped, 'a retired key’s tag is not stamped over')
  t.not(changed.stamp('p', UUID), stamped)
  t.end()
})

t.test('a name is worth nothing without the key of the job that it stands for', (t) => {
  const store = new JobStore(new ManualTime())
  const before = jobLedger(store).of(RESEARCHER)
  const stamped = before.stamp('p', UUID)
  before.began('p', stamped)
  before.began('p', 'job_Zx81')
  const after = jobLedger(store, jobKeys(OTHER_JOB_KEY)).of(RESEARCHER)
  t.strictSame(after.resolve('p', UUID), { jobId: UUID, own: false })
  t.strictSame(after.resolve('p', stamped), { jobId: stamped, own: false })
  t.ok(after.resolve('p', 'job_Zx81').own, 'what BigQuery named has no key')
  t.end()
})
