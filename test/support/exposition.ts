// A reader of the Prometheus text format 0.0.4, strict: one HELP and TYPE before the samples of a
// name, label values quoted, a number at the end.

export interface Exposition {
  readonly types: ReadonlyMap<string, string>
  /** `name{label="value",…}` with the labels in the order given → value. */
  readonly samples: ReadonlyMap<string, number>
}

const SAMPLE = /^([a-z_][a-z0-9_]*)(\{[a-z_]+="[^"\\\n]*"(?:,[a-z_]+="[^"\\\n]*")*\})? (\S+)$/

export function parseExposition(text: string): Exposition {
  if (!text.endsWith('\n')) throw new Error('no newline at the end')
  const types = new Map<string, string>()
  const samples = new Map<string, number>()
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ')) continue
    const type = /^# TYPE (\S+) (\S+)$/.exec(line)
    if (type !== null) {
      types.set(type[1] ?? '', type[2] ?? '')
      continue
    }
    const sample = SAMPLE.exec(line)
    if (sample === null) throw new Error(`no sample: ${line}`)
    const [, name = '', labels = '', value = ''] = sample
    const family = name.replace(/_(?:bucket|sum|count)$/, '')
    if (!types.has(name) && types.get(family) !== 'histogram') throw new Error(`no TYPE: ${line}`)
    const number = value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value)
    if (Number.isNaN(number)) throw new Error(`no number: ${line}`)
    if (samples.has(name + labels)) throw new Error(`twice: ${line}`)
    samples.set(name + labels, number)
  }
  return { types, samples }
}
