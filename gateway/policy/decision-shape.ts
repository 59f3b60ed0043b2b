// Readers for the parts of a decision document. They throw `DecisionShapeError` for anything but
// the exact form, which `policy/decision.ts` turns into a denial.

export class DecisionShapeError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'DecisionShapeError'
  }
}

/** The members of a plain object that has no others than `allowed`. */
export function recordOf(
  value: unknown,
  what: string,
  allowed?: ReadonlySet<string>,
): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new DecisionShapeError(`${what} is not an object`)
  }
  const members = new Map<string, unknown>(Object.entries(value))
  const unknown = [...members.keys()].find((key) => allowed !== undefined && !allowed.has(key))
  if (unknown !== undefined) {
    throw new DecisionShapeError(`${what} has an unknown member ${JSON.stringify(unknown)}`)
  }
  return members
}

export function listOf(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new DecisionShapeError(`${what} is not a list`)
}

/** A set or an array of texts, sorted and without duplicates; an absent one is empty. */
export function distinctTexts(
  value: unknown,
  what: string,
  most: number,
  isValid: (text: string) => boolean,
): readonly string[] {
  if (value === undefined) return []
  const texts = listOf(value, what).map((text) => {
    if (typeof text === 'string' && isValid(text)) return text
    throw new DecisionShapeError(`${what} holds something else than it may`)
  })
  const distinct = [...new Set(texts)].sort()
  if (distinct.length > most) {
    throw new DecisionShapeError(`${what} holds more than ${String(most)}`)
  }
  return Object.freeze(distinct)
}
