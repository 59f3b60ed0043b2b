// The processes that a command started, found by their process group: whoever is left there when
// the command is over was not ended by it.

import { readdirSync, readFileSync } from 'node:fs'

/** Ends all of the group. */
export function killGroup(id: number): void {
  try {
    process.kill(-id, 'SIGKILL')
  } catch (error) {
    if (!isGone(error)) throw error
  }
}

/** True while a process of the group runs. One that has ended and waits to be reaped does not. */
export function isGroupAlive(id: number): boolean {
  try {
    process.kill(-id, 0)
  } catch (error) {
    if (isGone(error)) return false
    throw error
  }
  return process.platform !== 'linux' || runningMembers(id)
}

function runningMembers(id: number): boolean {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .some((name) => {
      const [state, , group] = statusFields(name)
      return group === String(id) && state !== 'Z' && state !== 'X'
    })
}

/** The fields of /proc/<pid>/stat behind the command name, which may itself hold blanks: proc(5). */
function statusFields(pid: string): readonly string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return [] // it ended between the listing and now
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ESRCH'
}
