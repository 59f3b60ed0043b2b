import { createServer } from 'node:net'
import t from 'tap'

t.ok(true, 'asserts')
createServer().listen(0, '127.0.0.1')
