import { spawn } from 'node:child_process'
import t from 'tap'

const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
child.unref()
t.ok(true, 'asserts')
