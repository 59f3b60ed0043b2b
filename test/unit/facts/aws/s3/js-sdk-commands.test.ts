// Every command of the real SDK is recognised as itself. The oracle is the command's own name.

import * as client from '@aws-sdk/client-s3'
import t from 'tap'
import type { S3Client } from '@aws-sdk/client-s3'
import { factsOf } from '../../../../support/s3-facts.ts'
import { startS3Capture } from '../../../../support/js-s3-capture.ts'
import { leastInput } from '../../../../support/smithy-input.ts'

/** Known operations that this gateway refuses: they live on endpoints that it does not serve. */
const UNREACHABLE = new Set(['ListDirectoryBuckets', 'RenameObject', 'WriteGetObjectResponse'])
const COMMANDS = 112
/** Optional members without which S3 itself would refuse the request. */
const MORE_INPUT: Readonly<Record<string, object>> = {
  RestoreObject: { RestoreRequest: { Days: 1 } },
}

type Send = (client: S3Client) => Promise<unknown>
type CommandClass = new (input: Record<string, unknown>) => Parameters<S3Client['send']>[0]

const operations = Object.values(client as Record<string, unknown>).filter(
  (value): value is unknown[] => Array.isArray(value) && value[0] === 9,
)

function sendOf(operation: readonly unknown[]): Send {
  const name = String(operation[2])
  const Command = (client as unknown as Record<string, CommandClass>)[`${name}Command`]
  if (Command === undefined) throw new Error(`no command ${name}`)
  return (s3) => s3.send(new Command({ ...leastInput(operation), ...MORE_INPUT[name] }))
}

for (const forcePathStyle of [true, false]) {
  const style = forcePathStyle ? 'path style' : 'virtual host'
  t.test(`all commands of the SDK, ${style}`, async (t) => {
    const wire = await startS3Capture({ forcePathStyle })
    t.teardown(() => wire.close())
    t.equal(operations.length, COMMANDS, 'the whole API is driven')
    for (const operation of operations) {
      const name = String(operation[2])
      const { head, body } = await wire.capture(sendOf(operation))
      const facts = factsOf(head, body)
      if (UNREACHABLE.has(name)) {
        t.match(facts, { ok: false }, name)
        continue
      }
      t.match(facts, { ok: true }, name)
      if (facts.ok) t.equal(facts.value.action, name)
    }
  })
}
