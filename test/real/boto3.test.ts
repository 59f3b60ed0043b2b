// boto3 as the client: it speaks to the gateway over https, where it sends unsigned-trailer chunks,
// `Expect: 100-continue` and CRC32, and reads our refusals with its own parser.

import t from 'tap'
import { playBoto3 } from '../support/boto3.ts'
import { startTestGateway } from '../support/running-gateway.ts'

t.test('an unmodified boto3 program', async (t) => {
  const test = await startTestGateway({ bundle: 'bench/policy/bundle.tar.gz' })
  t.teardown(() => test.close())
  await playBoto3(t, test)
  const foreign = test.cloud.requests.filter(({ status = 0 }) => status >= 400)
  t.same(foreign, [], 'the cloud refused nothing of what the gateway let through')
})
