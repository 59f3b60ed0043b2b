// ARNs of roles and of assumed roles (IAM User Guide, "IAM ARNs").

/** IAM: role names and paths of `\w+=,.@-` and slashes; the whole ARN has 20 to 2048 characters. */
const ROLE = /^arn:(aws[a-z-]*):iam::([0-9]{12}):role\/(?:[\w+=,.@-]+\/)*([\w+=,.@-]{1,64})$/
const ASSUMED = /^arn:(aws[a-z-]*):sts::([0-9]{12}):assumed-role\/([\w+=,.@-]+)\/([\w+=,.@-]+)$/
const MAX_LENGTH = 2048

export interface RoleArn {
  readonly partition: string
  readonly account: string
}

export function parseRoleArn(arn: string): RoleArn | undefined {
  return arn.length > MAX_LENGTH ? undefined : parse(ROLE, arn)
}

export function parseAssumedRoleArn(arn: string): RoleArn | undefined {
  return arn.length > MAX_LENGTH ? undefined : parse(ASSUMED, arn)
}

function parse(pattern: RegExp, arn: string): RoleArn | undefined {
  const [, partition, account] = pattern.exec(arn) ?? []
  return partition === undefined || account === undefined ? undefined : { partition, account }
}
