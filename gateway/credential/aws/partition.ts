// Which STS host a region has (botocore partitions.json). The host is built from this table and a
// region that was checked, never from request text.

const REGION = /^[a-z]{2,}(?:-[a-z]+)+-[0-9]+$/

/** Partition of the role's ARN → DNS suffix of its endpoints. */
const DNS_SUFFIXES: ReadonlyMap<string, string> = new Map([
  ['aws', 'amazonaws.com'],
  ['aws-cn', 'amazonaws.com.cn'],
  ['aws-us-gov', 'amazonaws.com'],
  ['aws-eusc', 'amazonaws.eu'],
  ['aws-iso', 'c2s.ic.gov'],
  ['aws-iso-b', 'sc2s.sgov.gov'],
  ['aws-iso-e', 'cloud.adc-e.uk'],
  ['aws-iso-f', 'csp.hci.ic.gov'],
])

export function isAwsRegion(region: string): boolean {
  return REGION.test(region)
}

/** `https://sts.eu-west-1.amazonaws.com`; undefined for a partition that is not known. */
export function stsOrigin(partition: string, region: string): string | undefined {
  const suffix = DNS_SUFFIXES.get(partition)
  return suffix === undefined ? undefined : `https://sts.${region}.${suffix}`
}
