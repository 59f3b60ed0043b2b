// The partition of a region: the second part of every ARN. From botocore's partitions.json
// (`regionRegex` of each partition); everything else is the standard partition.

const BY_PREFIX: readonly (readonly [prefix: string, partition: string])[] = [
  ['cn-', 'aws-cn'],
  ['us-gov-', 'aws-us-gov'],
  ['us-iso-', 'aws-iso'],
  ['us-isob-', 'aws-iso-b'],
  ['eu-isoe-', 'aws-iso-e'],
  ['us-isof-', 'aws-iso-f'],
  ['eusc-', 'aws-eusc'],
]

export function partitionOf(region: string | undefined): string {
  if (region !== undefined) {
    for (const [prefix, partition] of BY_PREFIX) if (region.startsWith(prefix)) return partition
  }
  return 'aws'
}
