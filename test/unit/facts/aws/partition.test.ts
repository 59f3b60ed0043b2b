// Regions and partitions as botocore 1.43.127 lists them (data/partitions.json).

import t from 'tap'
import { partitionOf } from '../../../../gateway/facts/aws/partition.ts'

const rows: [region: string | undefined, partition: string][] = [
  ['us-east-1', 'aws'],
  ['eu-west-1', 'aws'],
  ['il-central-1', 'aws'],
  ['mx-central-1', 'aws'],
  ['cn-northwest-1', 'aws-cn'],
  ['us-gov-west-1', 'aws-us-gov'],
  ['us-iso-east-1', 'aws-iso'],
  ['us-isob-west-1', 'aws-iso-b'],
  ['eu-isoe-west-1', 'aws-iso-e'],
  ['us-isof-south-1', 'aws-iso-f'],
  ['eusc-de-east-1', 'aws-eusc'],
  [undefined, 'aws'],
]
for (const [region, partition] of rows) {
  t.test(`${region ?? 'no region'} is in ${partition}`, (t) => {
    t.equal(partitionOf(region), partition)
    t.end()
  })
}
