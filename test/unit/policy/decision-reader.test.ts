import t from 'tap'
import { parseDecision } from '../../../gateway/policy/decision.ts'
import { DecisionReader } from '../../../gateway/policy/decision-reader.ts'

const TEXTS = [
  'true',
  'false',
  'null',
  '[]',
  '{"allow":true,"reasons":["a"],"obligations":{"session_policy":[{"actions":["s3:GetObject"],"resources":["arn:aws:s3:::b/*"]}]}}',
  '{"allow":true,"obligations":{"unheard_of":1}}',
  '{"allow":false,"reasons":["no_grant"]}',
]

t.test('an answer is read as a decision once, and is the same decision ever after', async (t) => {
  const reader = new DecisionReader()
  for (const text of TEXTS) {
    const decision = reader.read(text)
    t.same(decision, parseDecision(JSON.parse(text)), text)
    t.equal(reader.read(text), decision, 'the same object')
    t.ok(Object.isFrozen(decision))
  }
})

t.test('what is not JSON is a denial', async (t) => {
  for (const text of ['', '{', '{"allow":true}{"allow":true}']) {
    t.match(new DecisionReader().read(text), { kind: 'deny', code: 'ERR_SG_POLICY_ERROR' })
  }
})

t.test('a policy with ever new answers fills no memory', async (t) => {
  const reader = new DecisionReader()
  const textOf = (index: number): string => `{"allow":false,"reasons":["r${index}"]}`
  const first = reader.read(textOf(0))
  for (let index = 1; index < 5000; index += 1) reader.read(textOf(index))
  t.not(reader.read(textOf(0)), first, 'forgotten')
  const long = `{"allow":false,"reasons":[${Array.from({ length: 200 }, (_, i) => `"reason-number-${i}-of-many"`).join()}]}`
  t.not(reader.read(long), reader.read(long), 'a long answer is not kept')
})
