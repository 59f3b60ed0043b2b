// The mutations of `make mutate-stations`, as data: for each station at least one way in which it
// lets everything pass. Texts are those of the compiled files, which keep the sources' spelling.

import type { Mutation } from './mutate/mutation.ts'

/** The chain of docs/ARCHITECTURE.md, with the guards beside it; none may be without a mutation. */
export const STATIONS: readonly string[] = []

export const MUTATIONS: readonly Mutation[] = []
