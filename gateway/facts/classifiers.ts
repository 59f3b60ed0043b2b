// Every service that has facts. A new one is a line here.

import { s3Classifier } from './aws/s3/s3-classifier.ts'
import type { Classifier } from './classifier.ts'
import { bigQueryClassifier } from './gcp/bigquery/bigquery-classifier.ts'

/** By `Route.service`, which names provider and service id in one word. */
export const CLASSIFIERS: ReadonlyMap<string, Classifier> = new Map([
  ['aws_s3', s3Classifier],
  ['gcp_bigquery', bigQueryClassifier],
])
